// SPDX-License-Identifier: Apache-2.0
// logger writes one line for each event that an operator of the system must act on or would ask
// about: time, level, layer, message, and the fields job= task= checkpoint= attempt= that are
// known. Lines go to stderr.
//
// Owner:      a logger is a small value; copies may be used from any thread. The level of each
//             layer belongs to the process, like stderr itself; it comes from WEIR_LOG when the
//             first line is logged.
// Invariants: (1) an event is one line: control characters in it are escaped; (2) logging never
//             throws; (3) spdlog stays behind log.cpp, and its global registry, which a host
//             program may use, is not touched.
// Source:     design page "architecture", section on running weir.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/ids.hpp"

namespace weir {

enum class log_level : std::uint8_t { trace, debug, info, warn, error, off };

/// The folder whose code speaks; each has a level of its own.
enum class log_layer : std::uint8_t {
  common,
  serialization,
  state,
  dataflow,
  connectors,
  actors,
  coordinator,
  program,
};

/// Whom a line is about. Empty or absent fields are left out of the line.
struct log_fields {
  std::string job{};
  std::string task{};
  std::optional<epoch_id> checkpoint{};
  std::optional<attempt_id> attempt{};
};

class logger {
 public:
  explicit logger(log_layer layer, const log_fields& fields = {});

  /// The same logger with the fields given here instead of those that it had.
  logger with(const log_fields& fields) const { return logger(layer_, fields); }

  bool enabled(log_level level) const noexcept;
  void log(log_level level, std::string_view message) const noexcept;

  void trace(std::string_view message) const noexcept { log(log_level::trace, message); }
  void debug(std::string_view message) const noexcept { log(log_level::debug, message); }
  void info(std::string_view message) const noexcept { log(log_level::info, message); }
  void warn(std::string_view message) const noexcept { log(log_level::warn, message); }
  void error(std::string_view message) const noexcept { log(log_level::error, message); }

 private:
  log_layer layer_;
  std::string suffix_;  // " job=.. task=..", or empty
};

/// Sets the levels of the process: "debug", or "info,state=debug,actors=off". Parts that are not
/// understood are returned as one sentence each and otherwise ignored; WEIR_LOG goes through here
/// and logs them as warnings.
std::vector<std::string> set_log_levels(std::string_view specification);

/// Collects the lines that are logged while it lives, from all threads ("warn coordinator text
/// job=a"), for tests.
class log_capture {
 public:
  log_capture();
  ~log_capture();
  log_capture(const log_capture&) = delete;
  log_capture& operator=(const log_capture&) = delete;

  std::vector<std::string> lines() const;

 private:
  class sink;
  std::shared_ptr<sink> sink_;
};

}  // namespace weir
