// SPDX-License-Identifier: Apache-2.0
// configuration_key says all that weir knows about one setting: its name, the kind and range of its
// values, its default. The table of them is the one place where a setting is declared, and what
// `docs/` and messages are made from.
//
// Owner:      constant data; any thread.
// Invariants: (1) names, old ones included, are unique, also as names of environment variables;
//             (2) defaults and bounds are valid values of their kind (both are checked by a test).
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
  std::string_view name;  ///< the part "<name>" in it stands for any one part
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
  std::string_view unsupported{};  ///< why only the default is accepted; empty: other values are
  bool secret = false;             ///< its value is never printed
};

/// Keys that belong together, as they stand in the documentation.
struct configuration_group {
  std::string_view title;
  std::span<const configuration_key> keys;
};

std::span<const configuration_group> configuration_groups();
/// The keys of all groups, in order.
std::span<const configuration_key> configuration_keys();

/// The key of this current name, or null. "metrics.reporter.x.port" has the key with "<name>" for x.
const configuration_key* find_key(std::string_view name);
/// The key that had this name in earlier versions, or null.
const configuration_key* find_old_key(std::string_view old_name);
/// The current name that is most like `name`.
std::string_view nearest_key(std::string_view name);

/// Whether a value given under this name, known or not, must not be printed.
bool is_secret(std::string_view name);
/// What is printed instead.
inline constexpr std::string_view secret_mask = "******";

/// The environment variable that sets `name`: in upper case, with underscores for dots and dashes,
/// behind "WEIR_", which stands for a "weir." in front. "rest.port" is WEIR_REST_PORT, and
/// "weir.rest.token" is WEIR_REST_TOKEN.
std::string variable_of(std::string_view name);

/// What a value of this key looks like, for messages: "a duration from 1 ms to 1 d, or 0 (off)".
std::string describe_values(const configuration_key& key);

}  // namespace weir
