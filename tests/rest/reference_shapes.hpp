// SPDX-License-Identifier: Apache-2.0
// The shapes of Flink's documents (1.20), as its REST reference gives them: field names only; see json_shape.hpp. A field
// with + is weir's own, or one that Flink has and the reference leaves out.
//
// Owner:      constant data.
#pragma once

#include <map>
#include <string>

namespace weir::rest {

inline const std::map<std::string, std::string> reference_shapes = {
    {"IO",
     "{read-bytes, read-bytes-complete, write-bytes, write-bytes-complete, read-records, "
     "read-records-complete,"
     " write-records, write-records-complete, accumulated-backpressured-time, "
     "accumulated-idle-time,"
     " accumulated-busy-time}"},
    {"STATS", "{min, max, avg, p50, p90, p95, p99, p999}"},
    {"/overview",
     "{taskmanagers, taskmanagers-blocked, slots-total, slots-available, slots-free-and-blocked, "
     "jobs-running,"
     " jobs-finished, jobs-cancelled, jobs-failed, flink-version, flink-commit}"},
    {"/config",
     "{refresh-interval, timezone-name, timezone-offset, flink-version, flink-revision,"
     " features{web-submit, web-cancel, web-rescale, web-history}}"},
    {"/jobs", "{jobs[{id, status}]}"},
    {"/jobs/overview",
     "{jobs[{jid, name, state, start-time, end-time, duration, last-modification, tasks{<state>: "
     "n}}]}"},
    {"/jobs/:jobid",
     "{jid, name, isStoppable, state, job-type, start-time, end-time, duration, maxParallelism, "
     "now,"
     " timestamps{<state>: n}, status-counts{<state>: n}, plan: PLAN,"
     " vertices[{id, slotSharingGroupId, name, maxParallelism, parallelism, status, start-time, "
     "end-time, duration,"
     " tasks{<state>: n}, metrics: IO}]}"},
    {"PLAN", "{jid, name, type, nodes[NODE]}"},
    {"NODE",
     "{id, parallelism, operator, operator_strategy, description, optimizer_properties, "
     "inputs[..]}"},
    {"INPUT", "{num, id, ship_strategy, local_strategy, caching, exchange}"},
    {"/jobs/:jobid/status", "{status}"},
    {"/jobs/:jobid/plan", "{plan: PLAN}"},
    {"/jobs/:jobid/config",
     "{jid, name, execution-config{restart-strategy, job-parallelism, object-reuse-mode, "
     "user-config}}"},
    {"/jobs/:jobid/exceptions",
     "{exceptionHistory{truncated, entries[{exceptionName, stacktrace, timestamp, failureLabels, "
     "taskName, endpoint,"
     " taskManagerId, concurrentExceptions[..], +record, +restoredCheckpoint, +untilRunning}]},"
     " root-exception, timestamp, truncated, all-exceptions[..]}"},
    {"/jobs/:jobid/checkpoints",
     "{counts{restored, total, in_progress, completed, failed}, summary{checkpointed_size: STATS, "
     "state_size: STATS,"
     " end_to_end_duration: STATS, alignment_buffered: STATS, processed_data: STATS, "
     "persisted_data: STATS},"
     " history[..], latest{completed: COMPLETED, savepoint, failed: FAILED,"
     " restored{id, restore_timestamp, is_savepoint, external_path}}}"},
    {"TASK",
     "{id, status, latest_ack_timestamp, checkpointed_size, state_size, end_to_end_duration, "
     "alignment_buffered,"
     " processed_data, persisted_data, num_subtasks, num_acknowledged_subtasks}"},
    {"PENDING",
     "{className, id, status, is_savepoint, savepointFormat, checkpoint_type, trigger_timestamp,"
     " latest_ack_timestamp, checkpointed_size, state_size, end_to_end_duration, "
     "alignment_buffered, processed_data,"
     " persisted_data, num_subtasks, num_acknowledged_subtasks, tasks{<vertex>: TASK}}"},
    {"COMPLETED",
     "{className, id, status, is_savepoint, savepointFormat, checkpoint_type, trigger_timestamp,"
     " latest_ack_timestamp, checkpointed_size, state_size, end_to_end_duration, "
     "alignment_buffered, processed_data,"
     " persisted_data, num_subtasks, num_acknowledged_subtasks, tasks{<vertex>: TASK}, "
     "external_path, discarded}"},
    {"FAILED",
     "{className, id, status, is_savepoint, savepointFormat, checkpoint_type, trigger_timestamp,"
     " latest_ack_timestamp, checkpointed_size, state_size, end_to_end_duration, "
     "alignment_buffered, processed_data,"
     " persisted_data, num_subtasks, num_acknowledged_subtasks, tasks{<vertex>: TASK}, "
     "failure_timestamp,"
     " failure_message}"},
    {"ALIGNMENT", "{buffered, processed, persisted, duration}"},
    {"ALIGNMENT_STATS", "{buffered: STATS, processed: STATS, persisted: STATS, duration: STATS}"},
    {"/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid",
     "{id, status, latest_ack_timestamp, checkpointed_size, state_size, end_to_end_duration, "
     "alignment_buffered,"
     " processed_data, persisted_data, num_subtasks, num_acknowledged_subtasks,"
     " subtasks[{index, status, ack_timestamp, end_to_end_duration, checkpointed_size, state_size,"
     " checkpoint{sync, async}, alignment: ALIGNMENT, start_delay, unaligned_checkpoint, aborted}],"
     " summary{state_size: STATS, checkpointed_size: STATS, end_to_end_duration: STATS,"
     " checkpoint_duration{sync: STATS, async: STATS}, alignment: ALIGNMENT_STATS, start_delay: "
     "STATS}}"},
    {"/jobs/:jobid/checkpoints/config",
     "{mode, interval, timeout, min_pause, max_concurrent, externalization{enabled, "
     "delete_on_cancellation},"
     " state_backend, checkpoint_storage, unaligned_checkpoints, tolerable_failed_checkpoints,"
     " aligned_checkpoint_timeout, checkpoints_after_tasks_finish, state_changelog_enabled}"},
    {"/jobs/:jobid/vertices/:vertexid",
     "{id, name, parallelism, maxParallelism, now, aggregated, subtasks[{subtask, status, attempt, "
     "endpoint,"
     " start-time, end-time, duration, taskmanager-id, status-duration{<state>: n}, metrics: "
     "IO}]}"},
    {"/jobs/:jobid/vertices/:vertexid/backpressure",
     "{status, backpressureLevel, end-timestamp,"
     " subtasks[{subtask, attempt-number, backpressureLevel, ratio, idleRatio, busyRatio}]}"},
    {"/jobs/:jobid/vertices/:vertexid/watermarks", "[{id, value}]"},
    {"/taskmanagers",
     "{taskmanagers[{id, path, dataPort, +jmxPort, timeSinceLastHeartbeat, slotsNumber, freeSlots, "
     "totalResource,"
     " freeResource, hardware{cpuCores, physicalMemory, freeMemory, +managedMemory}}]}"},
    {"/jobmanager/config", "[{key, value}]"},
    {"/jobs/:jobid/metrics", "[{id}]"},
    {"/jobmanager/metrics", "[{id}]"},
    {"/jobs/:jobid/vertices/:vertexid/metrics", "[{id}]"},
    {"/jobs/:jobid/vertices/:vertexid/subtasks/metrics", "[{id}]"},
    {"/jobs/:jobid/vertices/:vertexid/subtasks/0/metrics", "[{id}]"},
};

}  // namespace weir::rest
