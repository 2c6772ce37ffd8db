// SPDX-License-Identifier: Apache-2.0
// configuration_key says all that weir knows about one setting: its name, the kind and range of its
// values, its default. The table of them is the one place where a setting is declared, and what
// `docs/` and messages are made from.
//
// Owner:      constant data; any thread.
// Invariants: (1) names, old ones included, are unique; (2) defaults and bounds are valid values of
//             their kind (both are checked by a test).
// Source:     Flink's configuration names; the defaults are weir's own where Flink's would
//             surprise.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "weir/core/result.hpp"

namespace weir {

enum class value_kind : std::uint8_t {
  duration,  ///< duration.hpp
  size,      ///< byte_size.hpp
  integer,   ///< a decimal integer, 64 bit, signed
  number,    ///< a finite decimal number
  boolean,   ///< true or false, in any case
  choice,    ///< one of a list of words, in any case
  text,      ///< anything that is not empty
};

struct configuration_key {
  std::string_view name;
  value_kind kind;
  std::string_view fallback;     ///< the default; empty: none
  std::string_view meaning;      ///< one line
  std::string_view least{};      ///< smallest value, in the notation of the kind; empty: no bound
  std::string_view most{};       ///< largest value
  bool zero_is_off = false;      ///< 0 is allowed beside [least, most]
  std::string_view choices{};    ///< "A B C"; an accepted synonym follows its word: "A=synonym"
  std::string_view old_names{};  ///< names of earlier versions of Flink, separated by spaces
  std::string_view
      no_effect{};  ///< why setting it changes nothing in weir; empty: it has an effect
};

std::span<const configuration_key> configuration_keys();

/// The key of this current name, or null.
const configuration_key* find_key(std::string_view name);
/// The key that had this name in earlier versions, or null.
const configuration_key* find_old_key(std::string_view old_name);
/// The current name that is most like `name`.
std::string_view nearest_key(std::string_view name);

/// What a value of this key looks like, for messages: "a duration from 1 ms to 1 d, or 0 (off)".
std::string describe_values(const configuration_key& key);

}  // namespace weir
