// SPDX-License-Identifier: Apache-2.0
#include "simulation/simulated_job.hpp"

#include <algorithm>
#include <utility>

#include "program/runtime_options.hpp"

namespace weir {
namespace {

using testing::fault;

/// What a simulated job is set to before its own settings.
void set_defaults(environment& env) {
  env.set("execution.checkpointing.tolerable-failed-checkpoints", "1000000")
      .set("restart-strategy.type", "fixed-delay")
      .set("restart-strategy.fixed-delay.attempts", "1000000")
      .set("restart-strategy.fixed-delay.delay", "1 ms")
      .set("parallelism.default", "2");
}

}  // namespace

simulated_job::simulated_job(simulated_job_options options)
    : options_(std::move(options)),
      machine_(options_.seed),
      outside_(options_.directory, machine_.disks) {}

simulated_result simulated_job::run() {
  while (!result_.failure) {
    if (!process_ && !start_process()) break;
    if (machine_.steps.steps() >= options_.steps_max) {
      fail("the job has not ended after " + std::to_string(options_.steps_max) + " steps");
      break;
    }
    do_due_faults();
    if (!process_) continue;
    if (!process_->step()) fail("everything waits for something else");
    note_hits();
    check_step();
    if (machine_.disks->fate().crashed()) {
      restart_machine();
    } else if (process_->over()) {
      break;
    }
  }
  return finish();
}

bool simulated_job::start_process() {
  environment env("simulated");
  set_defaults(env);
  (*options_.build)(env, outside_);
  auto options = runtime_options_of(env, {});
  if (!options) {
    fail("the job cannot be built: " + options.error().text());
    return false;
  }
  if (!env.settings().contains("execution.checkpointing.interval"))
    options->checkpoints.interval = machine_.checkpoint_interval;
  memory_disk& store = *machine_.disks->store();
  store.failing_writes = store.fails_one_in =
      0;  // a disk that refuses a new process is another story
  const bool resumes = store.manifests.size() > 1;
  auto started = simulated_process::start(machine_, *options);
  if (machine_.disks->fate().crashed()) {
    restart_machine();
    return true;
  }
  if (!started) {
    fail("the job does not start: " + started.error().text());
    return false;
  }
  process_ = std::move(*started);
  if (!resumes) return true;
  ++result_.restored;
  const epoch_id from = process_->status().restored_from.value_or(epoch_id{});  // the initial one
  if (from != newest_) {
    fail("a process went on from checkpoint " + to_string(from) +
         ", but the newest complete one is " + to_string(newest_));
  }
  return true;
}

void simulated_job::do_due_faults() {
  while (process_ && next_fault_ < options_.faults.size() &&
         options_.faults[next_fault_].step <= machine_.steps.steps()) {
    do_fault(options_.faults[next_fault_++].what);
  }
}

void simulated_job::do_fault(fault what) {
  switch (what) {
    case fault::task_throws:
      process_->arm_throw();
      break;
    case fault::task_killed:
      if (process_->kill_a_task()) ++result_.hits[what];
      break;
    case fault::process_crashes:
      machine_.steps.add_event(machine_.time, "the process crashes");
      end_process();
      machine_.disks->restart_process();
      ++result_.hits[what];
      break;
    case fault::machine_stops:
      arm_crash();
      break;
    case fault::store_fails:
      fail_writes();
      break;
    case fault::checkpoint_damaged:
      damage_newest();
      break;
  }
}

/// A disk that fails so for ever would never take a checkpoint that has more writes than there are between two failures.
constexpr std::uint32_t fails_now_and_then = 30;

void simulated_job::fail_writes() {
  memory_disk& store = *machine_.disks->store();
  if (machine_.random() % 2 == 0) {
    store.failing_writes = static_cast<std::uint32_t>(1 + machine_.random() % 3);
    machine_.steps.add_event(machine_.time, "the disk begins to fail");
  } else {
    store.fails_one_in = static_cast<std::uint32_t>(20 + machine_.random() % 200);
    store.fails_left = fails_now_and_then;
    machine_.steps.add_event(machine_.time, "the disk fails now and then");
  }
}

void simulated_job::damage_newest() {
  const auto before = machine_.disks->store()->damage_newest();
  if (!before) return;
  machine_.steps.add_event(
      machine_.time, "checkpoint " + to_string(newest_) + " is damaged, and the process crashes");
  end_process();
  machine_.disks->restart_process();
  newest_ = *before;
  ++result_.hits[fault::checkpoint_damaged];
}

void simulated_job::end_process() {
  if (process_) result_.restarts += process_->status().counters.restarts;
  process_.reset();
}

/// One of the next writes or syncs, of whichever disk, is the last one.
void simulated_job::arm_crash() {
  static constexpr crash_phase phases[] = {crash_phase::before, crash_phase::inside,
                                           crash_phase::after};
  machine_.disks->store()->keeps_cut_commit = machine_.random() % 2 == 0;
  machine_.disks->fate().crash_at(machine_.random() % (1 + machine_.random() % 40),
                                  phases[machine_.random() % 3]);
}

/// The machine has stopped. Now and then it stops again as the new process begins.
void simulated_job::restart_machine() {
  const bool power = machine_.random() % 4 != 0;
  machine_.steps.add_event(machine_.time, power ? "the machine stops in a write or sync"
                                                : "the process is killed in a write or sync");
  ++result_.hits[fault::machine_stops];
  end_process();
  if (power) {
    result_.lost += machine_.disks->restart_machine();
  } else {
    machine_.disks->restart_process();
  }
  if (machine_.random() % 3 == 0) arm_crash();
}

void simulated_job::note_hits() {
  if (process_->take_thrown()) ++result_.hits[fault::task_throws];
  if (auto& failed = machine_.disks->store()->failed_writes; failed != 0) {
    result_.hits[fault::store_fails] += std::exchange(failed, 0);
  }
}

void simulated_job::check_step() {
  if (process_->broken_invariant())
    fail("an invariant is broken: " + *process_->broken_invariant());
  const auto& manifests = machine_.disks->store()->manifests;
  for (; manifests_seen_ < manifests.size(); ++manifests_seen_) {
    const epoch_id epoch = manifests[manifests_seen_];
    if (manifests_seen_ != 0 && epoch <= newest_) {
      fail("checkpoint " + to_string(epoch) + " became complete after checkpoint " +
           to_string(newest_));
    }
    newest_ = epoch;
    check_kept();
  }
  for (const auto& [name, output] : outside_.outputs()) {
    const epoch_id shown = output->newest_epoch();
    if (shown > newest_) {
      fail("output '" + name + "' shows records of epoch " + to_string(shown) +
           ", but the newest complete checkpoint is " + to_string(newest_));
    }
  }
}

/// P18: one checkpoint may be damaged.
void simulated_job::check_kept() {
  const auto& store = *machine_.disks->store();
  if (manifests_seen_ != 0 && store.checkpoints() < 2)
    fail("checkpoint " + to_string(newest_) + " is the only one that is kept");
}

void simulated_job::fail(std::string why) {
  if (!result_.failure) result_.failure = std::move(why);
}

simulated_result simulated_job::finish() {
  if (process_) {
    const auto status = process_->status();
    result_.restarts += status.counters.restarts;
    if (status.failure) fail("the job failed: " + status.failure->text());
    process_.reset();
  }
  result_.steps = machine_.steps.steps();
  result_.trace_hash = machine_.steps.hash();
  result_.checkpoints = machine_.disks->store()->manifests.size();
  for (const auto& [name, output] : outside_.outputs()) {
    auto records = output->records();
    std::sort(records.begin(), records.end());
    result_.committed[name] = std::move(records);
  }
  result_.last_steps = machine_.steps.text();
  return std::move(result_);
}

}  // namespace weir
