// SPDX-License-Identifier: Apache-2.0
#include "common/variable_settings.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "common/configuration_key.hpp"
#include "common/edit_distance.hpp"
#include "common/quoted.hpp"
#include "common/words.hpp"

namespace weir {
namespace {

constexpr std::string_view prefix = "WEIR_";

/// Names of settings, old ones included, by variable.
std::map<std::string, std::string_view, std::less<>> names_by_variable() {
  std::map<std::string, std::string_view, std::less<>> names;
  for (const auto& key : configuration_keys()) {
    if (key.name.find('<') != key.name.npos) continue;
    names.emplace(variable_of(key.name), key.name);
    for (const auto old_name : detail::words(key.old_names)) {
      names.emplace(variable_of(old_name), old_name);
    }
  }
  return names;
}

std::string unknown(std::string_view variable,
                    const std::map<std::string, std::string_view, std::less<>>& names) {
  std::vector<std::string_view> known;
  for (const auto& [name, key] : names) known.push_back(name);
  const std::string nearest(nearest_word(variable, known));
  return std::string(variable) + ": no setting has this variable; the nearest one is " + nearest +
         ", of " + std::string(names.find(nearest)->second);
}

}  // namespace

read_settings read_variables(std::span<const std::string> environment) {
  const auto names = names_by_variable();
  read_settings read;
  std::map<std::string_view, std::string> variables;  // seen, by the current name of their setting
  for (const auto& entry : environment) {
    const auto variable = std::string_view(entry).substr(0, entry.find('='));
    if (!variable.starts_with(prefix) || is_own_variable(variable)) continue;
    const auto found = names.find(variable);
    if (found == names.end()) {
      read.mistakes.push_back(unknown(variable, names));
      continue;
    }
    const auto* old = find_old_key(found->second);
    const auto current = old == nullptr ? found->second : old->name;
    const auto [first, is_new] = variables.emplace(current, variable);
    if (!is_new) {
      read.mistakes.push_back(std::string(variable) + ": " + std::string(current) +
                              " is given twice, also by " + first->second);
    }
    const auto value = entry.size() == variable.size() ? "" : entry.substr(variable.size() + 1);
    read.given.push_back({std::string(found->second), value, std::string(variable)});
  }
  return read;
}

bool is_own_variable(std::string_view name) {
  constexpr std::array<std::string_view, 7> own = {
      "WEIR_LOG",         "WEIR_GUARD_FD", "WEIR_SEED", "WEIR_FIRST_SEED",
      "WEIR_SIMULATIONS", "WEIR_CRASHES",  "WEIR_PORT"};
  constexpr std::array<std::string_view, 3> families = {"WEIR_TEST_", "WEIR_SERVICE_",
                                                        "WEIR_PORT_"};
  const auto begins = [name](std::string_view family) { return name.starts_with(family); };
  return std::find(own.begin(), own.end(), name) != own.end() ||
         std::any_of(families.begin(), families.end(), begins);
}

}  // namespace weir
