// SPDX-License-Identifier: Apache-2.0
#include "program/live_line.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/duration.hpp"
#include "program/job_texts.hpp"
#include "rest/observed_names.hpp"

namespace weir {
namespace {

constexpr std::size_t bar_cells = 10;  // so that rate, progress and time left fit 80 columns

double share_done(const rest::job_summary& of) {
  if (*of.all_to_read == 0) return 1;
  return 1 - std::min(1.0,
                      static_cast<double>(*of.left_to_read) / static_cast<double>(*of.all_to_read));
}

std::string bar(double share) {
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_cells));
  return "[" + std::string(filled, '#') + std::string(bar_cells - filled, '-') + "]";
}

std::string state_colour(observed_job_state state) {
  switch (state) {
    case observed_job_state::running:
    case observed_job_state::finished:
      return "\x1b[32m";
    case observed_job_state::failed:
      return "\x1b[31m";
    default:
      return "\x1b[33m";
  }
}

/// What stands on the line, what matters most first.
std::vector<std::string> parts_of(const rest::job_summary& of) {
  std::vector<std::string> parts;
  parts.push_back(rate_text(of.read_per_second, "records"));
  if (of.all_to_read && of.left_to_read) {
    const double share = share_done(of);
    std::string progress = std::to_string(static_cast<int>(share * 100)) + " %";
    if (of.time_left) progress += ", " + print_rounded(*of.time_left) + " left";
    parts.push_back(bar(share) + " " + progress);
  } else if (of.left_to_read) {
    parts.push_back("lag " + grouped(*of.left_to_read));
  }
  if (of.last_checkpoint) {
    parts.push_back("checkpoint " + print_rounded(of.checkpoint_age) + " ago, took " +
                    print_rounded(of.checkpoint_duration));
  }
  if (of.restarts > 0) parts.push_back(count_text(of.restarts, "restart"));
  if (of.failed_checkpoints > 0) {
    parts.push_back(count_text(of.failed_checkpoints, "failed checkpoint"));
  }
  return parts;
}

/// Bytes of UTF-8 that begin a character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

std::string live_line(const rest::job_summary& of, std::size_t width, colours with) {
  const std::string state(rest::name_of(of.state));
  const std::string shown_state =
      with == colours::ansi ? state_colour(of.state) + state + "\x1b[0m" : state;
  if (state.size() > width) return {};
  std::size_t used = state.size();
  std::string line = shown_state;
  if (const auto name = width_of(of.name); used + name + 1 <= width) {
    line = of.name + " " + line;
    used += name + 1;
  }
  for (const auto& part : parts_of(of)) {
    if (used + 2 + width_of(part) > width) continue;
    line += "  " + part;
    used += 2 + width_of(part);
  }
  return line;
}

std::string last_words(const rest::job_summary& of, const std::string& output) {
  std::string text = std::string(rest::name_of(of.state)) + " after " + print_rounded(of.ran) +
                     ": " + count_text(of.records_read, "record") + " read";
  if (of.restarts > 0) text += ", with what was read again";
  if (of.ran.count() > 0) {
    text += " (" +
            rate_text(static_cast<double>(of.records_read) * 1000 /
                      static_cast<double>(of.ran.count())) +
            ")";
  }
  text +=
      ", " + grouped(of.records_written) + " written; " + count_text(of.checkpoints, "checkpoint");
  if (of.failed_checkpoints > 0) text += ", " + grouped(of.failed_checkpoints) + " failed";
  text += ", " + count_text(of.restarts, "restart");
  if (!output.empty()) text += "; output: " + output;
  return text;
}

std::string outputs_of(const plan& physical) {
  std::string text;
  for (const auto& node : physical.logical->nodes) {
    if (node.kind == node_kind::sink) text += (text.empty() ? "" : ", ") + node.what;
  }
  return text;
}

}  // namespace weir
