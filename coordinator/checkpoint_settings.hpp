// SPDX-License-Identifier: Apache-2.0
// checkpoint_settings says when checkpoints are taken, how, and how many failed ones are borne.
//
// Owner:      a value; read from the configuration at the start.
// Invariants: says only what weir can do: the table of keys refuses unaligned checkpoints, and more
//             than one at a time, with the reason.
// Source:     Flink's execution.checkpointing.*; P8 for the bound on concurrent checkpoints.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/configuration.hpp"

namespace weir {

/// Whether a task holds back channels that have delivered a marker until all have (P6).
enum class checkpoint_mode : std::uint8_t { exactly_once, at_least_once };

struct checkpoint_settings {
  std::chrono::nanoseconds interval = std::chrono::seconds(1);  ///< start to start; 0: none by time
  std::chrono::nanoseconds timeout = std::chrono::minutes(10);  ///< > 0
  std::chrono::nanoseconds min_pause{0};                        ///< end to start, >= 0
  std::uint32_t tolerable_failures = 3;  ///< in a row; one more fails the job
  std::uint32_t retained = 2;            ///< complete checkpoints kept (P18), >= 2
  checkpoint_mode mode = checkpoint_mode::exactly_once;

  bool enabled() const { return interval.count() > 0; }

  static checkpoint_settings from(const configuration& settings);
};

/// For people: when checkpoints are taken, and what their markers do on every exchange. Ends with a line feed.
std::string describe(const checkpoint_settings& settings);

}  // namespace weir
