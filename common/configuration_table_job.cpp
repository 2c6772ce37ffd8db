// SPDX-License-Identifier: Apache-2.0
// Settings of the job and of its process.
#include "common/configuration_table.hpp"

namespace weir::detail {
namespace {

using enum value_kind;

constexpr configuration_key job[] = {
    {.name = "execution.buffer-timeout.interval",
     .kind = duration,
     .fallback = "1 ms",
     .meaning = "longest time that a record waits for its batch to fill",
     .most = "1 h",
     .old_names = "execution.buffer-timeout"},
    {.name = "execution.buffer-timeout.enabled",
     .kind = boolean,
     .fallback = "true",
     .meaning = "whether that time is bounded at all",
     .no_effect = "it always is; execution.buffer-timeout.interval makes it longer"},
    {.name = "parallelism.default",
     .kind = integer,
     .fallback = "1",
     .meaning = "parallelism of operators that do not set their own",
     .least = "1",
     .most = "1024"},
    {.name = "pipeline.operator-chaining.enabled",
     .kind = boolean,
     .fallback = "true",
     .meaning = "whether operators are fused into one task where that is possible",
     .old_names = "pipeline.operator-chaining"},
    {.name = "pipeline.name",
     .kind = text,
     .fallback = "",
     .meaning = "name of the job; unset: the program's"},
    {.name = "pipeline.max-parallelism",
     .kind = integer,
     .fallback = "-1",
     .meaning = "number of key groups",
     .least = "-1",
     .most = "32768",
     .no_effect = "there are always 32,768 key groups, so that any parallelism fits any state"},
    {.name = "pipeline.auto-watermark-interval",
     .kind = duration,
     .fallback = "200 ms",
     .meaning = "time between two watermarks",
     .most = "365 d",
     .no_effect = "event time is not supported yet"},
    {.name = "pipeline.auto-generate-uids",
     .kind = boolean,
     .fallback = "true",
     .meaning = "whether operators without an id get one",
     .no_effect = "every operator has a name, by which its state is found"},
    {.name = "execution.runtime-mode",
     .kind = choice,
     .fallback = "STREAMING",
     .meaning = "how the job runs",
     .choices = "STREAMING BATCH AUTOMATIC",
     .no_effect = "every job streams; one with bounded input ends with it"},
};

constexpr configuration_key state[] = {
    {.name = "state.dir",
     .kind = text,
     .fallback = "",
     .meaning = "directory of checkpoints and journals; unset: ./weir-state/<job>"},
    {.name = "state.backend.type",
     .kind = choice,
     .fallback = "hashmap",
     .meaning = "where the state of a running job is kept",
     .choices = "hashmap=memory rocksdb=lmdb forst",
     .old_names = "state.backend",
     .no_effect = "state lives in memory, its checkpoints in LMDB"},
};

constexpr configuration_key process[] = {
    {.name = "guard.restart.attempts",
     .kind = integer,
     .fallback = "10",
     .meaning = "restarts of the process by run --guard, without a quiet time, before it gives up",
     .least = "0",
     .most = "1000000"},
    {.name = "guard.restart.initial-backoff",
     .kind = duration,
     .fallback = "200 ms",
     .meaning =
         "wait before the second restart of the process, doubled each time; the first follows "
         "at once",
     .least = "1 ms",
     .most = "1 d"},
    {.name = "guard.restart.max-backoff",
     .kind = duration,
     .fallback = "10 s",
     .meaning = "longest wait before a restart of the process",
     .least = "1 ms",
     .most = "1 d"},
    {.name = "guard.restart.reset-threshold",
     .kind = duration,
     .fallback = "1 min",
     .meaning = "a process that ran for this long makes the count of restarts and the waits start "
                "anew",
     .least = "1 ms",
     .most = "365 d"},
    {.name = "task.hang.timeout",
     .kind = duration,
     .fallback = "1 min",
     .meaning =
         "a task that holds its thread for longer without finishing a batch hangs: the process "
         "ends with exit code 4",
     .least = "10 ms",
     .most = "365 d",
     .zero_is_off = true},
    {.name = "memory.process.size",
     .kind = size,
     .fallback = "0 b",
     .meaning = "the job fails when the process holds more private memory than this",
     .least = "16 mb",
     .most = "1024 tb",
     .zero_is_off = true},
};

constexpr configuration_key injection[] = {
    {.name = "weir.injection.enabled",
     .kind = boolean,
     .fallback = "false",
     .meaning = "whether faults may be injected: those of weir.injection.plan, and of job::inject"},
    {.name = "weir.injection.plan",
     .kind = text,
     .fallback = "",
     .meaning = "faults to inject, divided by ';' (docs/operating.md)"},
    {.name = "weir.injection.seed",
     .kind = integer,
     .fallback = "",
     .meaning = "of the faults that hit by chance; unset: a new one each time, which is logged",
     .least = "0",
     .most = "9223372036854775807"},
};

}  // namespace

configuration_group job_keys() {
  return {"The job", job};
}
configuration_group state_keys() {
  return {"State", state};
}
configuration_group process_keys() {
  return {"The process", process};
}
configuration_group injection_keys() {
  return {"Fault injection", injection};
}

}  // namespace weir::detail
