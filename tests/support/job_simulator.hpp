// SPDX-License-Identifier: Apache-2.0
// job_simulator runs a whole job in one thread: the real job_machine and task_cores, and between them in-memory FIFO links
// of which a seeded scheduler always delivers from a random one. Time is simulated. It crashes tasks, loses manifests and
// chunks in the store, and lets checkpoints time out, as often as its options say; and it watches the channels: nobody
// has more batches in flight than credits (P3), and the snapshots of a complete epoch are a consistent cut (P6).
//
// Not simulated: threads, damaged disks (state/snapshot_damage_test), lanes (sinks that write in the background).
//
// Owner:      a test case.
// Invariants: the same options give the same run. Links are FIFO for each pair of actors, as CAF's are, and no more.
// Longer than 400 lines because it is the whole world of a job: scheduler, channels, store and effects.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/log.hpp"
#include "coordinator/job_machine.hpp"
#include "dataflow/task_core.hpp"
#include "tests/support/cut_audit.hpp"
#include "tests/support/memory_store.hpp"

namespace weir::test {

struct simulator_options {
  std::shared_ptr<const plan> physical;
  std::uint64_t seed = 0;
  alignment mode = alignment::exactly_once;
  manifest restore_from;
  // one in so many, 0: never
  std::uint32_t crash = 0;            // steps: some task dies, until as many have
  std::uint32_t failed_manifest = 0;  // manifests: cannot be written
  std::uint32_t failed_chunk = 0;     // chunks: cannot be stored
  std::uint64_t crashes_max = 4;
  std::uint64_t stop_at = 0;  ///< at this step the job is asked to stop; 0: never
  std::chrono::nanoseconds checkpoint_timeout = std::chrono::minutes(10);
  /// The subtask of this chain takes a step ten times less often than others.
  std::string slow_chain;
};

struct simulator_counts {
  std::uint64_t crashes = 0;
  std::uint64_t crashes_in_stop = 0;
  std::uint64_t declined = 0;
  std::uint64_t dropped = 0;  // elements of older attempts that arrived at a newer one
  std::uint64_t ahead_of_cut =
      0;  // batches processed before a snapshot that their sender sent after its own
  std::uint64_t waited_for_credit = 0;  // looks at a task that waits for credit
  std::uint64_t deltas = 0;             // states written as deltas
  std::uint64_t in_flight_max = 0;
};

class job_simulator final : job_effects {
 public:
  job_simulator(simulator_options options, memory_store& store)
      : options_(std::move(options)),
        audit_(options_.physical),
        store_(store),
        random_(options_.seed),
        machine_(machine_options(), *this) {
    set_log_levels("coordinator=error");  // crashes and failed checkpoints are what is tested here
    for (const auto& task : options_.physical->tasks)
      nodes_.push_back(std::make_unique<node>(*this, task.id));
  }

  /// Until the job is over. Fails the test case when it stands still, or does not end.
  void run() {
    machine_.start(clock_);
    for (std::uint64_t steps = 0; !machine_.over(); ++steps) {
      REQUIRE_MESSAGE(steps < 3'000'000, "the job does not end");
      if (steps + 1 == options_.stop_at) stop();
      step();
    }
    REQUIRE_MESSAGE(!failure_, failure_->text());
  }

  simulator_counts counts() const {
    simulator_counts all = counts_;
    all.in_flight_max = audit_.in_flight_max();
    return all;
  }
  /// What has come of the request to stop, if it was made.
  std::optional<result<epoch_id>> stopped() const {
    return stop_request_ == 0 ? std::nullopt : history_->outcome_of(stop_request_);
  }
  const job_counters& job() const { return machine_.counters(); }

 private:
  using address = std::uint32_t;
  using message = std::function<void()>;
  struct node final : task_ports {
    node(job_simulator& of, task_id id) : sim(of), task(id) {}

