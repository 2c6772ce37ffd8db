// SPDX-License-Identifier: Apache-2.0
#include "common/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "common/status_line.hpp"

namespace weir {
namespace {

constexpr std::array<std::string_view, 8> layer_names = {"common",      "serialization", "state",
                                                         "dataflow",    "connectors",    "actors",
                                                         "coordinator", "program"};
constexpr std::array<std::string_view, 6> level_names = {"trace", "debug", "info",
                                                         "warn",  "error", "off"};

static_assert(layer_names.size() == static_cast<std::size_t>(log_layer::program) + 1);
static_assert(level_names.size() == static_cast<std::size_t>(log_level::off) + 1);

spdlog::level::level_enum to_spdlog(log_level level) {
  switch (level) {
    case log_level::trace:
      return spdlog::level::trace;
    case log_level::debug:
      return spdlog::level::debug;
    case log_level::info:
      return spdlog::level::info;
    case log_level::warn:
      return spdlog::level::warn;
    case log_level::error:
      return spdlog::level::err;
    case log_level::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

constexpr const char* erase_line = "\r\x1b[K";

/// stderr, with a line below those of the log that is moved down as they come.
class terminal_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void set_status(std::string text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (text == status_) return;
    std::string bytes(status_.empty() ? "" : erase_line);
    status_ = std::move(text);
    write(bytes + status_);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    const std::string line(formatted.data(), formatted.size());
    write(status_.empty() ? line : erase_line + line + status_);
  }
  void flush_() override { std::fflush(stderr); }

 private:
  static void write(const std::string& bytes) {
    std::fwrite(bytes.data(), 1, bytes.size(), stderr);
    std::fflush(stderr);
  }
  std::string status_;
};

/// The loggers of the process, one a layer, over one list of sinks.
struct loggers {
  loggers() {
    sinks->add_sink(terminal);
    for (std::size_t i = 0; i < layer_names.size(); ++i) {
      by_layer[i] = std::make_shared<spdlog::logger>(std::string(layer_names[i]), sinks);
      by_layer[i]->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %n %v");
      by_layer[i]->set_level(spdlog::level::info);
    }
  }

  std::shared_ptr<terminal_sink> terminal = std::make_shared<terminal_sink>();
  std::shared_ptr<spdlog::sinks::dist_sink_mt> sinks =
      std::make_shared<spdlog::sinks::dist_sink_mt>();
  std::array<std::shared_ptr<spdlog::logger>, layer_names.size()> by_layer;
};

template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& names,
                                    std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

template <std::size_t N>
std::string joined(const std::array<std::string_view, N>& names) {
  std::string text;
  for (const auto name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

/// Applies one part of a specification; gives a sentence when it is not understood.
std::string apply_part(loggers& all, std::string_view part) {
  const auto equals = part.find('=');
  const auto layer_name = equals == part.npos ? std::string_view{} : part.substr(0, equals);
  const auto level_name = equals == part.npos ? part : part.substr(equals + 1);
  const auto level = index_of(level_names, level_name);
  if (!level) {
    return "log level '" + std::string(level_name) + "' is unknown; expected one of " +
           joined(level_names);
  }
  const auto wanted = to_spdlog(static_cast<log_level>(*level));
  if (equals == part.npos) {
    for (const auto& one : all.by_layer) one->set_level(wanted);
    return {};
  }
  const auto layer = index_of(layer_names, layer_name);
  if (!layer) {
    return "log layer '" + std::string(layer_name) + "' is unknown; expected one of " +
           joined(layer_names);
  }
  all.by_layer[*layer]->set_level(wanted);
  return {};
}

std::vector<std::string> apply(loggers& all, std::string_view specification) {
  std::vector<std::string> complaints;
  while (!specification.empty()) {
    const auto comma = std::min(specification.find(','), specification.size());
    const auto part = specification.substr(0, comma);
    specification.remove_prefix(std::min(comma + 1, specification.size()));
    if (part.empty()) continue;
    if (auto complaint = apply_part(all, part); !complaint.empty()) {
      complaints.push_back(std::move(complaint));
    }
  }
  return complaints;
}

/// Never destroyed, so that threads which outlive main may still log.
loggers& process_loggers() {
  static loggers& all = *[] {
    auto* made = new loggers;
    const char* specification = std::getenv("WEIR_LOG");
    if (specification != nullptr) {
      for (const auto& complaint : apply(*made, specification)) {
        made->by_layer[0]->log(spdlog::level::warn, "WEIR_LOG: " + complaint);
      }
    }
    return made;
  }();
  return all;
}

/// `text` on one line: control characters as \n, \t or \xhh.
std::string one_line(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    } else {
      line += c;
    }
  }
  return line;
}

/// A field's value; quoted when it could be taken for several.
std::string field_value(std::string_view value) {
  const std::string text = one_line(value);
  return text.find_first_of(" =\"") == text.npos ? text : "\"" + text + "\"";
}

std::string suffix_of(const log_fields& fields) {
  std::string text;
  if (!fields.job.empty()) text += " job=" + field_value(fields.job);
  if (!fields.task.empty()) text += " task=" + field_value(fields.task);
  if (fields.checkpoint) text += " checkpoint=" + to_string(*fields.checkpoint);
  if (fields.attempt) text += " attempt=" + to_string(*fields.attempt);
  return text;
}

}  // namespace

logger::logger(log_layer layer, const log_fields& fields)
    : layer_(layer), suffix_(suffix_of(fields)) {}

bool logger::enabled(log_level level) const noexcept {
  const auto& target = process_loggers().by_layer[static_cast<std::size_t>(layer_)];
  return level != log_level::off && target->should_log(to_spdlog(level));
}

void logger::log(log_level level, std::string_view message) const noexcept {
  if (!enabled(level)) return;
  try {
    const auto& target = process_loggers().by_layer[static_cast<std::size_t>(layer_)];
    target->log(to_spdlog(level), one_line(message) + suffix_);
  } catch (...) {
    // Only memory can be short here; a line that cannot be written must not end a task.
  }
}

std::vector<std::string> set_log_levels(std::string_view specification) {
  return apply(process_loggers(), specification);
}

void set_status_line(std::string text) {
  process_loggers().terminal->set_status(std::move(text));
}

bool can_show_status_line() {
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return isatty(STDERR_FILENO) == 1 && !dumb;
}

void erase_left_status_line() {
  if (can_show_status_line()) std::fputs(erase_line, stderr);
}

class log_capture::sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::string> lines() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return lines_;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto level = spdlog::level::to_string_view(message.level);
    std::string line(level.data(), level.size());
    line += ' ';
    line.append(message.logger_name.data(), message.logger_name.size());
    line += ' ';
    line.append(message.payload.data(), message.payload.size());
    lines_.push_back(std::move(line));
  }
  void flush_() override {}

 private:
  std::vector<std::string> lines_;
};

log_capture::log_capture() : sink_(std::make_shared<sink>()) {
  process_loggers().sinks->add_sink(sink_);
}

log_capture::~log_capture() {
  process_loggers().sinks->remove_sink(sink_);
}

std::vector<std::string> log_capture::lines() const {
  return sink_->lines();
}

}  // namespace weir
