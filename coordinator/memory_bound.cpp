// SPDX-License-Identifier: Apache-2.0
#include "coordinator/memory_bound.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "common/byte_size.hpp"

namespace weir {
namespace {

constexpr std::size_t states_named = 3;

/// "71.2 mb": print_byte_size is exact, which nobody can read here.
std::string megabytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / (1 << 20);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " mb";
}

struct state_total {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  std::size_t tasks = 0;
};

std::vector<state_total> largest_first(const std::vector<state_size>& sizes) {
  std::map<std::string, state_total> by_name;
  for (const auto& one : sizes) {
    auto& total = by_name[one.operator_name + "/" + one.state];
    total.bytes += one.bytes;
    total.entries += one.entries;
    ++total.tasks;
  }
  std::vector<state_total> all;
  for (auto& [name, total] : by_name) {
    total.name = name;
    all.push_back(std::move(total));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  return all;
}

}  // namespace

memory_verdict memory_bound::on_look(std::uint64_t bytes) {
  if (ended_) return memory_verdict::fine;
  if (bytes <= bytes_max_) {
    looks_above_ = 0;
    return memory_verdict::fine;
  }
  if (!std::exchange(failed_, true)) return memory_verdict::fail;
  const bool grows_on = bytes - bytes_max_ > bytes_max_ / 4;
  if (++looks_above_ < patience_looks_ && !grows_on) return memory_verdict::fine;
  ended_ = true;
  return memory_verdict::end;
}

std::string memory_bound::describe(std::uint64_t bytes,
                                   const std::vector<state_size>& sizes) const {
  std::string text = "memory.process.size = " + print_byte_size(bytes_max_) +
                     " is exceeded: the process holds " + megabytes(bytes);
  const auto states = largest_first(sizes);
  if (states.empty()) return text + "; no task has keyed state";
  text += "; largest states:";
  for (std::size_t i = 0; i < std::min(states.size(), states_named); ++i) {
    const auto& one = states[i];
    text += (i == 0 ? " " : ", ") + one.name + " " + megabytes(one.bytes) + " in " +
            std::to_string(one.entries) + " entries of " + std::to_string(one.tasks) +
            (one.tasks == 1 ? " task" : " tasks");
  }
  return text + " (without what keys and values own outside of their slots)";
}

}  // namespace weir