    void send(task_id to, element what) override { sim.on_sent(task, to, std::move(what)); }
    void give_credit(task_id to, credit_return what) override {
      sim.on_credit(task, to, std::move(what));
    }
    void submit(std::unique_ptr<lane_job>) override { FAIL("a task asked for a lane"); }
    void put_chunk(snapshot_piece piece) override {
      sim.post(task.value, sim.store(), [this, piece] { sim.put(piece); });
    }
    void end_snapshot(snapshot_end end) override {
      sim.post(task.value, sim.store(), [this, end] { sim.finish_snapshot(end); });
    }
    void decline(epoch_id epoch, std::string reason) override {
      ++sim.counts_.declined;
      const task_decline what{{task, epoch, attempt, {1}}, std::move(reason)};
      sim.tell([=](job_machine& machine, auto now) { machine.on_decline(what, now); }, task.value);
    }
    void confirm_commit(epoch_id epoch) override {
      sim.tell(
          [=, id = task](job_machine& machine, auto now) { machine.on_committed(id, epoch, now); },
          task.value);
    }
    void finishing() override {
      sim.tell([id = task, at = attempt](job_machine& machine,
                                         auto now) { machine.on_finishing(id, at, now); },
               task.value);
    }
    steady_time now() const override { return sim.clock_ += std::chrono::microseconds(100); }
    std::int64_t wall_us() const override { return 0; }
    void report(std::string_view) override {}

    job_simulator& sim;
    task_id task;
    attempt_id attempt;
    std::unique_ptr<task_core> core;
    std::vector<chunk_ref> to_load;
    std::size_t loaded = 0;
  };

  // -- the scheduler --

  bool one_in(std::uint32_t n) { return n != 0 && random_() % n == 0; }

  void stop() {
    stop_request_ = history_->ask_stop();
    tell([](job_machine& machine, auto now) { machine.on_stop_asked(now); }, coordinator());
  }

  void step() {
    clock_ += std::chrono::microseconds(random_() % 20);
    if (machine_.next_time(clock_) <= clock_) machine_.on_time(clock_);
    if (counts_.crashes < options_.crashes_max && one_in(options_.crash))
      crash(*nodes_[random_() % nodes_.size()]);
    std::vector<message> choices;
    for (auto& [ends, link] : links_) {
      if (!link.empty()) choices.push_back([&queue = link] { deliver(queue); });
    }
    for (auto& one : nodes_) add_choices(*one, choices);
    if (choices.empty()) return wait();
    choices[random_() % choices.size()]();
  }

  static void deliver(std::deque<message>& link) {
    message next = std::move(link.front());
    link.pop_front();
    next();
  }

  void add_choices(node& one, std::vector<message>& choices) {
    if (!one.core) return;
    const bool slow = options_.physical->chain_of(one.task).name == options_.slow_chain;
    if (slow && random_() % 10 != 0) return;
    if (one.core->has_work()) choices.push_back([&one] { one.core->step(); });
    if (one.core->holds_records()) choices.push_back([&one] { one.core->flush(); });
  }

  void wait() {
    steady_time next = machine_.next_time(clock_);
    for (const auto& one : nodes_) {
      if (one->core) next = std::min(next, one->core->wait_until());
    }
    if (machine_.over()) return;
    REQUIRE_MESSAGE(next != steady_time::max(), "everything waits for something else");
    clock_ = std::max(clock_, next);
    for (const auto& one : nodes_) {
      if (one->core && one->core->wait_until() <= clock_) one->core->wake();
    }
  }

  void post(address from, address to, message what) {
    links_[{from, to}].push_back(std::move(what));
  }
  address store() const { return static_cast<address>(nodes_.size()); }
  address coordinator() const { return store() + 1; }

  template <class F>
  void tell(F report, address from) {
    post(from, coordinator(), [this, report] { report(machine_, clock_); });
  }

