#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prometheus scrapes a running word count, and knows its metrics afterwards.
#
#   prometheus_scrape_test.sh WORD_COUNT     exit code 77: prometheus, curl or jq is missing, which is printed
word_count=$1
source "$(dirname "${BASH_SOURCE[0]}")/../support/real_job.sh"
need prometheus curl jq

"$word_count" run --input generate:4000000000 --output none -D state.dir="$here/state" -D rest.port=0 \
  -D parallelism.default=2 2> "$here/log" > /dev/null &
eventually test -s "$here/state/http-address" || fail "the job does not say where it answers"
target="127.0.0.1:$(jq .port "$here/state/http-address")"

cat > "$here/prometheus.yml" << YAML
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: weir
    static_configs: [{targets: ["$target"]}]
YAML
# Prometheus takes no free port by itself.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
prometheus --config.file="$here/prometheus.yml" --storage.tsdb.path="$here/data" \
  --web.listen-address="127.0.0.1:$port" > "$here/prometheus.log" 2>&1 &

# knows QUERY: Prometheus has an answer to it.
knows() {
  curl -sS --max-time 10 --get "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" |
    jq -e '.data.result | length > 0'
}
for query in 'up{job="weir"} == 1' 'flink_jobmanager_job_numberOfCompletedCheckpoints >= 1' \
  'sum by (task_name) (flink_taskmanager_job_task_numRecordsOut) > 0' \
  'flink_taskmanager_job_task_operator_numRecordsIn{operator_name="count", subtask_index="1"} > 0'; do
  eventually knows "$query" || fail "Prometheus does not know $query"
  echo "passed: $query"
done
