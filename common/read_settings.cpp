// SPDX-License-Identifier: Apache-2.0
#include "common/read_settings.hpp"

#include <iterator>

#include "common/configuration_key.hpp"
#include "common/quantity.hpp"
#include "common/quoted.hpp"

namespace weir {

void read_settings::append(read_settings later) {
  given.insert(given.end(), std::make_move_iterator(later.given.begin()),
               std::make_move_iterator(later.given.end()));
  mistakes.insert(mistakes.end(), std::make_move_iterator(later.mistakes.begin()),
                  std::make_move_iterator(later.mistakes.end()));
}

read_settings read_assignments(std::span<const std::string> assignments, std::string_view origin) {
  read_settings read;
  const std::string prefix = origin.empty() ? "" : std::string(origin) + ": ";
  for (const auto& assignment : assignments) {
    const std::string_view whole = assignment;
    const auto equals = whole.find('=');
    if (equals == whole.npos) {
      const auto shown = is_secret(whole) ? std::string(secret_mask) : detail::quoted(whole);
      read.mistakes.push_back(prefix + shown + " is not a setting; expected key=value");
      continue;
    }
    read.given.push_back({.key = std::string(detail::trimmed(whole.substr(0, equals))),
                          .value = std::string(whole.substr(equals + 1)),
                          .origin = std::string(origin)});
  }
  return read;
}

}  // namespace weir
