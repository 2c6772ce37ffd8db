// SPDX-License-Identifier: Apache-2.0
#include "bench/pause_job.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "bench/machine_load.hpp"
#include "bench/scratch_state.hpp"
#include "bench/works.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

constexpr std::size_t notes_max = 8'000'000;  // of one task: 2 G records
constexpr double fill_s_max = 120;            // for the first records of all keys

using shared_notes = std::vector<task_notes>;

struct count_and_note final : keyed_process<std::uint64_t, keyed_record, keyed_count> {
  explicit count_and_note(std::shared_ptr<shared_notes> all) : notes(std::move(all)) {}

  value_state<std::uint64_t> seen{*this, "seen", 0};
  std::shared_ptr<shared_notes> notes;
  task_notes* mine = nullptr;
  std::uint64_t taken = 0;

  void open(const subtask_info& where) override { mine = &(*notes)[where.index]; }
  void process(const keyed_record& record, context&, collector<keyed_count>& out) override {
    if (++taken % records_per_note == 0 && mine->measuring.load(std::memory_order_relaxed)) {
      mine->note();
    }
    const std::uint64_t count = seen.value() + 1;
    seen.update(count);
    out.emit({record.key, count});
  }
};

/// Drops its records, and notes markers and commits. Runs in the chain of the counter: the marker
/// comes here in the same handler that freezes the counter's state.
class marker_unit final : public operator_unit, public batch_consumer<keyed_count> {
 public:
  marker_unit(const std::string& uid, std::shared_ptr<shared_notes> notes)
      : part_(uid, std::move(notes)) {}

  batch_consumer_base* input() override { return this; }
  void set_output(std::uint32_t, batch_consumer_base*) override {}
  void attach(unit_host& host) override { part_.subtask = host.subtask().index; }
  void on_batch(batch<keyed_count>&) override {}
  std::span<operator_part* const> parts() override { return parts_; }

 private:
  struct marker_part final : operator_part {
    marker_part(std::string uid, std::shared_ptr<shared_notes> all)
        : operator_part(std::move(uid)), notes(std::move(all)) {}

    bool snapshot(epoch_id epoch, operator_image&) override {
      (*notes)[subtask].windows.push_back({epoch, steady_ns(), 0, 0});
      return false;  // so that collect() is called
    }
    /// Called when the tables of the chain are drained.
    bool collect(epoch_id, operator_image&) override {
      (*notes)[subtask].windows.back().drained_ns = steady_ns();
      return true;
    }
    bool commit(epoch_id epoch) override {
      for (checkpoint_window& each : (*notes)[subtask].windows) {
        if (each.epoch <= epoch && each.end_ns == 0) each.end_ns = steady_ns();
      }
      return true;
    }

    std::shared_ptr<shared_notes> notes;
    std::uint32_t subtask = 0;
  };

  marker_part part_;
  std::array<operator_part*, 1> parts_{&part_};
};

class marker_sink {
 public:
  explicit marker_sink(std::shared_ptr<shared_notes> notes) : notes_(std::move(notes)) {}
  std::string describe() const { return "markers"; }
  std::string guarantee() const { return "nothing to guarantee: records are dropped"; }
  bool recognises_epochs() const { return true; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<marker_unit>(uid, notes_);
  }

 private:
  std::shared_ptr<shared_notes> notes_;
};

/// Every key once, so that the table is as large as it gets, then as in keyed-count.
class filling_generator {
 public:
  explicit filling_generator(std::uint64_t keys) : keys_(keys), record_(keys) {}
  keyed_record operator()(std::uint64_t seq) const {
    return seq < keys_ ? keyed_record{seq, seq} : record_(seq);
  }

 private:
  std::uint64_t keys_;
  keyed_generator record_;
};

void wait_until_filled(job& running, const std::atomic<bool>& filled) {
  const stopwatch watch;
  while (!filled) {
    const job_report report = running.status();
    if (report.failure) throw std::runtime_error(report.failure->text());
    if (watch.elapsed().wall_s > fill_s_max) throw std::runtime_error("the keys take too long");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void build(environment& env, const pause_job& what, const std::shared_ptr<shared_notes>& notes,
           const std::shared_ptr<std::atomic<bool>>& filled) {
  const auto numbers = generate(
      [record = filling_generator(what.keys), filled, enough = 2 * what.keys](std::uint64_t seq) {
        if (seq == enough) [[unlikely]]
          *filled = true;
        return record(seq);
      });
  env.from("numbers", what.rate > 0 ? numbers.rate(what.rate) : numbers)
      .key_by([](const keyed_record& record) -> const std::uint64_t& { return record.key; })
      .process<count_and_note>("count", notes)
      .to("markers", marker_sink(notes));
}

}  // namespace

pause_run run_pause_job(const pause_job& what) {
  const scratch_state scratch;
  const auto notes = std::make_shared<shared_notes>(what.parallelism);
  for (task_notes& each : *notes) each.times.assign(notes_max, 0);
  const auto filled = std::make_shared<std::atomic<bool>>(false);
  environment env("pause");
  env.set("state.dir", scratch.state_dir());
  env.set("parallelism.default", std::to_string(what.parallelism));
  env.set("execution.checkpointing.interval", std::to_string(what.interval.count()) + " ms");
  build(env, what, notes, filled);
  auto running = env.execute();
  if (!running) throw std::runtime_error(running.error().text());
  wait_until_filled(*running, *filled);
  pause_run run;
  const machine_load load;
  for (task_notes& each : *notes) each.measuring = true;
  std::this_thread::sleep_for(std::chrono::duration<double>(what.seconds));
  for (task_notes& each : *notes) each.measuring = false;
  run.foreign_share = load.foreign_share();
  running->cancel();
  running->wait();
  run.tasks = notes;
  return run;
}

}  // namespace weir::bench
