#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The verbs where there are two jobs, and where a job ends while a verb waits for it.
#
#   several_jobs_test.sh WORD_COUNT     prints what it checks; exit code 77: curl or jq is missing, which is printed
word_count=$1
source "$(dirname "${BASH_SOURCE[0]}")/../support/real_job.sh"
need curl jq
declare -A jobs=()
cd "$here"
export WEIR_LOG=info

# says CODE TEXT COMMAND...: it ends with this code, and its words have this text.
says() {
  local code=$1 text=$2 got=0
  shift 2
  "$@" > said 2>&1 || got=$?
  cat said
  [[ "$got" == "$code" ]] || { echo "expected exit code $code, got $got: $*"; return 1; }
  grep -qF -- "$text" said || { echo "expected: $text"; return 1; }
}
# start NAME OPTION...: a job with the state directory jobs/NAME.
start() {
  "$word_count" run --input generate:4000000000 --output none -D state.dir="jobs/$1" -D rest.port=0 \
    -D pipeline.name="$1" -D execution.checkpointing.interval=0 \
    -D restart-strategy.type=exponential-delay -D weir.injection.enabled=true "${@:2}" \
    2>> "$1.log" > /dev/null &
  jobs[$1]=$!
  eventually jq -e ".process == ${jobs[$1]}" "jobs/$1/http-address" || fail "job $1 does not answer"
}
verb() { "$word_count" "$2" -D state.dir="jobs/$1" "${@:3}"; }
# json OF EXPRESSION COMMAND...: what it prints is JSON, of which jq finds this true.
json() { "${@:2}" | jq -e "$1"; }

start red
start blue -D "weir.injection.plan=slow phase=draining for=1h times=1" -D web.cancel.enable=false

check "a directory without a job: both jobs are named" says 5 "jobs/red (127.0.0.1:" verb green status
check "the other one, too" grep -qF "jobs/blue (127.0.0.1:" said
check "each directory has its own job" says 0 "red: RUNNING" verb red status
check "also the other" says 0 "blue: RUNNING" verb blue status
check "status --json" json '.name == "blue"' verb blue status --json
check "checkpoints --json" json '.counts.completed == 0' verb red checkpoints --json
check "checkpoint --json" json '.checkpoint > 0' verb red checkpoint --json
check "crash --json" json '. == {"crashed": "count/0"}' verb red crash count/0 --json
check "a fault, --json" json '.injected == "throw task=count/0 epoch=9"' verb red crash "throw task=count/0 epoch=9" --json
check "exceptions --json" eventually json '.exceptionHistory.entries | length == 1' verb red exceptions --json
check "a job that may not be cancelled says so" says 2 "web.cancel.enable = false" verb blue cancel
check "a state directory that is in use" says 3 "is in use by process ${jobs[red]}" \
  "$word_count" run --input generate:1 --output none -D state.dir=jobs/red -D pipeline.name=red -D rest.port=-1

verb blue checkpoint > waited 2>&1 &
waiting=$!
in_progress() { json '.counts.in_progress == 1' verb blue checkpoints --json; }
check "a checkpoint that takes its time" eventually in_progress
kill -KILL "${jobs[blue]}"
got=0
wait "$waiting" || got=$?
check "a job that is killed while a verb waits for it: exit code 5" test "$got" == 5
check "and words" grep -qF "does not answer: it has ended" waited
wait "${jobs[blue]}" 2> /dev/null || true
unset "jobs[blue]"
check "what it left behind is no job" says 5 "process" verb blue status

check "cancel --json" json '.state == "CANCELED"' verb red cancel --json
check "its process ended in order" wait "${jobs[red]}"
unset "jobs[red]"
start red
check "stop --json" json '.checkpoint > 0' verb red stop --json
check "its process ended in order, too" wait "${jobs[red]}"
unset "jobs[red]"
check "where no job is: exit code 5" says 5 "no job runs with the state directory jobs/red" verb red stop
echo "all passed"
