// SPDX-License-Identifier: Apache-2.0
#include "coordinator/coordinator_actor.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "actors/messages.hpp"
#include "coordinator/task_readings.hpp"
#include "coordinator/team.hpp"

namespace weir {
namespace {

constexpr std::uint64_t numbers_per_reservation = 64;

using self_ptr = caf::stateful_actor<coordinator_state>*;

std::vector<declared_state> declared_states(const task_snapshot& snapshot) {
  std::vector<declared_state> all;
  for (const auto& one : snapshot.operators) {
    for (const auto& state : one.states) {
      declared_state declared{one.uid, state.name, {}};
      for (const auto& ref : state.chunks) {
        declared.chunks.push_back({ref.kind, ref.groups, ref.entries, ref.bytes, ref.checksum});
      }
      all.push_back(std::move(declared));
    }
  }
  return all;
}

}  // namespace

class coordinator_shell final : public job_effects {
 public:
  coordinator_shell(self_ptr self, job_machine_options options, std::shared_ptr<job_board> board,
                    std::uint64_t seed, std::shared_ptr<job_world> world)
      : self_(self),
        fence_(options.fence),
        physical_(options.physical),
        board_(std::move(board)),
        random_(seed),
        world_(std::move(world)),
        machine_(std::move(options), *this) {}

  void start(team members) {
    team_ = std::move(members);
    drive([](job_machine& job, auto time) { job.start(time); });
  }
  /// A broken invariant of the machine ends the job, with the values in its message; not this actor.
  template <class F>
  void drive(F&& input) {
    {
      const std::lock_guard hold(board_->mutex);  // of what the machine writes there, others read
      try {
        input(machine_, now());
      } catch (const std::exception& failure) {
        machine_.fail({error_code::invariant, failure.what()}, now());
      }
      board_->counters = machine_.counters();
      const auto settled = board_->history->requests_settled();
      if (std::exchange(settled_, settled) != settled) board_->changed.notify_all();
    }
    after();
  }
  void on_wake(std::uint64_t generation) {
    if (generation != generation_) return;
    wake_at_ = steady_time::max();
    drive([](job_machine& job, auto time) { job.on_time(time); });
  }
  fence_id fence() const { return fence_; }
  /// P18: the store keeps no older checkpoint any more; tasks hear of it with the next commit.
  void on_retained(epoch_id oldest) { oldest_retained_ = oldest; }
  const team& members() const { return team_; }
  void cancel() {
    drive([this](job_machine& job, auto time) {
      board_->cancelled = board_->cancelled || !job.over();
      job.cancel(time);
    });
  }

  // -- job_effects --
  void roll_back(attempt_id attempt, const std::vector<task_id>& tasks) override {
    self_->send(team_.supervisor, weir::roll_back{attempt, tasks});
  }
  void restore(attempt_id attempt, task_id task, task_restore from) override {
    self_->send(team_.supervisor, restore_task{attempt, task, std::move(from)});
  }
  void resume(attempt_id attempt, const std::vector<task_id>& tasks) override {
    self_->send(team_.supervisor, resume_tasks{attempt, tasks});
  }
  void trigger(epoch_id epoch) override { self_->send(team_.supervisor, trigger_epoch{epoch}); }
  void trigger_last(epoch_id epoch) override {
    self_->send(team_.supervisor, trigger_epoch{epoch, sources_then::stop});
  }
  std::vector<task_progress> progress_of(epoch_id epoch) override {
    auto all = snapshot_progress(*physical_, *board_->meters, epoch, now());
    for (auto& one : all) one.from.fence = fence_;
    return all;
  }
  void abort(epoch_id epoch) override { self_->send(team_.supervisor, abort_epoch{epoch}); }
  void commit(epoch_id epoch, const std::vector<task_id>& tasks) override {
    self_->send(team_.supervisor, commit_epoch{epoch, oldest_retained_, tasks});
  }
  void write_manifest(manifest complete) override {
    self_->send(team_.store, weir::write_manifest{std::move(complete)});
  }
  void abandon(epoch_id epoch) override { self_->send(team_.store, abandon_epoch{epoch}); }
  void reserve_epochs() override {
    self_->send(team_.store, weir::reserve_epochs{numbers_per_reservation});
  }
  void reserve_attempts() override {
    self_->send(team_.store, weir::reserve_attempts{numbers_per_reservation});
  }
  void keep_poison(byte_vector ledger) override {
    self_->send(team_.store, weir::keep_poison{std::move(ledger)});
  }
  void ended(std::optional<error> failure) override {
    failure_ = std::move(failure);
    self_->send(team_.supervisor, end_tasks{});
  }
  double random() override { return std::uniform_real_distribution<>(0, 1)(random_); }

  /// Which members have ended.
  struct {
    bool supervisor = false;
    bool store = false;
  } down;

  /// All tasks and the store are gone: only now is the job over for those who wait.
  void close_board() {
    const std::lock_guard hold(board_->mutex);
    board_->counters = machine_.counters();
    board_->failure = failure_;
    board_->over = true;
    board_->changed.notify_all();
  }

 private:
  steady_time now() const { return world_ ? world_->now() : self_->clock().now(); }

  void after() {
    const steady_time at = machine_.next_time(now());
    if (at == steady_time::max() || at == wake_at_) return;
    wake_at_ = at;
    self_->delayed_send(self_, std::max(at - now(), steady_time::duration::zero()),
                        wake_atom::value, ++generation_);
  }

