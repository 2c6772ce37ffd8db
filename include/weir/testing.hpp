// SPDX-License-Identifier: Apache-2.0
// simulate runs a whole job, its real tasks, coordinator, supervisor and snapshot store, in one thread on virtual time,
// many times: each time another order of events, and other faults. What the job has committed in the end must be what a
// run without faults commits. Three lines of a test (docs/simulation.md):
//
//   const auto outcome = weir::testing::simulate([](weir::environment& env, weir::testing::simulated_run& run) {
//     build_my_job(env).to("out", run.sink<counted>("out")); });
//   CHECK_MESSAGE(outcome.passed(), outcome.story);
//
// Link weir::testing. WEIR_SEED=n in the environment runs seed n alone; WEIR_SIMULATIONS=n sets how many, and
// WEIR_FIRST_SEED=n from which on.
//
// Owner:      a test; simulate returns when everything it started is gone.
// Invariants: the same seed gives the same run (trace_hash), as long as the job itself asks no clock and no chance.
// Errors:     a job that cannot be built, fails, or never ends is a failed simulation; its story says why.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/line_feed.hpp"
#include "weir/core/text.hpp"
#include "weir/environment.hpp"
#include "weir/operator_harness.hpp"
#include "weir/sinks.hpp"
#include "weir/sources.hpp"

namespace weir {
class machine_disks;
struct simulated_peer;
}  // namespace weir

namespace weir::testing {

/// What a run has committed under one name, as the simulator sees it.
class committed_output {
 public:
  virtual ~committed_output() = default;
  /// One text a record, in any order.
  virtual std::vector<std::string> records() const = 0;
  /// The newest epoch of which something is visible; 0 when that is not known.
  virtual epoch_id newest_epoch() const = 0;
};

/// A journal on a simulated disk, and the peer whose lines it holds.
struct journaled_place {
  std::string name;
  std::shared_ptr<machine_disks> disks;
  std::shared_ptr<simulated_peer> peer;
};
std::unique_ptr<line_feed> make_simulated_lines(std::string uid, const journaled_place& at);

/// What the outside world of one simulated run holds. It survives the crashes of the simulated process.
class simulated_run {
 public:
  simulated_run(std::filesystem::path directory, std::shared_ptr<machine_disks> disks)
      : directory_(std::move(directory)), disks_(std::move(disks)) {}

  /// A sink whose committed records are compared with those of a run without faults, as a multiset: the order of records
  /// between tasks is nobody's promise. T is compared by its text (weir/core/text.hpp).
  template <class T>
  collect_sink<T> sink(const std::string& name) {
    auto& place = outputs_[name];
    if (!place) place = std::make_shared<collected_output<T>>();
    return collect_sink<T>(static_cast<collected_output<T>&>(*place).target);
  }
  /// A directory on the simulated disk, for `file_sink(run.files("out"))`; its visible lines are compared. What was not
  /// synced is lost when the machine stops.
  file_sink_options files(const std::string& name);
  /// A source as `journaled(socket_lines(...))`: the journal lies on the simulated disk, and a peer in memory sends these
  /// lines, answers RESUME, and forgets what was acked.
  auto journaled(const std::string& name, std::vector<std::string> lines) {
    return weir::detail::line_source<journaled_place, &make_simulated_lines>(
        place_of(name, std::move(lines)), "simulated lines", "exactly-once: a journal", true, 1);
  }
  /// Any other sink: `read` gives what it shows, a text a record, when the run is over.
  void observe(const std::string& name, std::function<std::vector<std::string>()> read) {
    auto& place = outputs_[name];
    if (!place) place = std::make_shared<read_output>(std::move(read));
  }
  /// A directory of this run, empty at its beginning (a file_sink's, say). It costs real disk work.
  const std::filesystem::path& directory() const { return directory_; }

  const std::map<std::string, std::shared_ptr<committed_output>>& outputs() const {
    return outputs_;
  }

 private:
  template <class T>
  struct collected_output final : committed_output {
    std::vector<std::string> records() const override {
      std::vector<std::string> texts;
      for (const auto& record : target->records()) append_text(texts.emplace_back(), record);
      return texts;
    }
    epoch_id newest_epoch() const override { return target->newest_epoch(); }
    std::shared_ptr<collected<T>> target = std::make_shared<collected<T>>();
  };
  struct read_output final : committed_output {
    explicit read_output(std::function<std::vector<std::string>()> from) : read(std::move(from)) {}
    std::vector<std::string> records() const override { return read(); }
    epoch_id newest_epoch() const override { return {}; }
    std::function<std::vector<std::string>()> read;
  };

  journaled_place place_of(const std::string& name, std::vector<std::string> lines);

  std::filesystem::path directory_;
  std::shared_ptr<machine_disks> disks_;
  std::map<std::string, std::shared_ptr<simulated_peer>> peers_;
  std::map<std::string, std::shared_ptr<committed_output>> outputs_;
};

/// Builds the job; called for every simulated process, so that nothing is carried over but through `run`.
using build_job = std::function<void(environment& env, simulated_run& run)>;

enum class fault : std::uint8_t {
  task_throws,      ///< in a task's next piece of work
  task_killed,      ///< its actor is ended from outside
  process_crashes,  ///< between two steps: what is in memory is gone; a new process begins
  /// Before, inside or after a write or sync; what was not synced is lost, wholly or in part.
  machine_stops,
  /// One to three of the store's next writes, or one in so many until the process ends.
  store_fails,
  /// The process crashes, and the newest checkpoint is damaged meanwhile. Not one of the usual faults: a job goes back to
  /// an older checkpoint only when all of its sinks recognise what they have shown (P18).
  checkpoint_damaged,
};
inline constexpr std::uint32_t fault_kinds = 6;
const char* to_string(fault what);

struct simulate_options {
  std::uint64_t runs = 100;
  std::uint64_t first_seed = 1;
  std::uint32_t faults_max = 3;  ///< a run has one to so many faults
  std::vector<fault> faults{fault::task_throws, fault::task_killed, fault::process_crashes,
                            fault::machine_stops, fault::store_fails};
  /// A run that takes more does not end; 0: so many as its faults may cost, 30 times those of the run without faults.
  std::uint64_t steps_max = 0;
  bool read_environment = true;  ///< WEIR_SEED, WEIR_SIMULATIONS, WEIR_FIRST_SEED
};

struct simulation_outcome {
  std::uint64_t runs = 0;
  std::uint64_t steps = 0;        ///< messages that actors took
  std::uint64_t checkpoints = 0;  ///< that became complete
  std::uint64_t restored = 0;     ///< processes that went on from a checkpoint
  std::uint64_t restarts = 0;     ///< of all tasks from a checkpoint, within a process
  std::uint64_t lost =
      0;  ///< writes to files, and entries of directories, that no sync had come behind
  std::uint64_t records = 0;  ///< committed by the run without faults
  /// How often each fault was done to a run, and took effect.
  std::map<fault, std::uint64_t> hits;
  std::uint64_t trace_hash = 0;  ///< of every step of every run
  std::optional<std::uint64_t> failing_seed;
  std::string story;  ///< what went wrong, the command that does it again, and the last steps

  bool passed() const { return !failing_seed; }
};

/// Stops at the first seed that fails.
simulation_outcome simulate(const build_job& build, simulate_options options = {});

}  // namespace weir::testing
