// SPDX-License-Identifier: Apache-2.0
// The shapes of Flink's documents (1.20), as its REST reference gives them, with types; see json_shape.hpp. A field
// with + is weir's own, or one that Flink has and the reference leaves out.
//
// Owner:      constant data.
#pragma once

#include <map>
#include <string>

namespace weir::rest {

inline const std::map<std::string, std::string> reference_shapes = {
    {"IO",
     "{read-bytes, read-bytes-complete: b, write-bytes, write-bytes-complete: b, read-records,"
     " read-records-complete: b, write-records, write-records-complete: b,"
     " accumulated-backpressured-time, accumulated-idle-time, accumulated-busy-time}"},
    {"STATS", "{min, max, avg, p50, p90, p95, p99, p999}"},
    {"/overview",
     "{taskmanagers, taskmanagers-blocked, slots-total, slots-available,"
     " slots-free-and-blocked, jobs-running, jobs-finished, jobs-cancelled, jobs-failed,"
     " flink-version: s, flink-commit: s}"},
    {"/config",
     "{refresh-interval, timezone-name: s, timezone-offset, flink-version: s, flink-revision:"
     " s, features{web-submit: b, web-cancel: b, web-rescale: b, web-history: b}}"},
    {"/jobs", "{jobs[{id: s, status: s}]}"},
    {"/jobs/overview",
     "{jobs[{jid: s, name: s, state: s, start-time, end-time, duration, last-modification,"
     " tasks{<state>: n}}]}"},
    {"/jobs/:jobid",
     "{jid: s, name: s, isStoppable: b, state: s, job-type: s, start-time, end-time, duration,"
     " maxParallelism, now, timestamps{<state>: n}, status-counts{<state>: n}, plan: PLAN,"
     " vertices[{id: s, slotSharingGroupId: s, name: s, maxParallelism, parallelism, status: s,"
     " start-time, end-time, duration, tasks{<state>: n}, metrics: IO}]}"},
    {"PLAN", "{jid: s, name: s, type: s, nodes[NODE]}"},
    {"NODE",
     "{id: s, parallelism, operator: s, operator_strategy: s, description: s,"
     " optimizer_properties{..}, inputs[..]}"},
    {"INPUT", "{num, id: s, ship_strategy: s, local_strategy: s, caching: s, exchange: s}"},
    {"/jobs/:jobid/status", "{status: s}"},
    {"/jobs/:jobid/plan", "{plan: PLAN}"},
    {"/jobs/:jobid/config",
     "{jid: s, name: s, execution-config{restart-strategy: s, job-parallelism,"
     " object-reuse-mode: b, user-config{..}}}"},
    {"/jobs/:jobid/exceptions",
     "{exceptionHistory{truncated: b, entries[{exceptionName: s, stacktrace: s, timestamp,"
     " failureLabels{..}, taskName: s?, endpoint: s, taskManagerId: s,"
     " concurrentExceptions[..], +record: s?, +restoredCheckpoint: n?, +untilRunning}]},"
     " root-exception: s?, timestamp: n?, truncated: b, all-exceptions[..]}"},
    {"/jobs/:jobid/checkpoints",
     "{counts{restored, total, in_progress, completed, failed}, summary{checkpointed_size:"
     " STATS, state_size: STATS, end_to_end_duration: STATS, alignment_buffered: STATS,"
     " processed_data: STATS, persisted_data: STATS}, history[..], latest{completed: COMPLETED,"
     " savepoint: n?, failed: FAILED, restored{id, restore_timestamp, is_savepoint: b,"
     " external_path: s}}}"},
    {"TASK",
     "{id, status: s, latest_ack_timestamp, checkpointed_size, state_size,"
     " end_to_end_duration, alignment_buffered, processed_data, persisted_data, num_subtasks,"
     " num_acknowledged_subtasks}"},
    {"PENDING",
     "{className: s, id, status: s, is_savepoint: b, savepointFormat: s?, checkpoint_type: s,"
     " trigger_timestamp, latest_ack_timestamp, checkpointed_size, state_size,"
     " end_to_end_duration, alignment_buffered, processed_data, persisted_data, num_subtasks,"
     " num_acknowledged_subtasks, tasks{<vertex>: TASK}}"},
    {"COMPLETED",
     "{className: s, id, status: s, is_savepoint: b, savepointFormat: s?, checkpoint_type: s,"
     " trigger_timestamp, latest_ack_timestamp, checkpointed_size, state_size,"
     " end_to_end_duration, alignment_buffered, processed_data, persisted_data, num_subtasks,"
     " num_acknowledged_subtasks, tasks{<vertex>: TASK}, external_path: s, discarded: b}"},
    {"FAILED",
     "{className: s, id, status: s, is_savepoint: b, savepointFormat: s?, checkpoint_type: s,"
     " trigger_timestamp, latest_ack_timestamp, checkpointed_size, state_size,"
     " end_to_end_duration, alignment_buffered, processed_data, persisted_data, num_subtasks,"
     " num_acknowledged_subtasks, tasks{<vertex>: TASK}, failure_timestamp, failure_message: s}"},
    {"/jobs/:jobid/checkpoints/details/:checkpointid", "COMPLETED"},
    {"ALIGNMENT", "{buffered, processed, persisted, duration}"},
    {"ALIGNMENT_STATS", "{buffered: STATS, processed: STATS, persisted: STATS, duration: STATS}"},
    {"/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid",
     "{id, status: s, latest_ack_timestamp, checkpointed_size, state_size,"
     " end_to_end_duration, alignment_buffered, processed_data, persisted_data, num_subtasks,"
     " num_acknowledged_subtasks, subtasks[{index, status: s, ack_timestamp,"
     " end_to_end_duration, checkpointed_size, state_size, checkpoint{sync, async}, alignment:"
     " ALIGNMENT, start_delay, unaligned_checkpoint: b, aborted: b}], summary{state_size:"
     " STATS, checkpointed_size: STATS, end_to_end_duration: STATS, checkpoint_duration{sync:"
     " STATS, async: STATS}, alignment: ALIGNMENT_STATS, start_delay: STATS}}"},
    {"/jobs/:jobid/checkpoints/config",
     "{mode: s, interval, timeout, min_pause, max_concurrent, externalization{enabled: b,"
     " delete_on_cancellation: b}, state_backend: s, checkpoint_storage: s,"
     " unaligned_checkpoints: b, tolerable_failed_checkpoints, aligned_checkpoint_timeout,"
     " checkpoints_after_tasks_finish: b, state_changelog_enabled: b}"},
    {"/jobs/:jobid/vertices/:vertexid",
     "{id: s, name: s, parallelism, maxParallelism, now, aggregated{..}, subtasks[{subtask,"
     " status: s, attempt, endpoint: s, start-time, end-time, duration, taskmanager-id: s,"
     " status-duration{<state>: n}, metrics: IO}]}"},
    {"/jobs/:jobid/vertices/:vertexid/backpressure",
     "{status: s, backpressureLevel: s, end-timestamp, subtasks[{subtask, attempt-number,"
     " backpressureLevel: s, ratio, idleRatio, busyRatio}]}"},
    {"/jobs/:jobid/vertices/:vertexid/watermarks", "[{id: s, value: s}]"},
    {"RESOURCE",
     "{cpuCores, taskHeapMemory, taskOffHeapMemory, managedMemory, networkMemory,"
     " extendedResources{..}}"},
    {"HARDWARE", "{cpuCores, physicalMemory, freeMemory, +managedMemory}"},
    {"/taskmanagers",
     "{taskmanagers[{id: s, path: s, dataPort, +jmxPort, timeSinceLastHeartbeat, slotsNumber,"
     " freeSlots, totalResource: RESOURCE, freeResource: RESOURCE, hardware: HARDWARE}]}"},
    {"/taskmanagers/:taskmanagerid",
     "{id: s, path: s, dataPort, +jmxPort, timeSinceLastHeartbeat, slotsNumber, freeSlots,"
     " totalResource: RESOURCE, freeResource: RESOURCE, hardware: HARDWARE,"
     " allocatedSlots[{jobId: s, resource: RESOURCE}], metrics{..}}"},
    {"/jobmanager/config", "[{key: s, value: s}]"},
    {"/jobs/:jobid/metrics", "[{id: s}]"},
    {"/jobmanager/metrics", "[{id: s}]"},
    {"/jobs/metrics", "[{id: s}]"},
    {"/taskmanagers/metrics", "[{id: s}]"},
    {"/taskmanagers/:taskmanagerid/metrics", "[{id: s}]"},
    {"/jobs/:jobid/vertices/:vertexid/metrics", "[{id: s}]"},
    {"/jobs/:jobid/vertices/:vertexid/subtasks/metrics", "[{id: s}]"},
    {"/jobs/:jobid/vertices/:vertexid/subtasks/0/metrics", "[{id: s}]"},
    {"VALUES", "[{id: s, value: s}]"},
    {"AGGREGATED", "[{id: s, min, max, sum, avg, skew}]"},
    {"TRIGGERED", "{request-id: s}"},
    {"IN_PROGRESS", "{status{id: s}}"},
    {"TRIGGER_COMPLETED", "{status{id: s}, operation{checkpointId}}"},
    {"CHECKPOINT_FAILED", "{status{id: s}, operation{failureCause{class: s, stack-trace: s}}}"},
    {"STOP_FAILED", "{status{id: s}, operation{failure-cause{class: s, stack-trace: s}}}"},
};

}  // namespace weir::rest
