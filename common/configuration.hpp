// SPDX-License-Identifier: Apache-2.0
// configuration holds the settings of a job: what the user gave as key=value, over the defaults of
// the table in configuration_key.hpp.
//
// Owner:      a value; made once at the start, then read only, from any thread.
// Invariants: holds only known keys with values of their kind and range: what is not, is refused
//             when it is set, so that the getters cannot fail for a reason that a user could cause.
// Source:     Flink's names and notation.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/configuration_key.hpp"
#include "weir/core/result.hpp"

namespace weir {

class configuration {
 public:
  /// From texts "key=value"; a later one overrides an earlier one. All mistakes are reported in one
  /// error, a line each.
  static result<configuration> from(std::span<const std::string> assignments);

  /// Sets one key by its current or an old name. error_code::invalid_argument with the key, the
  /// value, what was expected, and for an unknown key the nearest known one; nothing is changed
  /// then.
  result<void> set(std::string_view key, std::string_view value);

  /// Whether the user gave it.
  bool is_set(std::string_view key) const;
  /// Whether there is a value: the user's or a default.
  bool has_value(std::string_view key) const;

  // The value or the default. The key exists, is of this kind and has_value().
  std::chrono::nanoseconds get_duration(std::string_view key) const;
  std::uint64_t get_size(std::string_view key) const;
  std::int64_t get_integer(std::string_view key) const;
  double get_number(std::string_view key) const;
  bool get_boolean(std::string_view key) const;
  /// The word as the table spells it, whatever case or synonym the user wrote.
  std::string get_choice(std::string_view key) const;
  std::string get_text(std::string_view key) const;

  /// What the user should be told at the start: old names and keys without effect, a sentence each.
  std::vector<std::string> notices() const;
  /// Every key that has a value, in the order of the table.
  std::vector<std::pair<std::string, std::string>> effective() const;

 private:
  std::string require(std::string_view key, value_kind kind) const;

  std::map<std::string, std::string, std::less<>> given_;      // canonical values by current names
  std::map<std::string, std::string, std::less<>> old_names_;  // current name by the old one used
};

}  // namespace weir
