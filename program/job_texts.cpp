// SPDX-License-Identifier: Apache-2.0
#include "program/job_texts.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "common/duration.hpp"
#include "dataflow/text_table.hpp"

namespace weir {
namespace {

using rest::document;

std::string time_text(std::int64_t ms) {
  return ms < 0 ? "-" : print_rounded(std::chrono::milliseconds(ms));
}

std::string percent_text(double share) {
  return std::to_string(static_cast<int>(std::lround(share * 100))) + " %";
}

/// "2026-11-23 08:55:27", local.
std::string clock_text(std::int64_t unix_ms) {
  if (unix_ms < 0) return "-";
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return text.data();
}

std::string vertices_text(const document& vertices) {
  text_table table;
  table.add({"", "vertex", "tasks", "status", "in/s", "out/s", "busy (max)", "idle (max)",
             "back-pressured (max)", "batches waiting"});
  for (const auto& vertex : vertices) {
    table.add({"", vertex.at("name"), std::to_string(vertex.at("parallelism").get<int>()),
               vertex.at("status"), rate_text(vertex.at("records-in-per-second")),
               rate_text(vertex.at("records-out-per-second")), percent_text(vertex.at("busy")),
               percent_text(vertex.at("idle")), percent_text(vertex.at("backpressured")),
               grouped(vertex.at("queued-batches").get<std::uint64_t>())});
  }
  return table.text();
}

std::string progress_text(const document& summary) {
  if (summary.at("all-to-read").is_null()) return {};
  const auto all = summary.at("all-to-read").get<double>();
  const auto left = summary.at("left-to-read").get<double>();
  std::string text = "  progress     " + percent_text(all == 0 ? 1 : 1 - left / all);
  if (!summary.at("time-left").is_null()) {
    text += ", about " + time_text(summary.at("time-left").get<std::int64_t>()) + " left";
  }
  return text + "\n";
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string count_text(std::uint64_t count, const std::string& thing) {
  return grouped(count) + " " + thing + (count == 1 ? "" : "s");
}

std::string rate_text(double per_second, const std::string& things) {
  return grouped(static_cast<std::uint64_t>(std::llround(std::max(per_second, 0.0)))) +
         (things.empty() ? "" : " ") + things + "/s";
}

std::string rounded_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units = {"b", "kb", "mb", "gb", "tb"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text.data();
}

std::string status_text(const document& summary, bool why) {
  std::string text = summary.at("name").get<std::string>() + ": " +
                     summary.at("state").get<std::string>() + ", for " +
                     time_text(summary.at("duration")) + ", " +
                     count_text(summary.at("restarts"), "restart") + "\n";
  text += "  records      read " + grouped(summary.at("records-read")) + " (" +
          rate_text(summary.at("records-read-per-second")) + "), written " +
          grouped(summary.at("records-written")) + " (" +
          rate_text(summary.at("records-written-per-second")) + ")\n";
  const auto& checkpoints = summary.at("checkpoints");
  text += "  checkpoints  " + grouped(checkpoints.at("completed")) + " complete, " +
          grouped(checkpoints.at("failed")) + " failed";
  if (const auto& last = checkpoints.at("last"); !last.is_null()) {
    text += "; the last, " + std::to_string(last.at("id").get<std::uint64_t>()) + ", " +
            time_text(last.at("age")) + " ago, took " + time_text(last.at("duration")) + ", " +
            rounded_bytes(last.at("state_size"));
  }
  text += "\n" + progress_text(summary);
  text += "  memory       " + rounded_bytes(summary.at("resident-memory")) + "\n";
  text += "  state.dir    " + summary.at("state-directory").get<std::string>() + "\n";
  text += vertices_text(summary.at("vertices"));
  if (!why) return text;
  text += "What it waits for:\n";
  for (const auto& sentence : summary.at("why")) text += "  " + sentence.get<std::string>() + "\n";
  return text;
}

std::string checkpoints_text(const document& checkpoints) {
  const auto& counts = checkpoints.at("counts");
  std::string text = grouped(counts.at("completed")) + " complete, " +
                     grouped(counts.at("failed")) + " failed, " +
                     grouped(counts.at("in_progress")) + " in progress\n";
  text_table table;
  table.add({"", "id", "status", "acked", "triggered", "duration", "written", "state", ""});
  for (const auto& each : checkpoints.at("history")) {
    table.add({"", std::to_string(each.at("id").get<std::uint64_t>()), each.at("status"),
               std::to_string(each.at("num_acknowledged_subtasks").get<int>()) + "/" +
                   std::to_string(each.at("num_subtasks").get<int>()),
               clock_text(each.at("trigger_timestamp")), time_text(each.at("end_to_end_duration")),
               rounded_bytes(each.at("checkpointed_size")), rounded_bytes(each.at("state_size")),
               each.value("failure_message", "")});
  }
  text += table.text();
  if (const auto& restored = checkpoints.at("latest").at("restored"); !restored.is_null()) {
    text += "last restored from " + std::to_string(restored.at("id").get<std::uint64_t>()) +
            " at " + clock_text(restored.at("restore_timestamp")) + "\n";
  }
  return text;
}

std::string exceptions_text(const document& exceptions) {
  const auto& history = exceptions.at("exceptionHistory");
  if (history.at("entries").empty()) return "no exceptions\n";
  std::string text;
  for (const auto& each : history.at("entries")) {
    text += clock_text(each.at("timestamp")) + "  ";
    if (!each.at("taskName").is_null()) text += each.at("taskName").get<std::string>() + ": ";
    text += each.at("stacktrace").get<std::string>() + "\n";
    if (!each.at("record").is_null()) {
      text += "  record " + each.at("record").get<std::string>() + "\n";
    }
    if (!each.at("restoredCheckpoint").is_null()) {
      text += "  went back to checkpoint " +
              std::to_string(each.at("restoredCheckpoint").get<std::uint64_t>());
      const auto until = each.at("untilRunning").get<std::int64_t>();
      text += ", records flowed again after " + (until > 0 ? time_text(until) : "less than 1 ms");
      text += "\n";
    }
  }
  if (history.at("truncated").get<bool>()) text += "older ones are not shown\n";
  return text;
}

}  // namespace weir