  self_ptr self_;
  fence_id fence_;
  std::shared_ptr<const plan> physical_;
  std::shared_ptr<job_board> board_;
  std::mt19937_64 random_;
  std::shared_ptr<job_world> world_;
  team team_;
  job_machine machine_;
  std::optional<error> failure_;
  epoch_id oldest_retained_;
  steady_time wake_at_ = steady_time::max();
  std::uint64_t generation_ = 0;
  std::uint64_t settled_ = 0;
};

namespace {

void on_ack(coordinator_shell& shell, snapshot_acked& what) {
  task_ack ack;
  ack.from = {what.task, what.epoch, what.attempt, shell.fence()};
  ack.declared = declared_states(what.declared);
  ack.stored = std::move(what.stored);
  ack.timing = what.timing;
  shell.drive([&](job_machine& job, auto now) { job.on_ack(std::move(ack), now); });
}

/// The supervisor ends first, then the store: the state directory is free before anyone hears that the
/// job is over.
void on_member_down(self_ptr self, coordinator_shell& shell, const caf::down_msg& down) {
  const bool store = down.source == shell.members().store.address();
  shell.drive([&](job_machine& job, auto now) {  // no effect when it ended because the job is over
    const std::string reason = to_string(down.reason);
    job.fail(store ? error{error_code::io, "the snapshot store's actor ended: " + reason}
                   : error{error_code::invariant, "the supervisor ended: " + reason},
             now);
  });
  (store ? shell.down.store : shell.down.supervisor) = true;
  if (!shell.down.supervisor) return;
  if (!shell.down.store) return self->send(shell.members().store, stop_atom::value);
  shell.close_board();
  self->quit();
}

}  // namespace

caf::behavior coordinator_actor(self_ptr self, std::shared_ptr<job_machine_options> options,
                                std::shared_ptr<job_board> board, std::uint64_t seed,
                                std::shared_ptr<job_world> world) {
  self->state.shell = std::make_shared<coordinator_shell>(self, std::move(*options),
                                                          std::move(board), seed, std::move(world));
  auto* shell = self->state.shell.get();
  self->set_default_handler(caf::drop);
  self->set_down_handler(
      [self, shell](caf::down_msg& down) { on_member_down(self, *shell, down); });
  return {
      [self, shell](team& members) {
        self->monitor(members.supervisor);
        self->monitor(members.store);
        shell->start(std::move(members));
      },
      [shell](const rolled_back& what) {
        shell->drive(
            [&](job_machine& job, auto now) { job.on_rolled_back(what.task, what.attempt, now); });
      },
      [shell](const restored& what) {
        shell->drive(
            [&](job_machine& job, auto now) { job.on_restored(what.task, what.attempt, now); });
      },
      [shell](const task_failed& what) {
        shell->drive([&](job_machine& job, auto now) {
          job.on_task_failed(what.task, what.attempt, what.why, now,
                             what.kill ? &*what.kill : nullptr);
        });
      },
      [shell](const record_skipped& what) {
        shell->drive([&](job_machine& job, auto now) {
          job.on_record_skipped(what.task, what.attempt, what.uid, what.identity, now);
        });
      },
      [shell](const task_finishing& what) {
        shell->drive(
            [&](job_machine& job, auto now) { job.on_finishing(what.task, what.attempt, now); });
      },
      [shell](const commit_confirmed& what) {
        shell->drive(
            [&](job_machine& job, auto now) { job.on_committed(what.task, what.epoch, now); });
      },
      [shell](const snapshot_declined& what) {
        const task_decline decline{{what.task, what.epoch, what.attempt, shell->fence()},
                                   what.reason};
        shell->drive([&](job_machine& job, auto now) { job.on_decline(decline, now); });
      },
      [shell](snapshot_acked& what) { on_ack(*shell, what); },
      [shell](const store_failed& what) {
        shell->drive(
            [&](job_machine& job, auto now) { job.on_store_failed(what.epoch, what.why, now); });
      },
      [shell](const manifest_written& what) {
        result<void> outcome;
        if (what.failure) outcome = *what.failure;
        shell->on_retained(what.oldest_retained);
        shell->drive(
            [&](job_machine& job, auto now) { job.on_manifest_written(what.epoch, outcome, now); });
      },
      [shell](fail_job& what) {
        shell->drive([&](job_machine& job, auto now) { job.fail(std::move(what.why), now); });
      },
      [shell](epochs_reserved what) {
        shell->drive([&](job_machine& job, auto now) {
          job.on_epochs_reserved(what.first, what.count, now);
        });
      },
      [shell](attempts_reserved what) {
        shell->drive([&](job_machine& job, auto now) {
          job.on_attempts_reserved(what.first, what.count, now);
        });
      },
      [shell](wake_atom, std::uint64_t generation) { shell->on_wake(generation); },
      [shell](cancel_atom) { shell->cancel(); },
      [shell](checkpoint_atom) {
        shell->drive([](job_machine& job, auto now) { job.on_checkpoint_asked(now); });
      },
      [shell](final_checkpoint_atom) {
        shell->drive([](job_machine& job, auto now) { job.on_stop_asked(now); });
      },
      [self, shell](const crash_task& what) { self->send(shell->members().supervisor, what); },
  };
}

}  // namespace weir
