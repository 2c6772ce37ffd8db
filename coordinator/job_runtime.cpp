// SPDX-License-Identifier: Apache-2.0
#include "coordinator/job_runtime.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "actors/disk_strike.hpp"
#include "actors/messages.hpp"
#include "common/log.hpp"
#include "common/status_line.hpp"
#include "coordinator/coordinator_actor.hpp"
#include "coordinator/job_actors.hpp"
#include "coordinator/job_observer.hpp"
#include "coordinator/watchdog.hpp"

namespace weir {
namespace {

std::uint64_t wall_clock_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

std::string draw_job_id() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) {
    char digits[9];
    std::snprintf(digits, sizeof digits, "%08x", random());
    id += digits;
  }
  return id;
}

std::shared_ptr<const job_identity> identity_of(const job_runtime_options& options) {
  auto made = std::make_shared<job_identity>();
  made->id = draw_job_id();
  made->name = options.job;
  made->physical = options.physical;
  made->configuration = options.configuration;
  made->state_directory = options.state_directory.string();
  made->bounded = true;
  for (const auto& node : options.physical->logical->nodes) {
    if (node.kind == node_kind::source) made->bounded = made->bounded && node.bounded;
  }
  return made;
}

/// The scheduler settings that the measurements call for (docs/architecture.md): one central queue wakes an idle thread
/// at once, where stealing would poll; 64 messages bound what one actor may do before others get their turn.
class system_config : public caf::actor_system_config {
 public:
  system_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{std::max(1u, std::thread::hardware_concurrency())});
    set("scheduler.max-throughput", std::size_t{64});
  }
};

}  // namespace

/// Declared in the order of construction, destroyed the other way round: the watchdog looks on until nothing can hang any
/// more, also while the system waits for its actors.
struct job_runtime::actors {
  std::shared_ptr<const plan> physical;
  std::optional<epoch_id> restored_from;
  std::shared_ptr<breadcrumb_file> breadcrumbs;
  std::shared_ptr<fault_injector> faults;
  std::string job;
  std::once_flag faults_reported;
  std::shared_ptr<job_board> board = std::make_shared<job_board>();
  std::shared_ptr<task_pulses> pulses = std::make_shared<task_pulses>(physical->tasks.size());
  system_config config;
  std::unique_ptr<watchdog> watching;
  caf::actor_system system{config};
  caf::actor coordinator;

  explicit actors(std::shared_ptr<const plan> of) : physical(std::move(of)) {}
  void watch(const job_runtime_options& options);
  result<void> inject(std::string_view fault);
};

namespace {

/// Without what ends in order; the terminal is left as it was.
void end_process_now(int code) {
  set_status_line({});
  _exit(code);
}

}  // namespace

void job_runtime::actors::watch(const job_runtime_options& options) {
  std::vector<std::string> names;
  for (const auto& task : physical->tasks) names.push_back(physical->task_name(task.id));
  const auto fail = [to = coordinator.address()](error why) {
    if (const auto alive = caf::actor_cast<caf::actor>(to)) {
      caf::anon_send(alive, fail_job{std::move(why)});
    }
  };
  watching = std::make_unique<watchdog>(watchdog_options{options.job, options.watch, pulses,
                                                         std::move(names), fail, end_process_now});
}

namespace {

/// Not before the job has begun: what its start writes is sound.
std::shared_ptr<disk_strike> inject_store_faults(snapshot_store& store,
                                                 const job_runtime_options& options) {
  if (!options.faults) return nullptr;
  std::shared_ptr<write_faults> plan(options.faults, options.faults->of_store());
  auto faults = std::make_shared<disk_strike>(std::move(plan), log_fields{.job = options.job});
  store.inject(faults);
  return faults;
}

}  // namespace

result<void> job_runtime::actors::inject(std::string_view fault) {
  if (!faults) {
    return error{error_code::invalid_argument,
                 "nothing can be injected: weir.injection.enabled is false, expected true"};
  }
  if (auto expected = faults->inject(fault); !expected) return expected;
  logger(log_layer::coordinator, {.job = job})
      .warn("fault \"" + std::string(fault) + "\" will be injected");
  return {};
}

/// The controls: looks go to the observer, wishes to the coordinator.
class job_runtime::remote final : public job_controls {
 public:
  remote(actors& of, std::shared_ptr<const job_identity> identity)
      : of_(of), observer_(std::move(identity), of.board, of.pulses) {}

