// SPDX-License-Identifier: Apache-2.0
#include "simulation/simulated_process.hpp"

#include <map>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "actors/messages.hpp"
#include "coordinator/coordinator_actor.hpp"
#include "coordinator/job_actors.hpp"
#include "weir/core/check.hpp"

namespace weir {
namespace {

/// What one look at the clock takes: a drain is cut into slices as in reality.
constexpr std::chrono::nanoseconds look_time{2'000};
/// One step in so many is preceded by the next timer, however far away it is: anything may be slow.
constexpr std::uint64_t early_timer = 1'000;
/// A lagging actor is passed over nine times out of ten.
constexpr std::uint64_t lag = 10;

/// One direction between two tasks: a queue of its own in front of the receiver's.
caf::behavior link_actor(caf::event_based_actor* self, std::shared_ptr<caf::actor> target) {
  const auto pass_on = [self, target](auto& what) {
    if (*target) self->send(*target, std::move(what));
  };
  return {[pass_on](element& what) { pass_on(what); },
          [pass_on](credit_return& what) { pass_on(what); }};
}

struct link_end {
  std::shared_ptr<caf::actor> target = std::make_shared<caf::actor>();
  caf::actor link;
};

class simulated_config : public caf::actor_system_config {
 public:
  simulated_config() { set("scheduler.policy", caf::atom("testing")); }
};

}  // namespace

struct simulated_process::actors final : job_world {
  explicit actors(simulated_machine& on)
      : machine(on),
        scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())) {
    scheduler.clock().current_time = steady_time(machine.time);
  }

  // -- job_world --
  steady_time now() override {
    machine.time += look_time;
    return scheduler.clock().current_time = steady_time(machine.time);
  }
  std::int64_t wall_us() override {
    return std::chrono::duration_cast<std::chrono::microseconds>(machine.time).count();
  }
  void on_spawn(const std::string& name, const caf::actor& made) override {
    names[made.id()] = name;
    for (auto& [known, actor] : roster) {
      if (known == name) {
        actor = made;
        return;
      }
    }
    if (machine.random() % 8 == 0) lagging = made.id();
    roster.emplace_back(name, made);
  }
  void before_step(task_id task) override {
    if (!throw_armed) return;
    throw_armed = false;
    thrown = true;
    machine.steps.add_event(machine.time, options.physical->task_name(task) + " throws");
    throw std::runtime_error("a simulated exception in user code");
  }

  void on_failure(task_id task, const error& why) override {
    const std::string name = options.physical->task_name(task);
    machine.steps.add_event(machine.time, name + " fails: " + why.text());
    if (why.code == error_code::invariant && !broken) broken = name + ": " + why.text();
  }

  std::vector<caf::actor> peers_of(task_id from, const std::vector<caf::actor>& tasks) override {
    if (!machine.has_links) return tasks;
    std::vector<caf::actor> made(tasks.size());
    for (std::uint32_t to = 0; to < tasks.size(); ++to) {
      link_end& end = links[{from.value, to}];
      *end.target = tasks[to];
      if (!end.link) {
        end.link = system.spawn(link_actor, end.target);
        on_spawn(options.physical->task_name(from) + " to " + options.physical->task_name({to}),
                 end.link);
      }
      made[to] = end.link;
    }
    return made;
  }

  // -- the scheduler --
  bool step();
  void take_time(std::chrono::nanoseconds much) {
    machine.time += much;
    const auto behind = steady_time(machine.time) - scheduler.clock().current_time;
    scheduler.advance_time(std::max(behind, steady_time::duration::zero()));
  }
  void fire_next_timer() {
    scheduler.trigger_timeout();
    const auto reached = scheduler.clock().current_time.time_since_epoch();
    machine.time = std::max(machine.time, std::chrono::nanoseconds(reached));
  }
  void choose();
  void note_next();
  void end_all();
  bool is_task(const std::string& name) const {
    return options.physical->find_task(name).has_value();
  }

  simulated_machine& machine;
  job_runtime_options options;
  std::shared_ptr<job_board> board = std::make_shared<job_board>();
  std::optional<epoch_id> restored_from;
  std::unordered_map<caf::actor_id, std::string> names;    // looked up, never walked
  std::vector<std::pair<std::string, caf::actor>> roster;  // in the order of their first birth
  std::map<std::pair<std::uint32_t, std::uint32_t>, link_end> links;  // from task, to task
  caf::actor_id lagging = 0;
  bool throw_armed = false;
  bool thrown = false;
  std::optional<std::string> broken;
  simulated_config config;
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler;
};

