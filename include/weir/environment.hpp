// SPDX-License-Identifier: Apache-2.0
// environment is where a job begins: it holds the graph and the settings, and runs the job in this process. job is the
// handle of a running one. There are no globals: several environments may live in one process (each with a state
// directory of its own).
//
//   weir::environment env("word-count");
//   env.set("execution.checkpointing.interval", "500 ms");
//   env.from(...)...;
//   weir::result<weir::job> job = env.execute();
//   weir::job_report report = job->wait();
//
// Owner:      the program; an environment is used by one thread, a job handle by any.
// Invariants: nothing runs before execute(); execute() reports everything that is wrong with the settings at once, and when
//             they are right, everything that is wrong with the graph.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/graph.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"
#include "weir/core/setting.hpp"
#include "weir/stream.hpp"

namespace weir {

enum class job_state : std::uint8_t { running, restarting, finished, failed, cancelled };

/// Where the state of a run comes from.
struct start_options {
  bool fresh = false;            ///< begin anew; checkpoints in the state directory are deleted
  std::optional<epoch_id> from;  ///< resume from this checkpoint instead of the last one
  bool allow_duplicates =
      false;  ///< P18: resume from an older one although sinks may repeat output
};

/// A fault of weir.injection.plan or of job::inject, and how often it has hit in this run; 0: it has tested nothing.
struct injected_fault {
  std::string text;
  std::uint64_t hits = 0;
};

/// How a job ended, or how it stands.
struct job_report {
  job_state state = job_state::running;
  std::optional<weir::error> failure;  ///< of a failed job: the whole story
  std::optional<epoch_id>
      restored_from;        ///< the checkpoint that the run resumed from; none when it began afresh
  epoch_id last_completed;  ///< newest complete checkpoint
  std::uint64_t checkpoints_completed = 0;
  std::uint64_t checkpoints_failed = 0;
  std::uint64_t restarts = 0;
  std::chrono::nanoseconds last_restart{};  ///< failure noticed until records flow again
  std::vector<injected_fault> faults;       ///< that were to be injected
};

/// A checkpoint that was asked for. Copies refer to the same one.
class checkpoint_request {
 public:
  class tracker;  // implemented by the runtime
  explicit checkpoint_request(std::shared_ptr<tracker> of) : tracker_(std::move(of)) {}

  /// Nothing while it is under way; then its epoch, or why there is none.
  std::optional<result<epoch_id>> outcome() const;
  /// Blocks until there is an outcome.
  result<epoch_id> wait() const;

 private:
  std::shared_ptr<tracker> tracker_;
};

/// A running job. Copies refer to the same one. When the last copy goes while the job runs, the job is cancelled.
class job {
 public:
  class control;  // implemented by the runtime
  explicit job(std::shared_ptr<control> of) : control_(std::move(of)) {}

  /// Blocks until the job has ended, however it ends.
  job_report wait();
  /// How it stands now; does not wait.
  job_report status() const;
  /// Takes a checkpoint as soon as none is in progress, also when none are taken by time. Returns at once; it has come
  /// out when it is durable.
  checkpoint_request checkpoint();
  /// Takes a final checkpoint, behind which sources read no more, and then ends the job as finished; a later run goes on
  /// from there. Returns at once; it has come out when all output is committed. When the checkpoint fails it is tried
  /// again, as often as checkpoints may fail in a row; then the job goes on.
  checkpoint_request stop();
  /// Ends the job without a last checkpoint; what was committed stays, and a later run resumes from there.
  void cancel();
  /// Ends the actor of a task ("count/1") as a crash would. Returns false when there is no such task.
  bool crash_task(const std::string& task);
  /// Injects a fault, in the notation of weir.injection.plan (docs/operating.md), also into the attempts to come. Errors:
  /// invalid_argument (weir.injection.enabled is not true; the text), limit (too many).
  result<void> inject(const std::string& fault);

  /// For weir's own program code.
  const std::shared_ptr<control>& share_control() const { return control_; }

 private:
  std::shared_ptr<control> control_;
};

class environment {
 public:
  /// `name` is the job's, unless pipeline.name says otherwise, and part of its default state directory.
  explicit environment(std::string name);
  ~environment();
  environment(environment&&) noexcept;
  environment& operator=(environment&&) noexcept;

  const std::string& name() const { return name_; }

  /// A setting by its key (docs/configuration.md): the program's own default, which a file, an environment variable or
  /// -D key=value of whoever runs the program overrides. Checked at execute().
  environment& set(const std::string& key, std::string value) {
    settings_[key] = std::move(value);
    return *this;
  }
  const std::map<std::string, std::string>& settings() const { return settings_; }

  /// Settings of whoever runs the program, in rising order: they override set(), whichever is called first.
  /// weir::main calls this with what it reads; a host program may do so with settings from elsewhere.
  environment& override_with(std::vector<setting> given) {
    overrides_.insert(overrides_.end(), given.begin(), given.end());
    return *this;
  }
  const std::vector<setting>& overrides() const { return overrides_; }

  /// Adds a source; the stream of its records. `name` is unique in the graph: positions are found again by it.
  template <class Source>
  auto from(std::string name, Source source) {
    using T = typename Source::record_type;
    using head = detail::source_head<Source>;
    graph_node made;
    made.name = std::move(name);
    made.kind = node_kind::source;
    made.what = source.describe();
    made.guarantee = source.guarantee();
    made.bounded = source.bounded();
    made.parallelism_max = source.parallelism_max();
    made.ports.push_back(detail::port_of<T>(""));
    const head begin{std::move(source), made.name};
    made.make = [begin] {
      return begin.template make<detail::identity_stage, detail::batch_emitter<T>>(
          detail::identity_stage{});
    };
    graph_->nodes.push_back(std::move(made));
    const auto index = static_cast<std::uint32_t>(graph_->nodes.size() - 1);
    return fused_stream<T, head, detail::identity_stage>(stream<T>(graph_, index), begin, {}, 1);
  }

  /// The graph, its chains and exchanges, and what each source and sink guarantees, as text. Errors: everything that is
  /// wrong with the graph or a setting.
  result<std::string> plan() const;
  /// Starts the job in this process. Errors: everything that is wrong with the graph or a setting; state that does not
  /// fit; a state directory that another process uses.
  result<job> execute(const start_options& start = {});

  const graph& logical_graph() const { return *graph_; }
  std::shared_ptr<const graph> share_graph() const { return graph_; }

 private:
  std::string name_;
  std::map<std::string, std::string> settings_;
  std::vector<setting> overrides_;
  std::shared_ptr<graph> graph_;
};

}  // namespace weir