  job_observation observe() const override {
    return observer_.look(std::chrono::steady_clock::now());
  }
  std::uint64_t checkpoint_now() override {
    return ask(&job_history::ask_checkpoint,
               [this] { caf::anon_send(of_.coordinator, checkpoint_atom::value); });
  }
  std::uint64_t stop() override {
    return ask(&job_history::ask_stop,
               [this] { caf::anon_send(of_.coordinator, final_checkpoint_atom::value); });
  }
  std::optional<result<epoch_id>> outcome_of(std::uint64_t request) const override {
    const std::lock_guard hold(of_.board->mutex);
    return of_.board->history->outcome_of(request);
  }
  void cancel() override { caf::anon_send(of_.coordinator, cancel_atom::value); }
  result<void> crash(const std::string& text) override {
    if (const auto id = of_.physical->find_task(text)) {
      caf::anon_send(of_.coordinator, weir::crash_task{*id});
      return {};
    }
    auto injected = of_.inject(text);
    if (injected) return injected;
    std::string known;
    for (const auto& task : of_.physical->tasks) {
      known += (known.empty() ? "" : ", ") + of_.physical->task_name(task.id);
    }
    return error{injected.error().code, "'" + text + "' is no task: expected one of " + known +
                                            "; as a fault: " + injected.error().message};
  }
  result<epoch_id> wait_for(std::uint64_t request) const {
    std::unique_lock hold(of_.board->mutex);
    std::optional<result<epoch_id>> outcome;
    of_.board->changed.wait(hold, [&] {
      outcome = of_.board->history->outcome_of(request);
      return outcome.has_value();
    });
    return *outcome;
  }

 private:
  template <class Send>
  std::uint64_t ask(std::uint64_t (job_history::*how)(), Send&& send) {
    std::uint64_t request = 0;
    {
      const std::lock_guard hold(of_.board->mutex);
      if (of_.board->history->over()) return 0;
      request = (of_.board->history.get()->*how)();
    }
    send();
    return request;
  }
  actors& of_;
  job_observer observer_;
};

job_runtime::job_runtime(std::unique_ptr<actors> running, std::unique_ptr<remote> controls)
    : actors_(std::move(running)), remote_(std::move(controls)) {}

job_controls& job_runtime::controls() {
  return *remote_;
}

result<epoch_id> job_runtime::wait_for(std::uint64_t request) {
  return remote_->wait_for(request);
}

job_runtime::~job_runtime() {
  cancel();
  wait();
  if (actors_->breadcrumbs) actors_->breadcrumbs->end_in_order();
  actors_->coordinator = nullptr;
}

result<std::unique_ptr<job_runtime>> job_runtime::start(job_runtime_options options) {
  auto opened =
      snapshot_store::open(options.state_directory, {.retained = options.checkpoints.retained},
                           options.job, wall_clock_ms);
  if (!opened) return opened.error();
  std::shared_ptr<snapshot_store> store = std::move(*opened);
  auto begun = begin_job(*store, options, static_cast<std::int64_t>(wall_clock_ms()));
  if (!begun) return begun.error();

  auto running = std::make_unique<actors>(options.physical);
  running->restored_from = begun->restored_from;
  running->breadcrumbs = begun->breadcrumbs;
  running->faults = options.faults;
  const auto store_faults = inject_store_faults(*store, options);
  running->job = options.job;
  running->coordinator = spawn_job(running->system, options,
                                   {std::move(store),
                                    std::move(*begun),
                                    running->board,
                                    running->pulses,
                                    std::random_device{}(),
                                    {},
                                    store_faults});
  running->watch(options);
  auto controls = std::make_unique<remote>(*running, identity_of(options));
  return std::unique_ptr<job_runtime>(new job_runtime(std::move(running), std::move(controls)));
}

job_status job_runtime::status() const {
  const std::lock_guard hold(actors_->board->mutex);
  const auto& board = *actors_->board;
  return {board.over,     board.cancelled,
          board.failure,  actors_->restored_from,
          board.counters, actors_->faults ? actors_->faults->counts() : std::vector<fault_count>{}};
}

job_status job_runtime::wait() {
  {
    std::unique_lock hold(actors_->board->mutex);
    actors_->board->changed.wait(hold, [this] { return actors_->board->over; });
  }
  std::call_once(actors_->faults_reported, [this] { report_faults(); });
  return status();
}

void job_runtime::report_faults() const {
  if (!actors_->faults) return;
  const logger log(log_layer::coordinator, {.job = actors_->job});
  for (const auto& fault : actors_->faults->counts()) {
    if (fault.hits == 0) log.warn("injected fault \"" + fault.text + "\" has never hit");
  }
}

void job_runtime::cancel() {
  caf::anon_send(actors_->coordinator, cancel_atom::value);
}

result<void> job_runtime::inject(std::string_view fault) {
  return actors_->inject(fault);
}

bool job_runtime::crash_task(std::string_view task) {
  const auto id = actors_->physical->find_task(task);
  if (!id) return false;
  caf::anon_send(actors_->coordinator, weir::crash_task{*id});
  return true;
}

}  // namespace weir