  void crash(node& one) {
    ++counts_.crashes;
    if (stop_request_ != 0) ++counts_.crashes_in_stop;
    if (one.core) one.core->close();
    one.core.reset();
    tell(
        [id = one.task, at = one.attempt](job_machine& machine, auto now) {
          machine.on_task_failed(id, at, {error_code::user_exception, "a simulated crash"}, now);
        },
        one.task.value);
  }

  // -- the channels, watched --

  void on_sent(task_id from, task_id to, element what) {
    audit_.on_sent(from, to, what);
    post(from.value, to.value, [this, to, what]() mutable {
      auto& receiver = *nodes_[to.value];
      if (!receiver.core) return;
      const auto dropped = receiver.core->inputs().dropped();
      receiver.core->on_element(std::move(what));
      counts_.dropped += receiver.core->inputs().dropped() - dropped;
    });
  }

  void on_credit(task_id from, task_id to, credit_return what) {
    audit_.on_processed(from, to, what);
    post(from.value, to.value, [this, to, what]() mutable {
      if (nodes_[to.value]->core) nodes_[to.value]->core->on_credit(std::move(what));
    });
  }

  // -- the store --

  void put(const snapshot_piece& piece) {
    post(store(), piece.task.value, [this, piece] {
      auto& to = *nodes_[piece.task.value];
      if (to.core && to.attempt == piece.attempt) to.core->on_chunk_stored();
    });
    if (lost_.contains(piece.epoch)) return;
    if (one_in(options_.failed_chunk)) {
      lost_.insert(piece.epoch);
      return tell(
          [=](job_machine& machine, auto now) {
            machine.on_store_failed(piece.epoch, {error_code::no_space, "a simulated full disk"},
                                    now);
          },
          store());
    }
    store_.put(piece);
  }

  void finish_snapshot(const snapshot_end& end) {
    if (lost_.contains(end.epoch)) return;
    for (const auto& one : end.snapshot.operators) {
      for (const auto& state : one.states) counts_.deltas += state.full ? 0 : 1;
    }
    const task_ack ack = store_.ack_of(end);
    tell([ack](job_machine& machine, auto now) { machine.on_ack(ack, now); }, store());
  }

  // -- job_effects --

