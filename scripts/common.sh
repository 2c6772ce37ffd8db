# SPDX-License-Identifier: Apache-2.0
# What the scripts share. Source it first: it goes to the root of the project and defines the functions below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# What one clone has compiled, another need not compile again.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros

# say TEXT: what the script does next, or what it found.
say() { printf '\n== %s\n' "$*"; }

# jobs: how many compilers may run at a time. Each may take 1.5 GB, so that memory bounds them beside the cores.
jobs() {
  local cores by_memory
  cores=$(nproc)
  by_memory=$(awk '/^MemAvailable:/ { print int($2 / 1572864) }' /proc/meminfo 2>/dev/null || echo "$cores")
  ((by_memory < 1)) && by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# build DIRECTORY "CMAKE OPTIONS" TARGET...: configures the directory and builds the targets. No options: ""; no target: all.
build() {
  local directory=$1 options=$2
  shift 2
  # shellcheck disable=SC2086  # options are words
  cmake -S . -B "$directory" -G Ninja $options > "$directory.cmake.log" 2>&1 ||
    { cat "$directory.cmake.log" >&2; return 1; }
  rm -f "$directory.cmake.log"
  ninja -C "$directory" -j "$(jobs)" "$@"
}
