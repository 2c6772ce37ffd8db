#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The HTTP paths and the verbs against a real running word count, with curl and jq.
#
#   running_job_test.sh WORD_COUNT     prints what it checks; exit code 77: curl or jq is missing, which is printed
word_count=$1
source "$(dirname "${BASH_SOURCE[0]}")/../support/real_job.sh"
need curl jq
export WEIR_LOG=info

# answers EXPRESSION PATH: jq finds this true of the answer.
answers() { curl -sS --max-time 60 "$base$2" | jq -e "$1"; }
# status_of CODE CURL-ARGUMENTS...: the answer has this status.
status_of() {
  local code=$1 got
  shift
  got=$(curl -sS --max-time 60 -o /dev/null -w '%{http_code}' "$@")
  [[ "$got" == "$code" ]] || { echo "expected status $code, got $got: $*"; return 1; }
}
# exits CODE COMMAND...
exits() {
  local code=$1 got=0
  shift
  "$@" || got=$?
  [[ "$got" == "$code" ]] || { echo "expected exit code $code, got $got: $*"; return 1; }
}
verb() { "$word_count" "$1" -D state.dir="$here/state" "${@:2}"; }
start() {
  "$word_count" run --input generate:4000000000 --output none -D state.dir="$here/state" -D rest.port=0 \
    -D execution.checkpointing.interval="100 ms" -D parallelism.default=2 -D weir.injection.enabled=true "$@" \
    2>> "$here/log" > /dev/null &
  job=$!
  # After kill -9 the file of the process before is still there.
  eventually jq -e ".process == $job" "$here/state/http-address" || fail "the job does not say where it answers"
  base="http://127.0.0.1:$(jq .port "$here/state/http-address")"
  jobs="/jobs/$(curl -sS "$base/jobs" | jq -r '.jobs[0].id')"
}
changed=(-H "X-Weir-Request: 1")

check "no job: exit code 5, in words" exits 5 verb status
start
check "jobs" answers '.jobs[0].status == "RUNNING"' /jobs
check "below /v1" answers '.jobs[0].status == "RUNNING"' /v1/jobs
check "overview" answers '.["jobs-running"] == 1' /overview
check "checkpoints complete" eventually answers '.counts.completed > 1' "$jobs/checkpoints"
check "records flow" eventually answers '[.vertices[].metrics["write-records"]] | add > 0' "$jobs"
check "plan" answers '.plan.nodes | length == 2' "$jobs/plan"
vertex=$(curl -sS "$base$jobs" | jq -r '.vertices[0].id')
last=$(curl -sS "$base$jobs/checkpoints" | jq '.latest.completed.id')
for path in /overview /config /jobs /jobs/overview /jobs/metrics /jobmanager/{config,metrics} /taskmanagers{,/metrics} "$jobs" \
  "$jobs"/{status,plan,config,exceptions,checkpoints,checkpoints/config,metrics,summary} \
  "$jobs/vertices/$vertex"{,/backpressure,/watermarks,/metrics,/subtasks/metrics,/subtasks/1/metrics}; do
  check "JSON of $path" answers 'type == "object" or type == "array"' "$path"
done
check "a checkpoint in detail" eventually answers '.num_acknowledged_subtasks == 4' \
  "$jobs/checkpoints/details/$(curl -sS "$base$jobs/checkpoints" | jq '.latest.completed.id')"
check "busy, idle and back-pressured add up to a second" eventually answers \
  '[.[].value | tonumber] | add | . > 990 and . < 1010' \
  "$jobs/vertices/$vertex/subtasks/0/metrics?get=busyTimeMsPerSecond,idleTimeMsPerSecond,backPressuredTimeMsPerSecond"
check "Prometheus text" bash -c "curl -sS $base/metrics | grep -q '^flink_jobmanager_job_numRestarts{'"

check "unknown path" status_of 404 "$base/nothing"
check "wrong method" status_of 405 "${changed[@]}" -X DELETE "$base$jobs"
check "a change without the header" status_of 403 -X PATCH "$base$jobs?mode=cancel"
check "another origin" status_of 403 -H "Origin: http://evil.example" "$base/overview"
check "a foreign host" status_of 403 -H "Host: evil.example" "$base/overview"
check "a body that is too large" status_of 413 "${changed[@]}" -X POST --data-binary "@$word_count" "$base$jobs/stop"
check "a body that is no JSON" status_of 400 "${changed[@]}" -d '{' "$base$jobs/stop"
check "an unknown task" status_of 400 "${changed[@]}" -d '{"task": "nobody/7"}' "$base$jobs/crash"
check "the job runs on" answers '.status == "RUNNING"' "$jobs/status"

check "status" verb status --why
check "status --json" bash -c "$word_count status --json --at ${base#http://} | jq -e '.state == \"RUNNING\"'"
check "checkpoints" verb checkpoints
check "checkpoint, now" verb checkpoint
check "a checkpoint that was triggered is newer" answers ".latest.completed.id > $last" "$jobs/checkpoints"
check "exceptions: none" grep -q "no exceptions" <(verb exceptions)
check "crash" verb crash "count -> out/1"
check "it restarted" eventually answers '.restarts == 1 and .state == "RUNNING"' "$jobs/summary"
check "exceptions" eventually bash -c "$word_count exceptions --at ${base#http://} | grep -q 'went back to checkpoint'"
check "a fault, injected into the running job" verb crash "throw task=count/0"
check "it restarted again" eventually answers '.restarts == 2 and .state == "RUNNING"' "$jobs/summary"
check "a fault that cannot be read" exits 2 verb crash "explode task=count/0"
check "crash, unknown" exits 2 verb crash nobody/7
check "an address where nobody is" exits 5 verb status --at 127.0.0.1:1
check "an address that is none" exits 2 verb status --at nonsense

check "stop" verb stop
check "its process ended in order" wait "$job"
check "its file is gone" test ! -e "$here/state/http-address"
check "after the end: exit code 5" exits 5 verb status

start --fresh
check "other jobs are named" bash -c "$word_count status -D state.dir=$here/elsewhere 2>&1 | grep -qF '$here/state (127.0.0.1:'"
check "checkpoints complete in it" eventually answers '.counts.completed > 1' "$jobs/checkpoints"
# why: the answer of status --why has such a line.
why() { "$word_count" status --why --at "${base#http://}" | grep -q -- "$1"; }
check "a task is made slow" verb crash "slow for=200ms task=count/1 chance=1"
check "status --why names it, and who waits for it" eventually \
  why 'count -> out/1 is slow: busy .* waits* for its credit (8 of 8 batches from lines -> split/'
check "a source hangs" verb crash "hang task=lines/1"
check "status --why names it, and who waits for its marker" eventually \
  why 'waits for the marker of lines -> split/1.*; lines -> split/1 has been at work for'
kill -KILL "$job"
wait "$job" 2> /dev/null || true
check "after kill -9 the file stays" test -e "$here/state/http-address"
check "after kill -9: exit code 5, in words" bash -c "$word_count status -D state.dir=$here/state 2>&1 | grep -q 'has ended without'"
check "exit code" exits 5 verb status
start
check "started again it answers" eventually answers '.counts.restored == 1' "$jobs/checkpoints"
check "cancel" verb cancel
check "its process ended" wait "$job"
echo "all passed"
