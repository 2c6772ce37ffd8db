// SPDX-License-Identifier: Apache-2.0
// job_world is what a job's actors take from the world around them: threads, time, and faults. No world (nullptr) is the
// real one: blocking actors have threads of their own, time is CAF's clock, and nothing is done to anybody. A simulation
// puts its own in place, and then every actor runs on the scheduler.
//
// Owner:      shared by the actors of one job; a simulation has one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/spawn_options.hpp>

#include "weir/core/error.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/unit.hpp"

namespace weir {

class job_world {
 public:
  virtual ~job_world() = default;

  virtual steady_time now() = 0;
  virtual std::int64_t wall_us() = 0;
  /// A new actor of the job: "coordinator", "supervisor", "store", "count/1", "count/1 lane".
  virtual void on_spawn(const std::string& name, const caf::actor& made) = 0;
  /// A task is about to do a piece of work; may throw, as user code does.
  virtual void before_step(task_id task) = 0;
  /// Through whom a task that is restored reaches the others: they themselves, or links to them.
  virtual std::vector<caf::actor> peers_of(task_id from, const std::vector<caf::actor>& tasks) = 0;
  /// A task has failed and reports it.
  virtual void on_failure(task_id task, const error& why) = 0;
};

/// Spawns an actor that may block: on a thread of its own, unless the world is simulated. Host: an actor, or the system.
template <class Host, class... Args>
caf::actor spawn_blocking(Host& host, job_world* world, const std::string& name, Args&&... args) {
  if (world == nullptr) return host.template spawn<caf::detached>(std::forward<Args>(args)...);
  caf::actor made = host.spawn(std::forward<Args>(args)...);
  world->on_spawn(name, made);
  return made;
}

}  // namespace weir
