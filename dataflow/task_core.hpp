// SPDX-License-Identifier: Apache-2.0
// task_core is one task in one attempt, without threads, clock or network: records in, records out, markers aligned,
// snapshots taken, commits passed on. The actor that owns it feeds it what arrives and calls step() while has_work().
//
//   building --restored--> ready --resume--> running --all input ended--> finishing --epoch committed--> finished
//
// Owner:      the task's actor. Built anew for every attempt (P14).
// Invariants: (1) before resume() nothing is processed, and what arrives waits (P13); (2) a finishing task still answers
//             triggers (P16); (3) user code runs only inside calls of this class, and may throw out of any of them.
// Source:     PROTOCOL rules P1 to P17 as named at the code; Carbone et al. 2015.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataflow/chain_units.hpp"
#include "dataflow/input_gate.hpp"
#include "dataflow/output_gate.hpp"
#include "dataflow/plan.hpp"
#include "dataflow/task_faults.hpp"
#include "dataflow/task_meter.hpp"
#include "dataflow/task_ports.hpp"
#include "dataflow/task_pulse.hpp"
#include "dataflow/task_restorer.hpp"
#include "dataflow/task_snapshotter.hpp"
#include "weir/core/record_watch.hpp"

namespace weir {

struct task_settings {
  alignment mode = alignment::exactly_once;
  /// A batch that is not full leaves after this time at the latest.
  std::chrono::nanoseconds buffer_timeout = std::chrono::milliseconds(1);
  std::string state_directory{};                 ///< of the job
  std::chrono::nanoseconds latency_interval{0};  ///< from one sample at a sink to the next; 0: none
};

/// What sources do behind a marker.
enum class sources_then : std::uint8_t {
  go_on,
  stop,  ///< read no more, unless the epoch is aborted
};

class task_core final : public unit_host {
 public:
  /// Constructs the operators; may throw what they throw.
  task_core(std::shared_ptr<const plan> physical, task_id task, attempt_id attempt,
            task_settings settings, task_ports& ports);
  ~task_core() override;

  // -- restore --
  /// The chunks to load, in this order; on_chunk() takes them one by one.
  const std::vector<chunk_ref>& begin_restore(task_restore from);
  result<void> on_chunk(const chunk& content);
  /// All chunks have come: operators are restored and opened; commits of what was complete begin (P17).
  result<void> finish_restore();

  // -- life --
  void resume();
  void on_element(element what);
  void on_credit(credit_return what);
  void on_lane_done(lane_job& job);
  void on_trigger(epoch_id epoch, sources_then then = sources_then::go_on);
  void on_abort(epoch_id epoch);
  /// P17: all epochs up to this one are complete. P18: no checkpoint below `oldest_retained` will be restored again.
  void on_commit(epoch_id epoch, epoch_id oldest_retained = {});
  void on_chunk_stored() { snapshots_.on_chunk_stored(); }

  /// Does a bounded piece of work. Afterwards has_work() tells whether to call again, wait_until() when at the latest.
  void step();
  bool has_work() const;
  steady_time wait_until() const { return source_wait_; }
  /// The task has had nothing to do for a moment, or `buffer_timeout` is over: sends what its gates hold.
  void flush();
  bool holds_records() const;
  void close();

  // -- unit_host --
  const subtask_info& subtask() const override { return subtask_; }
  void submit(std::unique_ptr<lane_job> job) override { ports_.submit(std::move(job)); }
  void wake() override;
  steady_time now() const override { return ports_.now(); }
  std::int64_t wall_us() const override { return ports_.wall_us(); }
  void report(std::string_view text) override { ports_.report(text); }
  std::string state_directory() const override { return settings_.state_directory; }
  record_watch* watch(const std::string& uid) override { return &watches_[uid]; }
  std::shared_ptr<disk_faults> journal_faults() override { return ports_.journal_faults(); }

  /// How large each keyed state is now.
  std::vector<state_size> state_sizes() const;

  /// Why it does nothing now; none: has_work().
  task_wait waits_for() const;
  /// What it counts; lives on with whoever reads it.
  const std::shared_ptr<task_meter>& meter() const { return meter_; }
  /// How far the source is; now and then.
  void note_progress();
  /// A sample of the latency is due: a sink takes it of the next batch.
  void sample_next() { sample_next_ = units_.ends_in_sink(); }

  attempt_id attempt() const { return subtask_.attempt; }
  std::uint64_t records_in() const { return records_in_; }
  const input_gate& inputs() const { return inputs_; }

 private:
  enum class phase : std::uint8_t { building, ready, running, finishing };

  bool runs() const { return phase_ == phase::running || phase_ == phase::finishing; }
  bool can_take_input() const;
  void take_inputs();
  bool source_may_read() const;
  void poll_source();
  void after_batch();
  void meet_batch(std::uint64_t records);
  void meet_phase(fault_phase reached, epoch_id epoch);
  void process(element what);
  void snapshot(epoch_id epoch);
  void finish_input();
  void abandon(epoch_id epoch);
  void confirm_commits();
  void begin_watches(const task_restore& from);
  void note_alignment();
  void note_stage(snapshot_stage stage, epoch_id epoch);
  void advance_snapshot();
  void note_written() { meter_->records_written.set(units_.records_written()); }
  void sample_latency(std::int64_t since_us);

  std::shared_ptr<const plan> plan_;
  task_id task_;
  subtask_info subtask_;
  task_settings settings_;
  task_ports& ports_;
  phase phase_ = phase::building;
  task_faults* faults_;  // nullptr: none are injected

  std::map<std::string, record_watch> watches_;  // of operators with a poison policy; before them
  epoch_id restored_from_;
  input_gate inputs_;
  std::vector<std::unique_ptr<output_gate>> gates_;
  chain_units units_;
  task_snapshotter snapshots_;
  std::unique_ptr<task_restorer> restorer_;
  std::shared_ptr<task_meter> meter_;

  bool woken_ = false;
  bool source_ended_ = false;
  bool source_waiting_ = false;
  std::optional<epoch_id> stopped_at_;  // the source reads no more behind this marker
  steady_time source_wait_ = steady_time::max();
  steady_time last_flush_{};
  epoch_id triggered_;      // newest epoch that the coordinator asked for
  epoch_id last_snapshot_;  // newest epoch that this task began or declined
  std::optional<epoch_id> committing_;
  std::uint64_t records_in_ = 0;
  bool had_ended_ = false;  // before the restore

  std::optional<steady_time> first_marker_;  // of the epoch in alignment
  std::uint32_t noted_markers_ = 0;
  bool sample_next_ = false;  // the latency of the next batch
};

}  // namespace weir
