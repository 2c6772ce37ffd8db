# SPDX-License-Identifier: Apache-2.0
# What the tests that look at real jobs from outside share; to be sourced. Makes the directory $here, which goes at the
# end, as do the processes begun in the background. Jobs write their logs to $here/*log.
set -euo pipefail

here=$(mktemp -d "${TMPDIR:-/tmp}/weir-test-XXXXXX")
clean_up() {
  local child
  for child in $(jobs -p); do kill -KILL "$child" 2> /dev/null || true; done
  wait 2> /dev/null || true
  rm -rf "$here"
}
trap clean_up EXIT

# need TOOL...: skips the test when one is missing, and says so.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" > /dev/null || { echo "skipped: $tool is not installed"; exit 77; }
  done
}
fail() {
  echo "FAILED: $1"
  cat "$here"/*log >&2 || true
  exit 1
}
# check WHAT COMMAND...: the command succeeds.
check() {
  local what=$1
  shift
  "$@" > "$here/out" 2>&1 || { cat "$here/out"; fail "$what"; }
  echo "passed: $what"
}
# eventually COMMAND...: within a minute.
eventually() {
  for _ in {1..600}; do
    if "$@" > /dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  "$@"
}
