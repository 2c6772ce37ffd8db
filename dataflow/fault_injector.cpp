// SPDX-License-Identifier: Apache-2.0
#include "dataflow/fault_injector.hpp"

#include <random>
#include <utility>

namespace weir {
namespace {

error refused(const fault_spec& fault, const std::string& why) {
  return {error_code::invalid_argument, "fault \"" + fault.text + "\": " + why};
}

std::string names_of(const plan& physical) {
  std::string names;
  for (const auto& chain : physical.chains) {
    names += "\"" + chain.name + "\"/0 to " + std::to_string(chain.parallelism - 1) + ", ";
  }
  return names;
}

/// Whether it hits the thread of the store instead of tasks or lanes.
bool is_of_store(const fault_spec& fault) {
  return fault.disk ? *fault.disk == fault_disk::store : fault.phase == fault_phase::manifest;
}

}  // namespace

fault_injector::fault_injector(std::shared_ptr<const plan> physical, std::uint64_t seed)
    : physical_(std::move(physical)),
      seed_(seed),
      tasks_(physical_->tasks.size()),
      journals_(physical_->tasks.size()) {}

result<std::shared_ptr<fault_injector>> fault_injector::make(fault_plan faults,
                                                             std::shared_ptr<const plan> physical,
                                                             std::uint64_t seed) {
  auto made = std::make_shared<fault_injector>(std::move(physical), seed);
  for (auto& fault : faults) {
    if (auto added = made->add(std::move(fault)); !added) {
      return error{added.error().code, "weir.injection.plan: " + added.error().message};
    }
  }
  return made;
}

result<void> fault_injector::inject(std::string_view text) {
  auto fault = parse_fault(text);
  if (!fault) return fault.error();
  return add(std::move(*fault));
}

result<void> fault_injector::add(fault_spec what) {
  if (auto checked = check(what); !checked) return checked;
  const auto named = physical_->find_task(what.task);
  const std::lock_guard hold(mutex_);
  if (faults_.size() == injected_faults_max) {
    return error{error_code::limit, "fault \"" + what.text + "\": the job has " +
                                        std::to_string(injected_faults_max) +
                                        " already, expected no more"};
  }
  const auto number = faults_.size();
  auto& fault = faults_.emplace_back(std::move(what));
  const auto arm = [&](std::uint64_t whom) {
    std::seed_seq mixed{seed_, seed_ >> 32, whom, std::uint64_t{number}};
    return armed_fault(fault, mixed);
  };
  if (is_of_store(fault.what)) {
    store_.expect(arm(physical_->tasks.size()));
    return {};
  }
  const bool takes_source = fault.what.disk || !fault.what.record;
  for (const auto& task : physical_->tasks) {
    if (named && *named != task.id) continue;
    const bool source = physical_->chain_of(task.id).has_source;
    if (fault.what.disk) {
      if (source) journals_[task.id.value].expect(arm(task.id.value));
    } else if (!source || takes_source) {
      tasks_[task.id.value].expect(arm(task.id.value));
    }
  }
  return {};
}

result<void> fault_injector::check(const fault_spec& what) const {
  if (what.task == "*") return {};
  const auto named = physical_->find_task(what.task);
  if (!named) {
    return refused(what, "there is no task " + what.task + "; expected " + names_of(*physical_) +
                             "an operator of theirs/subtask, or *");
  }
  const bool source = physical_->chain_of(*named).has_source;
  if (what.record && source) {
    return refused(what, "a source's task takes no records; expected a task behind it, or a " +
                             std::string("fault by epoch or phase"));
  }
  if (what.disk && !source) return refused(what, "expected the task of a source with a journal");
  return {};
}

std::vector<fault_count> fault_injector::counts() const {
  const std::lock_guard hold(mutex_);
  std::vector<fault_count> all;
  for (const auto& fault : faults_) all.push_back({fault.what.text, fault.hits});
  return all;
}

}  // namespace weir
