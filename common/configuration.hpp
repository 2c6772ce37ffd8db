// SPDX-License-Identifier: Apache-2.0
// configuration holds the settings of a job: what was given as key=value, each with its origin, over
// the defaults of the table in configuration_key.hpp.
//
// Owner:      a value; made once at the start, then read only, from any thread.
// Invariants: holds only known keys with values of their kind and range: what is not, is refused
//             when it is set, so that the getters cannot fail for a reason that a user could cause;
//             nothing that it prints shows the value of a secret.
// Source:     Flink's names and notation.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/configuration_key.hpp"
#include "common/read_settings.hpp"
#include "common/settings_rule.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// One line of what a configuration says about itself.
struct effective_setting {
  std::string key;
  std::string value;   ///< a secret's is secret_mask
  std::string origin;  ///< "default", or where it was given
  bool operator==(const effective_setting&) const = default;
};

class configuration {
 public:
  /// From settings in rising order: a later one overrides an earlier one. All mistakes, those of the
  /// reading first and broken rules last, are reported in one error, a line each, which begins with the
  /// origin. A rule is not asked when a value of its keys was refused.
  static result<configuration> from(const read_settings& read,
                                    std::span<const settings_rule> rules = {});
  /// The same from texts "key=value" of no particular origin.
  static result<configuration> from(std::span<const std::string> assignments);

  /// Sets one key by its current or an old name. error_code::invalid_argument with the key, the
  /// value, what was expected, and for an unknown key the nearest known one; nothing is changed
  /// then.
  result<void> set(std::string_view key, std::string_view value, std::string_view origin = {});

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

  /// Where the value comes from, "default" when nobody gave one.
  std::string origin(std::string_view key) const;

  /// What the user should be told at the start: old names and keys without effect, a sentence each.
  std::vector<std::string> notices() const;
  /// Such a sentence of a key that is_set().
  std::string without_effect(std::string_view key, std::string_view why) const;
  /// Every key that has a value, in the order of the table.
  std::vector<effective_setting> effective() const;

 private:
  struct given_value {
    std::string value;  // canonical
    std::string origin;
  };
  struct old_name {
    std::string current;
    std::string origin;
  };
  std::string require(std::string_view key, value_kind kind) const;
  std::string shown(std::string_view key) const;
  std::string broken(const settings_rule& rule, const std::string& complaint) const;

  std::map<std::string, given_value, std::less<>> given_;   // by current names
  std::map<std::string, old_name, std::less<>> old_names_;  // that were used
};

}  // namespace weir