  void roll_back(attempt_id attempt, const std::vector<task_id>& tasks) override {
    for (const auto task : tasks) {
      post(coordinator(), task.value, [this, task, attempt] {
        auto& one = *nodes_[task.value];
        if (attempt <= one.attempt) return;
        one.attempt = attempt;
        if (one.core) one.core->close();
        one.core.reset();
        tell([=](job_machine& machine, auto now) { machine.on_rolled_back(task, attempt, now); },
             task.value);
      });
    }
  }
  void restore(attempt_id attempt, task_id task, task_restore from) override {
    post(coordinator(), task.value, [this, attempt, task, from] {
      auto& one = *nodes_[task.value];
      if (attempt != one.attempt) return;
      one.core = std::make_unique<task_core>(options_.physical, task, attempt,
                                             task_settings{options_.mode}, one);
      one.to_load = one.core->begin_restore(from);
      one.loaded = 0;
      load_next(one);
    });
  }
  void load_next(node& one) {
    if (one.loaded == one.to_load.size()) {
      REQUIRE(one.core->finish_restore());
      return tell([id = one.task, at = one.attempt](job_machine& machine,
                                                    auto now) { machine.on_restored(id, at, now); },
                  one.task.value);
    }
    post(store(), one.task.value, [this, &one, attempt = one.attempt] {
      if (!one.core || one.attempt != attempt) return;
      const auto loaded = one.core->on_chunk(store_.read(one.to_load[one.loaded++]));
      REQUIRE_MESSAGE(loaded, loaded.error().text());
      load_next(one);
    });
  }
  void resume(attempt_id attempt, const std::vector<task_id>& tasks) override {
    for (const auto task : tasks) {
      post(coordinator(), task.value, [this, task, attempt] {
        auto& one = *nodes_[task.value];
        if (one.core && one.attempt == attempt) one.core->resume();
      });
    }
  }
  template <class F>
  void to_all(F what) {
    for (const auto& one : nodes_) {
      post(coordinator(), one->task.value, [&one = *one, what] {
        if (one.core) what(*one.core);
      });
    }
  }
  void trigger(epoch_id epoch) override {
    to_all([epoch](task_core& core) { core.on_trigger(epoch); });
  }
  void trigger_last(epoch_id epoch) override {
    to_all([epoch](task_core& core) { core.on_trigger(epoch, sources_then::stop); });
  }
  void abort(epoch_id epoch) override {
    to_all([epoch](task_core& core) { core.on_abort(epoch); });
  }
  void commit(epoch_id epoch, const std::vector<task_id>& tasks) override {
    for (const auto task : tasks) {
      post(coordinator(), task.value, [this, task, epoch] {
        if (nodes_[task.value]->core) nodes_[task.value]->core->on_commit(epoch);
      });
    }
  }
  void write_manifest(manifest complete) override {
    counts_.ahead_of_cut += audit_.check(complete.epoch, options_.mode);
    post(coordinator(), store(), [this, complete] {
      const epoch_id epoch = complete.epoch;
      const bool lost = one_in(options_.failed_manifest);
      if (!lost) CHECK(store_.manifests.emplace(epoch, complete).second);
      tell(
          [=](job_machine& machine, auto now) {
            machine.on_manifest_written(
                epoch,
                lost ? result<void>(error{error_code::io, "a simulated failure"}) : result<void>(),
                now);
          },
          store());
    });
  }
  void abandon(epoch_id epoch) override {
    post(coordinator(), store(), [this, epoch] { lost_.insert(epoch); });
  }
  void reserve_epochs() override {
    post(coordinator(), store(), [this] {
      const epoch_id first{std::exchange(store_.next_epoch, store_.next_epoch + 16)};
      tell([=](job_machine& machine, auto now) { machine.on_epochs_reserved(first, 16, now); },
           store());
    });
  }
  void reserve_attempts() override {
    post(coordinator(), store(), [this] {
      const attempt_id first{std::exchange(store_.next_attempt, store_.next_attempt + 16)};
      tell([=](job_machine& machine, auto now) { machine.on_attempts_reserved(first, 16, now); },
           store());
    });
  }
  void ended(std::optional<error> failure) override { failure_ = std::move(failure); }
  double random() override { return 0.5; }

  job_machine_options machine_options() {
    checkpoint_settings checkpoints;
    checkpoints.interval = std::chrono::milliseconds(1);
    checkpoints.timeout = options_.checkpoint_timeout;
    checkpoints.tolerable_failures = 1'000'000;
    restart_settings restarts;
    restarts.kind = restart_kind::fixed_delay;
    restarts.fixed_delay = {1'000'000, std::chrono::milliseconds(random_() % 3)};
    const epoch_id epoch{std::exchange(store_.next_epoch, store_.next_epoch + 16)};
    const attempt_id attempt{std::exchange(store_.next_attempt, store_.next_attempt + 16)};
    return {.job = "simulated",
            .build = "",
            .physical = options_.physical,
            .checkpoints = checkpoints,
            .restarts = restarts,
            .fence = {1},
            .epochs = {epoch, 16},
            .attempts = {attempt, 16},
            .restore_from = options_.restore_from,
            .history = history_};
  }

  simulator_options options_;
  cut_audit audit_;
  memory_store& store_;
  std::mt19937_64 random_;
  mutable steady_time clock_{std::chrono::seconds(1)};
  std::shared_ptr<job_history> history_ = std::make_shared<job_history>();
  job_machine machine_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::map<std::pair<address, address>, std::deque<message>> links_;
  std::set<epoch_id> lost_;
  simulator_counts counts_;
  std::optional<error> failure_;
  std::uint64_t stop_request_ = 0;
};

}  // namespace weir::test