result<std::unique_ptr<simulated_process>> simulated_process::start(
    simulated_machine& machine, const job_runtime_options& options) {
  auto running = std::make_unique<actors>(machine);
  running->options = options;
  actors* world = running.get();
  auto opened = snapshot_store::open_on(
      std::make_unique<memory_table>(machine.disks->store()),
      {.retained = options.checkpoints.retained}, options.job,
      [world] { return static_cast<std::uint64_t>(world->wall_us() / 1000); });
  if (!opened) return opened.error();
  std::shared_ptr<snapshot_store> store = std::move(*opened);
  auto begun = begin_job(*store, options, world->wall_us() / 1000);
  if (!begun) return begun.error();
  running->restored_from = begun->restored_from;
  spawn_job(running->system, options,
            {std::move(store), std::move(*begun), running->board,
             std::make_shared<task_pulses>(options.physical->tasks.size()), machine.random(),
             std::shared_ptr<job_world>(std::shared_ptr<void>(), world)});
  return std::unique_ptr<simulated_process>(new simulated_process(std::move(running)));
}

simulated_process::simulated_process(std::unique_ptr<actors> running)
    : actors_(std::move(running)) {}

simulated_process::~simulated_process() {
  actors_->end_all();
}

/// Every actor's next message is its end, because it goes before what waits. Then nothing is left to do but to drop what
/// was under way.
void simulated_process::actors::end_all() {
  throw_armed = false;
  for (const auto& [name, actor] : roster) {
    caf::anon_send<caf::message_priority::high>(
        actor, caf::exit_msg{actor.address(), caf::exit_reason::kill});
  }
  scheduler.clock().cancel_all();
  roster.clear();
  links.clear();
  while (scheduler.try_run_once()) {
  }
}

bool simulated_process::actors::step() {
  take_time(std::chrono::nanoseconds(machine.random() % machine.step_ns_max));
  if (scheduler.has_pending_timeout() &&
      (scheduler.jobs.empty() || machine.random() % early_timer == 0)) {
    fire_next_timer();
  }
  if (scheduler.jobs.empty()) return scheduler.has_pending_timeout();
  choose();
  note_next();
  scheduler.try_run_once();
  return true;
}

/// Any actor that has a message is next.
void simulated_process::actors::choose() {
  auto& jobs = scheduler.jobs;
  std::size_t chosen = machine.random() % jobs.size();
  const auto* actor = dynamic_cast<const caf::scheduled_actor*>(jobs[chosen]);
  if (actor != nullptr && actor->id() == lagging && machine.random() % lag != 0)
    chosen = machine.random() % jobs.size();
  std::swap(jobs[chosen], jobs.front());
}

void simulated_process::actors::note_next() {
  static const std::string unknown = "(CAF)";
  auto* actor = dynamic_cast<caf::scheduled_actor*>(scheduler.jobs.front());
  if (actor == nullptr) return;
  const auto name = names.find(actor->id());
  const char* type = "?";
  if (const auto* next = actor->mailbox().peek(); next != nullptr && next->content().size() != 0) {
    const auto of = next->content().type(0);
    type = of.second != nullptr ? of.second->name() : "atom";
  }
  machine.steps.add_step(machine.time, name != names.end() ? name->second : unknown, type);
}

bool simulated_process::step() {
  return actors_->step();
}

bool simulated_process::over() const {
  return actors_->board->over;  // one thread: no lock
}

job_status simulated_process::status() const {
  const auto& board = *actors_->board;
  return {board.over, board.cancelled, board.failure, actors_->restored_from, board.counters};
}

const std::optional<std::string>& simulated_process::broken_invariant() const {
  return actors_->broken;
}

void simulated_process::arm_throw() {
  actors_->throw_armed = true;
}

bool simulated_process::take_thrown() {
  return std::exchange(actors_->thrown, false);
}

bool simulated_process::kill_a_task() {
  std::vector<const std::pair<std::string, caf::actor>*> tasks;
  for (const auto& one : actors_->roster) {
    if (actors_->is_task(one.first)) tasks.push_back(&one);
  }
  if (tasks.empty()) return false;
  const auto& [name, actor] = *tasks[actors_->machine.random() % tasks.size()];
  actors_->machine.steps.add_event(actors_->machine.time, name + " is killed");
  caf::anon_send<caf::message_priority::high>(
      actor, caf::exit_msg{actor.address(), caf::exit_reason::kill});
  return true;
}

}  // namespace weir
