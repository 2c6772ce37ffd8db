// SPDX-License-Identifier: Apache-2.0
// job_observation is one look at a running job: everything that can be told of it to a person, a script or Prometheus.
// Whoever shows something (the live line, the HTTP documents, the metrics, `status --why`) is a pure function of it.
//
// Owner:      a value, copied out of the runtime; any thread may ask for one (job_runtime::observe).
// Invariants: (1) tasks are those of the plan, by task id; (2) counts never go back within one attempt of a task, and its
//             busy, idle and back-pressured time add up to the time since that attempt began; (3) histories are bounded,
//             the newest entry first.
// Units:      times of day in milliseconds since 1970, UTC; -1: not known yet. Sizes in bytes.
// Source:     names and meanings are Flink's REST and metric names where it has them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataflow/plan.hpp"
#include "dataflow/task_meter.hpp"
#include "dataflow/task_pulse.hpp"
#include "serialization/manifest.hpp"
#include "weir/core/error.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

using unix_ms = std::int64_t;
inline constexpr unix_ms not_known = -1;

/// Flink's job states, those that weir has.
enum class observed_job_state : std::uint8_t {
  created,  ///< being restored for the first time
  running,
  restarting,
  cancelling,  ///< also while it stops with a final checkpoint
  finished,
  failed,
  canceled,
};

enum class observed_task_state : std::uint8_t {
  created,       ///< rolled back, waits for the restart's delay
  initializing,  ///< is being restored
  running,
  finished,  ///< all its input has ended
  canceled,
  failed,
};

/// One channel as its sender sees it.
struct channel_reading {
  std::uint32_t exchange = 0;  ///< index in the plan
  task_id to;
  std::uint64_t records = 0;
  std::uint64_t bytes =
      0;  ///< of the records as they lie in batches, not of what their strings own
  std::uint64_t batches = 0;
  std::uint32_t in_flight = 0;  ///< batches sent whose credit has not come back
  std::uint32_t credits = 0;    ///< most that may be in flight
};

/// Latency from a source's stamp on a batch to the sink that took it, sampled, in steps of a microsecond.
struct latency_reading {
  std::uint64_t samples = 0;
  double sum_seconds = 0;
  /// Of the samples of the last minute, as far as somebody looked: latency_quantiles, in seconds.
  std::array<double, 6> quantiles{};
};
inline constexpr std::array<double, 6> latency_quantiles = {.5, .75, .95, .98, .99, .999};

/// One task (Flink: subtask) now.
struct task_reading {
  task_id task;
  attempt_id attempt;
  observed_task_state state = observed_task_state::created;
  unix_ms since = not_known;  ///< when it came into this state
  unix_ms attempt_began = not_known;

  std::uint64_t records_read = 0;         ///< by its source
  std::uint64_t records_written = 0;      ///< taken by its sink
  std::uint64_t records_read_before = 0;  ///< in earlier attempts of this process
  std::uint64_t records_written_before = 0;
  std::uint64_t records_in = 0;  ///< over channels
  std::uint64_t records_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t batches_in = 0;
  std::uint64_t batches_out = 0;
  std::chrono::nanoseconds busy{};            ///< runs, or is about to as soon as a thread is free
  std::chrono::nanoseconds idle{};            ///< has no input
  std::chrono::nanoseconds back_pressured{};  ///< waits for credit, or for its lane

  // What the counts above have moved between the last two looks that were at least a second apart, or since the attempt
  // began when there was no such look; the three times add up to 1,000.
  double records_read_per_second = 0;
  double records_written_per_second = 0;
  double records_in_per_second = 0;
  double records_out_per_second = 0;
  double bytes_in_per_second = 0;
  double bytes_out_per_second = 0;
  double batches_out_per_second = 0;
  double busy_ms_per_second = 0;
  double idle_ms_per_second = 0;
  double back_pressured_ms_per_second = 0;

  std::uint32_t queued_batches = 0;  ///< arrived, not processed
  task_wait waits_for = task_wait::none;
  unix_ms waits_since = not_known;
  std::vector<task_id>
      waits_on;  ///< receivers without credit, or senders whose marker has not come
  std::vector<channel_reading> outputs;
  std::vector<state_size> states;
  std::optional<latency_reading> latency;  ///< of tasks with a sink
  std::int64_t watermark = INT64_MIN;      ///< lowest of its inputs; INT64_MIN: none yet
  std::chrono::nanoseconds last_alignment{};
  /// Of a source that knows: records (or bytes) that it has still to read, and all of them; for progress and lag.
  std::optional<std::uint64_t> left_to_read;
  std::optional<std::uint64_t> all_to_read;
};

