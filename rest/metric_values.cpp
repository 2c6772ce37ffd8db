// SPDX-License-Identifier: Apache-2.0
#include "rest/metric_values.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>

#include "dataflow/element.hpp"
#include "rest/observed_facts.hpp"
#include "rest/observed_names.hpp"

namespace weir::rest {
namespace {

std::string text_of(double value) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

class collected_metrics {
 public:
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) void add(std::string_view name, Number value,
                                                 std::string_view help) {
    values_.push_back({name, help, static_cast<double>(value), std::to_string(value)});
  }
  void add(std::string_view name, double value, std::string_view help) {
    values_.push_back({name, help, value, text_of(value)});
  }
  void add(std::string_view name, std::same_as<bool> auto value, std::string_view help) {
    values_.push_back({name, help, value ? 1.0 : 0.0, value ? "true" : "false"});
  }
  void add(std::string_view name, std::string value, std::string_view help) {
    values_.push_back({name, help, 0, std::move(value)});
  }
  metric_values take() { return std::move(values_); }

 private:
  metric_values values_;
};

/// Time in the present state, 0 in any other.
std::int64_t time_in(const job_observation& seen, observed_job_state state) {
  if (seen.state != state) return 0;
  for (const auto& [entered, when] : seen.timestamps) {
    if (entered == state) return std::max<std::int64_t>(seen.now - when, 0);
  }
  return 0;
}

/// Share of the credits of all channels that are in use.
double output_usage(const task_reading& task) {
  std::uint64_t used = 0;
  std::uint64_t all = 0;
  for (const auto& channel : task.outputs) {
    used += channel.in_flight;
    all += channel.credits;
  }
  return all == 0 ? 0 : static_cast<double>(used) / static_cast<double>(all);
}

std::int64_t start_delay_of(const job_observation& seen, task_id task) {
  const auto& latest = seen.checkpoints.latest_completed;
  if (!latest) return 0;
  for (const auto& part : latest->tasks) {
    if (part.task == task) return part.start_delay.count();
  }
  return 0;
}

void add_rates(collected_metrics& to, const task_reading& task) {
  to.add("numRecordsIn", task.records_in, "Records that the task has taken.");
  to.add("numRecordsOut", task.records_out, "Records that the task has sent.");
  to.add("numRecordsInPerSecond", task.records_in_per_second, "Records taken a second.");
  to.add("numRecordsOutPerSecond", task.records_out_per_second, "Records sent a second.");
  to.add("numBytesIn", task.bytes_in, "Bytes that the task has taken.");
  to.add("numBytesOut", task.bytes_out, "Bytes that the task has sent.");
  to.add("numBytesInPerSecond", task.bytes_in_per_second, "Bytes taken a second.");
  to.add("numBytesOutPerSecond", task.bytes_out_per_second, "Bytes sent a second.");
  to.add("numBuffersOut", task.batches_out, "Batches that the task has sent.");
  to.add("numBuffersOutPerSecond", task.batches_out_per_second, "Batches sent a second.");
}

void add_times(collected_metrics& to, const task_reading& task) {
  to.add("isBackPressured",
         task.waits_for == task_wait::credit || task.waits_for == task_wait::lane,
         "Whether the task waits for a receiver, or for its files, at this moment.");
  to.add("idleTimeMsPerSecond", task.idle_ms_per_second, "Time without input a second.");
  to.add("busyTimeMsPerSecond", task.busy_ms_per_second, "Time at work a second.");
  to.add("backPressuredTimeMsPerSecond", task.back_pressured_ms_per_second,
         "Time waiting for receivers or files a second.");
  // A task that waits holds no thread, and goes on taking markers and aborts.
  to.add("softBackPressuredTimeMsPerSecond", task.back_pressured_ms_per_second,
         "Of that, time in which the task could be told something.");
  to.add("hardBackPressuredTimeMsPerSecond", 0, "Of that, time in which it could not.");
}

/// Share of what its senders may have under way that has arrived.
double input_usage(const plan& physical, const task_reading& task) {
  const auto most = input_channels(physical, task.task).size() * channel_credits;
  return most == 0 ? 0 : std::min(1.0, task.queued_batches / static_cast<double>(most));
}

/// Of an attempt that runs.
std::int64_t initialization_time(const task_reading& task) {
  if (task.state != observed_task_state::running || task.attempt_began == not_known) {
    return not_known;
  }
  return std::max<std::int64_t>(task.since - task.attempt_began, 0);
}

void add_channels(collected_metrics& to, const plan& physical, const task_reading& task) {
  to.add("Shuffle.Netty.Input.numBytesInLocal", task.bytes_in,
         "Bytes taken from tasks of this process.");
  to.add("Shuffle.Netty.Input.numBytesInRemote", 0, "Bytes taken from other processes.");
  to.add("Shuffle.Netty.Input.Buffers.inputQueueLength", task.queued_batches,
         "Batches that have come and are not processed.");
  to.add("Shuffle.Netty.Input.Buffers.inPoolUsage", input_usage(physical, task),
         "Share of what may be under way to the task that waits there.");
  to.add("Shuffle.Netty.Output.Buffers.outPoolUsage", output_usage(task),
         "Share of the credits that are in use.");
}

}  // namespace

