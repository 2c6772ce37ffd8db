// SPDX-License-Identifier: Apache-2.0
// task_shell is the state of a task's actor: the core of the current attempt, the handles of its peers, and the messages
// to itself that keep it going.
//
// Owner:      the task's actor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include "actors/job_world.hpp"
#include "actors/messages.hpp"
#include "common/log.hpp"
#include "dataflow/fault_injector.hpp"
#include "dataflow/plan.hpp"
#include "dataflow/task_core.hpp"
#include "dataflow/task_meter.hpp"
#include "dataflow/task_pulse.hpp"
#include "state/breadcrumb_file.hpp"

namespace weir {

struct task_wiring {
  std::shared_ptr<const plan> physical;
  task_id task;
  std::string job;
  task_settings settings;
  caf::actor supervisor;
  caf::actor store;
  caf::actor lane;  ///< invalid for a task without sources and sinks
  std::shared_ptr<task_pulses> pulses;
  std::shared_ptr<breadcrumb_file> breadcrumbs;  ///< nullptr: none are laid (P19)
  std::shared_ptr<job_world> world;              ///< none: the real one
  std::shared_ptr<fault_injector> faults;        ///< nullptr: none are injected
  std::shared_ptr<task_meters> meters{};         ///< nullptr: nobody reads them
};

class task_shell final : public task_ports {
 public:
  task_shell(caf::event_based_actor* self, task_wiring wiring);
  ~task_shell() override;

  void on_roll_back(attempt_id attempt);
  void on_restore(restore_from what);
  void on_loaded(loaded_chunk& what);
  void on_load_failed(const load_failed& what);
  void on_resume(attempt_id attempt);
  void on_element(element& what);
  void on_credit(credit_return& what);
  void on_lane_result(lane_result& what);
  void on_chunk_stored(attempt_id attempt);
  void on_trigger(epoch_id epoch, sources_then then);
  void on_abort(epoch_id epoch);
  void on_commit(const commit_epoch& what);
  void on_step();
  void on_flush();
  void on_wake(std::uint64_t generation);
  void end();

  // -- task_ports --
  void send(task_id to, element what) override;
  void give_credit(task_id to, credit_return what) override;
  void submit(std::unique_ptr<lane_job> job) override;
  void put_chunk(snapshot_piece piece) override;
  void end_snapshot(snapshot_end end) override;
  void decline(epoch_id epoch, std::string reason) override;
  void confirm_commit(epoch_id epoch) override;
  void finishing() override;
  void record_skipped(const std::string& uid, record_identity identity) override;
  record_watch::breadcrumb* breadcrumb(const std::string& uid) override;
  void breadcrumbs_over() override;
  steady_time now() const override;
  std::int64_t wall_us() const override;
  void report(std::string_view text) override;
  void beat() override { pulse_.beat(); }
  task_faults* faults() override;
  std::shared_ptr<disk_faults> journal_faults() override;
  void strike(const fault_spec& fault) override;

 private:
  template <class F>
  void guarded(F&& work);
  void fail(error why, std::optional<record_kill> kill = {});
  void drop_core();
  void request_chunks();
  void finish_restore();
  /// Runs a step if there is work, and sees to it that what is left goes on.
  void pump();
  void schedule();
  void publish();
  /// The meter's turns between work and waiting.
  void begin_work();
  void sample_latency(steady_time at);
  void settle();

  caf::event_based_actor* self_;
  task_wiring wiring_;
  std::string name_;
  logger log_;
  task_pulse& pulse_;
  attempt_id attempt_;
  std::unique_ptr<task_core> core_;
  std::shared_ptr<task_meter> meter_;  // of core_, or of the last one
  steady_time progress_noted_{};
  steady_time latency_sampled_{};
  std::vector<caf::actor> peers_;
  std::vector<chunk_ref> to_load_;
  std::size_t requested_ = 0;
  std::size_t loaded_ = 0;
  bool step_sent_ = false;
  bool flush_sent_ = false;
  std::uint64_t work_done_ = 0;  // handlers that may have made records
  std::uint64_t work_at_flush_sent_ = 0;
  std::uint64_t wake_generation_ = 0;
  steady_time wake_at_ = steady_time::max();
};

}  // namespace weir
