// SPDX-License-Identifier: Apache-2.0
// Every message between weir's actors. Control messages are plain values; the only things that travel by pointer are
// batches, chunks of bytes and jobs of a task's own lane.
//
//   sender -> receiver        messages
//   coordinator -> supervisor   roll_back, restore_task, resume_tasks, trigger_epoch, abort_epoch, commit_epoch, end_tasks
//   supervisor -> task          become, roll_back_to, restore_from, resume, trigger_epoch, abort_epoch, commit_epoch
//   task -> supervisor          rolled_back, restored, task_failed, record_skipped, finishing, commit_confirmed, declined
//   supervisor -> coordinator   the same, passed on
//   task -> task                element, credit_return
//   task -> lane -> task        lane_work, lane_result
//   task -> store -> task       snapshot_piece, snapshot_end, load_chunks; chunk_stored, loaded_chunk, load_failed
//   store -> coordinator        snapshot_acked, store_failed, manifest_written, epochs_reserved, attempts_reserved
//   watchdog -> coordinator     fail_job
//   runtime -> coordinator      checkpoint, final checkpoint, cancel, crash_task
//   coordinator -> store        write_manifest, abandon_epoch, reserve_epochs, reserve_attempts, keep_poison
//
// Owner:      values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include "dataflow/element.hpp"
#include "dataflow/task_core.hpp"
#include "dataflow/task_ports.hpp"
#include "dataflow/task_restore.hpp"
#include "serialization/manifest.hpp"
#include "weir/core/error.hpp"
#include "weir/core/poison.hpp"
#include "weir/core/result.hpp"

namespace weir {

// coordinator -> supervisor
struct roll_back {
  attempt_id attempt;
  std::vector<task_id> tasks;
};
struct restore_task {
  attempt_id attempt;
  task_id task;
  task_restore from;
};
struct resume_tasks {
  attempt_id attempt;
  std::vector<task_id> tasks;
};
struct trigger_epoch {
  epoch_id epoch;
  sources_then then = sources_then::go_on;
};
struct abort_epoch {
  epoch_id epoch;
};
struct commit_epoch {
  epoch_id epoch;
  epoch_id oldest_retained;  ///< of the checkpoints that are kept (P18)
  std::vector<task_id> tasks;
};
/// Ends all tasks; the supervisor quits when they are gone.
struct end_tasks {};
/// Ends a task's actor as a crash would.
struct crash_task {
  task_id task;
};

// supervisor -> task
struct roll_back_to {
  attempt_id attempt;
};
struct restore_from {
  attempt_id attempt;
  task_restore from;
  std::vector<caf::actor> peers;
};
struct resume_task {
  attempt_id attempt;
};

// task -> supervisor -> coordinator
struct rolled_back {
  task_id task;
  attempt_id attempt;
};
struct restored {
  task_id task;
  attempt_id attempt;
};
struct task_failed {
  task_id task;
  attempt_id attempt;
  error why;
  std::optional<record_kill>
      kill{};  ///< the record on which an operator with a policy failed (P19)
};
/// A listed record was left alone, for the first time in this attempt (P19).
struct record_skipped {
  task_id task;
  attempt_id attempt;
  std::string uid;
  record_identity identity = 0;
};
struct task_finishing {
  task_id task;
  attempt_id attempt;
};
struct commit_confirmed {
  task_id task;
  epoch_id epoch;
};
struct snapshot_declined {
  task_id task;
  epoch_id epoch;
  attempt_id attempt;
  std::string reason;
};

// task <-> lane
struct lane_work {
  std::shared_ptr<lane_job> job;
  attempt_id attempt;
  caf::actor reply_to;
};
struct lane_result {
  std::shared_ptr<lane_job> job;
  attempt_id attempt;
};

// task <-> store
struct load_chunks {
  attempt_id attempt;
  std::vector<chunk_ref> refs;
  caf::actor reply_to;
};
struct loaded_chunk {
  attempt_id attempt;
  chunk content;
};
struct load_failed {
  attempt_id attempt;
  error why;
};
struct chunk_stored {
  attempt_id attempt;
};

// store <-> coordinator
struct snapshot_acked {
  epoch_id epoch;
  attempt_id attempt;
  task_id task;
  task_snapshot declared;
  task_snapshot stored;
  snapshot_timing timing{};
};
struct store_failed {
  epoch_id epoch;
  error why;
};
struct write_manifest {
  manifest content;
};
struct manifest_written {
  epoch_id epoch;
  epoch_id oldest_retained;
  std::optional<error> failure;
};
struct abandon_epoch {
  epoch_id epoch;
};
struct reserve_epochs {
  std::uint64_t count;
};
struct reserve_attempts {
  std::uint64_t count;
};
/// What is known of poison records, to be kept beside the checkpoints (P19).
struct keep_poison {
  byte_vector ledger;
};
struct epochs_reserved {
  epoch_id first;
  std::uint64_t count;
};
struct attempts_reserved {
  attempt_id first;
  std::uint64_t count;
};

// watchdog -> coordinator
struct fail_job {
  error why;
};

// to itself
using step_atom = caf::atom_constant<caf::atom("step")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using wake_atom = caf::atom_constant<caf::atom("wake")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using checkpoint_atom = caf::atom_constant<caf::atom("checkpoint")>;
using final_checkpoint_atom = caf::atom_constant<caf::atom("finalcp")>;
using cancel_atom = caf::atom_constant<caf::atom("cancel")>;

}  // namespace weir

// Within one process; serialisable forms come with the network.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::element)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::credit_return)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::snapshot_piece)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::snapshot_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::roll_back)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::restore_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::resume_tasks)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::trigger_epoch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::abort_epoch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::commit_epoch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::end_tasks)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::crash_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::roll_back_to)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::restore_from)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::resume_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::rolled_back)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::restored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::task_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::record_skipped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::keep_poison)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::task_finishing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::commit_confirmed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::snapshot_declined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::lane_work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::lane_result)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::load_chunks)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::loaded_chunk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::load_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::chunk_stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::snapshot_acked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::store_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::write_manifest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::manifest_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::abandon_epoch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::reserve_epochs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::reserve_attempts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::epochs_reserved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::attempts_reserved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::fail_job)
