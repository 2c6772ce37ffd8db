// SPDX-License-Identifier: Apache-2.0
#include "dataflow/fault_injector.hpp"

#include <utility>

namespace weir {
namespace {

error refused(const fault_spec& fault, const std::string& why) {
  return {error_code::invalid_argument, "weir.injection.plan: \"" + fault.text + "\": " + why};
}

std::string names_of(const plan& physical) {
  std::string names;
  for (const auto& chain : physical.chains) {
    names += "\"" + chain.name + "\"/0 to " + std::to_string(chain.parallelism - 1) + ", ";
  }
  return names;
}

}  // namespace

void task_faults::begin_attempt() {
  records_ = 0;
  last_ = {};
}

bool task_faults::armed_fault::hits_now() {
  if (what->chance && !std::bernoulli_distribution(*what->chance)(random)) return false;
  auto so_far = hits->load();
  do {
    if (what->times != 0 && so_far >= what->times) return false;
  } while (!hits->compare_exchange_weak(so_far, so_far + 1));
  return true;
}

result<std::shared_ptr<fault_injector>> fault_injector::make(fault_plan faults,
                                                             const plan& physical,
                                                             std::uint64_t seed) {
  auto made = std::make_shared<fault_injector>();
  made->faults_ = std::move(faults);
  made->tasks_.resize(physical.tasks.size());
  for (std::size_t fault = 0; fault < made->faults_.size(); ++fault) {
    made->hits_.emplace_back(0);
    if (auto armed = made->arm(fault, physical, seed); !armed) return armed.error();
  }
  return made;
}

result<void> fault_injector::arm(std::size_t fault, const plan& physical, std::uint64_t seed) {
  const auto& what = faults_[fault];
  const auto wanted = physical.find_task(what.task);
  if (what.task != "*" && !wanted) {
    return refused(what, "there is no task " + what.task + "; expected " + names_of(physical) +
                             "an operator of theirs/subtask, or *");
  }
  for (const auto& task : physical.tasks) {
    if (wanted && *wanted != task.id) continue;
    if (what.record && physical.chain_of(task.id).has_source) {
      if (!wanted) continue;
      return refused(what, "a source's task takes no records; expected a task behind it, or a " +
                               std::string("fault by epoch or phase"));
    }
    std::seed_seq mixed{seed, seed >> 32, std::uint64_t{task.id.value}, std::uint64_t{fault}};
    auto& mine = tasks_[task.id.value];
    (what.of_epoch() ? mine.of_epochs_ : mine.of_batches_)
        .push_back({&what, &hits_[fault], std::mt19937_64(mixed)});
  }
  return {};
}

task_faults* fault_injector::of(task_id task) {
  auto& mine = tasks_[task.value];
  return mine.of_batches_.empty() && mine.of_epochs_.empty() ? nullptr : &mine;
}

std::vector<fault_count> fault_injector::counts() const {
  std::vector<fault_count> all;
  for (std::size_t i = 0; i < faults_.size(); ++i) all.push_back({faults_[i].text, hits_[i]});
  return all;
}

}  // namespace weir
