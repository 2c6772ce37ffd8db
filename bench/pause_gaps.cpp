// SPDX-License-Identifier: Apache-2.0
#include "bench/pause_gaps.hpp"

#include <algorithm>

namespace weir::bench {

namespace {

bool ended_before(const checkpoint_window& window, std::int64_t time) {
  return window.end_ns != 0 && window.end_ns < time;
}

}  // namespace

void pause_gaps::add(const task_notes& notes) {
  auto window = notes.windows.begin();
  std::int64_t longest = 0;
  const auto leave_window = [&] {
    if (longest > 0) longest_us.push_back(static_cast<double>(longest) / 1e3);
    longest = 0;
    ++window;
  };
  for (std::size_t i = 1; i < notes.size; ++i) {
    const std::int64_t begin = notes.times[i - 1];
    const std::int64_t end = notes.times[i];
    while (window != notes.windows.end() && ended_before(*window, begin)) leave_window();
    const bool is_inside = window != notes.windows.end() && window->begin_ns <= end;
    const auto gap = static_cast<std::uint64_t>(end - begin);
    all.add(gap);
    (is_inside ? inside : outside).add(gap);
    if (is_inside && begin <= window->drained_ns) draining.add(gap);
    if (is_inside) longest = std::max(longest, end - begin);
  }
  if (window != notes.windows.end()) leave_window();
}

}  // namespace weir::bench
