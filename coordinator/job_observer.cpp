// SPDX-License-Identifier: Apache-2.0
#include "coordinator/job_observer.hpp"

#include <prometheus/summary.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/process_memory.hpp"
#include "coordinator/task_readings.hpp"

namespace weir {

/// The samples of one task's sinks, over all attempts that were looked at.
class latency_summary {
 public:
  latency_summary() : summary_(wanted()) {}

  std::optional<latency_reading> on_look(const task_meter& meter) {
    if (meter.attempt() != attempt_) {
      attempt_ = meter.attempt();
      seen_ = 0;
    }
    seen_ = meter.latency.read_from(seen_, [this](std::chrono::microseconds one) {
      summary_.Observe(std::chrono::duration<double>(one).count());
    });
    if (seen_ == 0) return std::nullopt;
    latency_reading made;
    made.samples = seen_;
    made.sum_seconds = std::chrono::duration<double>(meter.latency.sum()).count();
    const auto collected = summary_.Collect();
    for (std::size_t i = 0; i < latency_quantiles.size(); ++i) {
      const double value = collected.summary.quantile[i].value;
      made.quantiles[i] = std::isnan(value) ? 0 : value;
    }
    return made;
  }

 private:
  static prometheus::Summary::Quantiles wanted() {
    prometheus::Summary::Quantiles all;
    for (const double one : latency_quantiles) all.emplace_back(one, (1 - one) / 10);
    return all;
  }
  attempt_id attempt_;
  std::uint64_t seen_ = 0;
  prometheus::Summary summary_;
};

job_observer::job_observer(std::shared_ptr<const job_identity> identity,
                           std::shared_ptr<job_board> board,
                           std::shared_ptr<const task_pulses> pulses)
    : identity_(std::move(identity)),
      board_(std::move(board)),
      pulses_(std::move(pulses)),
      rates_(identity_->physical->tasks.size()) {
  for (std::size_t i = 0; i < rates_.size(); ++i) {
    latencies_.push_back(std::make_unique<latency_summary>());
  }
}

job_observer::~job_observer() = default;

job_observation job_observer::look(steady_time now) const {
  job_observation made;
  made.identity = identity_;
  made.memory_bytes = resident_memory_bytes();
  const auto& physical = *identity_->physical;
  const auto at = [this](steady_time time) { return board_->history->time_of_day(time); };
  {
    const std::lock_guard hold(mutex_);
    for (const auto& task : physical.tasks) {
      const auto attempts = board_->meters->of(task.id);
      const auto& meter = attempts.newest;
      auto reading = read_task(physical, task.id, meter.get(), now, at);
      reading.records_read_before = attempts.records_read_before;
      reading.records_written_before = attempts.records_written_before;
      rates_[task.id.value].on_look(reading);
      reading.states = (*pulses_)[task.id.value].sizes();
      if (meter) reading.latency = latencies_[task.id.value]->on_look(*meter);
      made.tasks.push_back(std::move(reading));
    }
  }
  const std::lock_guard hold(board_->mutex);
  board_->history->copy_to(made, now);
  made.now = at(now);
  made.restarts = board_->counters.restarts;
  made.last_restart = board_->counters.last_restart;
  return made;
}

}  // namespace weir