metric_values job_manager_metrics(const job_observation& seen) {
  collected_metrics made;
  const auto slots = slots_of(seen);
  const bool over = is_over(seen.state);
  made.add("numRegisteredTaskManagers", 1, "Processes that run tasks.");
  made.add("numRunningJobs", over ? 0 : 1, "Jobs that run.");
  made.add("taskSlotsAvailable", over ? slots : 0U, "Slots that are free.");
  made.add("taskSlotsTotal", slots, "Slots of all processes.");
  return made.take();
}

metric_values job_metrics(const job_observation& seen) {
  collected_metrics made;
  const auto& of = seen.checkpoints;
  const auto* last = of.latest_completed ? &*of.latest_completed : nullptr;
  const auto or_not_known = [&](auto number) {
    return last == nullptr ? std::int64_t{not_known} : static_cast<std::int64_t>(number(*last));
  };
  made.add("lastCheckpointDuration",
           or_not_known([](const checkpoint_record& c) { return whole_ms(c.duration); }),
           "Duration of the last complete checkpoint in milliseconds.");
  made.add("lastCheckpointSize",
           or_not_known([](const checkpoint_record& c) { return c.written_bytes; }),
           "Bytes that the last complete checkpoint has written.");
  made.add("lastCheckpointFullSize",
           or_not_known([](const checkpoint_record& c) { return c.state_bytes; }),
           "Bytes that the last complete checkpoint refers to.");
  made.add("lastCompletedCheckpointId",
           or_not_known([](const checkpoint_record& c) { return c.epoch.value; }),
           "Id of the last complete checkpoint.");
  made.add("lastCheckpointExternalPath",
           last == nullptr ? std::string("n/a") : seen.identity->state_directory,
           "Where the last complete checkpoint lies.");
  made.add("lastCheckpointRestoreTimestamp", seen.checkpoints.latest_restored_at,
           "When the job was last restored from a checkpoint.");
  const int in_progress = of.in_progress ? 1 : 0;
  made.add("numberOfInProgressCheckpoints", in_progress, "Checkpoints in progress.");
  made.add("numberOfCompletedCheckpoints", of.completed, "Checkpoints that have completed.");
  made.add("numberOfFailedCheckpoints", of.failed, "Checkpoints that have failed.");
  made.add("totalNumberOfCheckpoints",
           of.completed + of.failed + static_cast<std::uint64_t>(in_progress),
           "Checkpoints that were begun.");
  made.add("numRestarts", seen.restarts, "Restarts of the job in this process.");
  made.add("runningTime", time_in(seen, observed_job_state::running),
           "Milliseconds for which the job has been running without failure.");
  made.add("restartingTime", time_in(seen, observed_job_state::restarting),
           "Milliseconds for which the job has been restarting.");
  return made.take();
}

metric_values task_manager_metrics(const job_observation& seen) {
  collected_metrics made;
  made.add("Status.Process.Memory.Resident", seen.memory_bytes, "Resident bytes of the process.");
  return made.take();
}

metric_values task_metrics(const job_observation& seen, const task_reading& task) {
  collected_metrics made;
  add_rates(made, task);
  add_times(made, task);
  add_channels(made, *seen.identity->physical, task);
  made.add("initializationTime", initialization_time(task),
           "Milliseconds from the beginning of the attempt until its records flowed.");
  made.add("currentInputWatermark", task.watermark, "Lowest watermark of the task's inputs.");
  made.add("checkpointAlignmentTime", task.last_alignment.count(),
           "Nanoseconds from the first to the last marker of the last checkpoint.");
  made.add("checkpointStartDelayNanos", start_delay_of(seen, task.task),
           "Nanoseconds from the trigger of the last complete checkpoint to its first marker.");
  std::uint64_t state_bytes = 0;
  for (const auto& state : task.states) state_bytes += state.bytes;
  made.add("stateBytes", state_bytes, "Bytes of the slots of the task's keyed states.");
  return made.take();
}

}  // namespace weir::rest