enum class observed_checkpoint_state : std::uint8_t { in_progress, completed, failed };

/// What one task did for one checkpoint.
struct task_checkpoint {
  task_id task;
  unix_ms acked = not_known;
  std::uint64_t state_bytes = 0;           ///< all that the checkpoint refers to
  std::uint64_t written_bytes = 0;         ///< what this checkpoint added
  std::chrono::nanoseconds start_delay{};  ///< trigger until the task saw the first marker
  std::chrono::nanoseconds alignment{};    ///< first to last marker
  std::chrono::nanoseconds freeze{};       ///< Flink: sync
  std::chrono::nanoseconds drain{};        ///< Flink: async; freeze until all is with the store
};

struct checkpoint_record {
  epoch_id epoch;
  checkpoint_kind kind = checkpoint_kind::periodic;
  observed_checkpoint_state state = observed_checkpoint_state::in_progress;
  unix_ms triggered = not_known;
  unix_ms last_ack = not_known;
  unix_ms ended = not_known;  ///< durable, or failed
  std::chrono::nanoseconds
      duration{};  ///< trigger until durable or failed; until now while in progress
  std::chrono::nanoseconds manifest{};  ///< last ack until durable
  std::uint64_t state_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::vector<task_checkpoint> tasks;  ///< by task id; those that have acked have `acked`
  std::string failure;                 ///< names task, phase, sizes and who waits for whom
};

struct checkpoint_history {
  std::uint64_t restored = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::optional<checkpoint_record> in_progress;
  std::vector<checkpoint_record> entries;  ///< at most web.checkpoints.history
  std::optional<checkpoint_record> latest_completed;
  std::optional<checkpoint_record> latest_failed;
  std::optional<epoch_id> latest_restored;
  unix_ms latest_restored_at = not_known;
};

/// One failure of the job, and what was done about it.
struct exception_record {
  unix_ms when = not_known;
  std::string task;  ///< "count/1"; empty: none in particular
  error why;
  std::optional<std::string> record;  ///< identity of the record that is blamed (P19), hexadecimal
  std::optional<epoch_id>
      restored_to;  ///< the checkpoint that the region went back to; none: the job failed
  std::chrono::nanoseconds until_running{};  ///< noticed until records flowed again; 0: not yet
};

/// What is fixed for the life of the process.
struct job_identity {
  std::string id;  ///< 32 hexadecimal digits, drawn anew by each process
  std::string name;
  std::shared_ptr<const plan> physical;
  std::vector<std::pair<std::string, std::string>> configuration;  ///< effective
  std::string state_directory;
  bool bounded = false;  ///< every source ends
};

struct job_observation {
  std::shared_ptr<const job_identity> identity;
  unix_ms now = not_known;
  observed_job_state state = observed_job_state::created;
  unix_ms started = not_known;
  unix_ms ended = not_known;
  /// When it came into each state last, in the order in which that happened.
  std::vector<std::pair<observed_job_state, unix_ms>> timestamps;
  std::optional<error> failure;
  unix_ms restarts_at = not_known;  ///< while a restart strategy's delay runs: its end
  std::uint64_t restarts = 0;
  std::chrono::nanoseconds last_restart{};
  std::vector<task_reading> tasks;
  checkpoint_history checkpoints;
  std::vector<exception_record> exceptions;  ///< at most web.exception-history-size
  bool exceptions_truncated = false;
  std::uint64_t memory_bytes = 0;  ///< resident, of the process
};

/// What can be asked of a running job. Each may be called from any thread and returns at once.
class job_controls {
 public:
  virtual ~job_controls() = default;
  virtual job_observation observe() const = 0;
  /// Its epoch is found in the history under the id that is returned; 0: the job is over or refuses (see the log).
  /// A checkpoint that is in progress is not interrupted: the new one follows it.
  virtual std::uint64_t checkpoint_now() = 0;
  /// Outcome of a checkpoint_now() or stop(): nothing while it is in progress; the epoch, or why it failed.
  virtual std::optional<result<epoch_id>> outcome_of(std::uint64_t request) const = 0;
  /// Sources stop at a last marker; when its checkpoint is committed the job ends as finished.
  virtual std::uint64_t stop() = 0;
  virtual void cancel() = 0;
  /// Ends the actor of a task ("count/1") as a crash would, or injects a fault given in the notation of
  /// weir.injection.plan. Errors: invalid_argument, naming the known tasks or what was expected.
  virtual result<void> crash(const std::string& task_or_fault) = 0;
};

}  // namespace weir
