// SPDX-License-Identifier: Apache-2.0
#include "common/configuration.hpp"

#include <algorithm>
#include <set>

#include "common/byte_size.hpp"
#include "common/configuration_value.hpp"
#include "common/duration.hpp"
#include "common/quoted.hpp"

namespace weir {

namespace {

constexpr std::size_t mistakes_listed_max = 50;  // a page; whoever has more has one cause

error all_of(std::span<const std::string> mistakes) {
  std::string text;
  for (std::size_t i = 0; i < mistakes.size() && i < mistakes_listed_max; ++i) {
    text += (i == 0 ? "" : "\n") + mistakes[i];
  }
  if (mistakes.size() > mistakes_listed_max) {
    text += "\nand " + std::to_string(mistakes.size() - mistakes_listed_max) + " more like these";
  }
  return {error_code::invalid_argument, text};
}

std::string at(std::string_view origin) {
  return origin.empty() ? "" : " (" + std::string(origin) + ")";
}

error unknown(std::string_view key, std::string_view value) {
  const std::string shown = is_secret(key) ? std::string(secret_mask) : detail::quoted(value);
  const std::string what = detail::quoted(key) + " (value " + shown + ") is ";
  const std::string group = std::string(key) + ".";
  for (const auto& known : configuration_keys()) {
    if (known.name.starts_with(group)) {
      return {error_code::invalid_argument,
              what + "no setting but a group of them, such as " + std::string(known.name)};
    }
  }
  return {error_code::invalid_argument,
          what + "not a known setting; the nearest one is " + std::string(nearest_key(key))};
}

std::string in_front(const std::string& origin) {
  return origin.empty() ? "" : origin + ": ";
}

std::string current_name(const std::string& key) {
  const auto* old = find_old_key(key);
  return old == nullptr ? key : std::string(old->name);
}

}  // namespace

result<configuration> configuration::from(const read_settings& read,
                                          std::span<const settings_rule> rules) {
  configuration made;
  std::vector<std::string> mistakes = read.mistakes;
  std::set<std::string, std::less<>> refused;
  for (const auto& [key, value, origin] : read.given) {
    const auto set = made.set(key, value, origin);
    if (set) continue;
    mistakes.push_back(in_front(origin) + set.error().message);
    refused.insert(current_name(key));
  }
  for (const auto& rule : rules) {
    const auto is_refused = [&](std::string_view key) { return refused.contains(key); };
    if (std::any_of(rule.keys.begin(), rule.keys.end(), is_refused)) continue;
    const auto complaint = rule.complaint(made);
    if (!complaint.empty()) mistakes.push_back(made.broken(rule, complaint));
  }
  if (!mistakes.empty()) return all_of(mistakes);
  return made;
}

result<configuration> configuration::from(std::span<const std::string> assignments) {
  return from(read_assignments(assignments, {}));
}

result<void> configuration::set(std::string_view key, std::string_view value,
                                std::string_view origin) {
  const auto* known = find_key(key);
  const bool is_old = known == nullptr;
  if (is_old) known = find_old_key(key);
  if (known == nullptr) return unknown(key, value);
  auto canonical = detail::canonical_value(*known, value);
  if (!canonical) return canonical.error();
  const std::string name(is_old ? known->name : key);
  if (is_old) old_names_.insert_or_assign(std::string(key), old_name{name, std::string(origin)});
  given_.insert_or_assign(name, given_value{std::move(*canonical), std::string(origin)});
  return {};
}

bool configuration::is_set(std::string_view key) const {
  WEIR_CHECK(find_key(key) != nullptr, key);
  return given_.find(key) != given_.end();
}

bool configuration::has_value(std::string_view key) const {
  return is_set(key) || !find_key(key)->fallback.empty();
}

std::chrono::nanoseconds configuration::get_duration(std::string_view key) const {
  return *parse_duration(require(key, value_kind::duration));
}

std::uint64_t configuration::get_size(std::string_view key) const {
  return *parse_byte_size(require(key, value_kind::size));
}

std::int64_t configuration::get_integer(std::string_view key) const {
  return *detail::parse_integer(require(key, value_kind::integer));
}

double configuration::get_number(std::string_view key) const {
  return *detail::parse_number(require(key, value_kind::number));
}

bool configuration::get_boolean(std::string_view key) const {
  return require(key, value_kind::boolean) == "true";
}

std::string configuration::get_choice(std::string_view key) const {
  return require(key, value_kind::choice);
}

std::string configuration::get_text(std::string_view key) const {
  return require(key, value_kind::text);
}

std::string configuration::origin(std::string_view key) const {
  return is_set(key) ? given_.find(key)->second.origin : "default";
}

std::vector<std::string> configuration::notices() const {
  std::vector<std::string> all;
  for (const auto& [name, old] : old_names_) {
    all.push_back("setting " + name + at(old.origin) + " is now called " + old.current);
  }
  for (const auto& [name, what] : given_) {
    const auto* key = find_key(name);
    if (key->no_effect.empty() || what.value == key->fallback) continue;
    all.push_back(without_effect(name, key->no_effect));
  }
  return all;
}

std::string configuration::without_effect(std::string_view key, std::string_view why) const {
  return "setting " + shown(key) + at(origin(key)) + " has no effect: " + std::string(why);
}

/// "key = value", or that it is not set.
std::string configuration::shown(std::string_view key) const {
  const auto* known = find_key(key);
  if (!has_value(key)) return std::string(key) + " not set";
  const std::string head = std::string(key) + " = ";
  if (known->secret) return head + std::string(secret_mask);
  const auto value = require(key, known->kind);
  return head + (known->kind == value_kind::text ? detail::quoted(value) : value);
}

/// "weir.yaml:3:1: key = value with key = value (default): what is wrong": what was given goes first.
std::string configuration::broken(const settings_rule& rule, const std::string& complaint) const {
  auto keys = rule.keys;
  std::stable_partition(keys.begin(), keys.end(), [this](auto key) { return is_set(key); });
  std::string text = in_front(origin(keys.front())) + shown(keys.front());
  for (std::size_t i = 1; i < keys.size(); ++i) {
    text += (i == 1 ? " with " : " and ") + shown(keys[i]);
    if (has_value(keys[i])) text += at(origin(keys[i]));
  }
  return text + ": " + complaint;
}

std::vector<effective_setting> configuration::effective() const {
  std::vector<effective_setting> all;
  const auto add = [&](const configuration_key& key, const std::string& name) {
    const auto value = key.secret ? std::string(secret_mask) : require(name, key.kind);
    all.push_back({name, value, origin(name)});
  };
  for (const auto& key : configuration_keys()) {
    const bool stands_for_many = key.name.find('<') != key.name.npos;
    if (!stands_for_many && has_value(key.name)) add(key, std::string(key.name));
    if (!stands_for_many) continue;
    for (const auto& [name, what] : given_) {
      if (find_key(name)->name == key.name) add(key, name);
    }
  }
  return all;
}

std::string configuration::require(std::string_view key, value_kind kind) const {
  const auto* known = find_key(key);
  WEIR_CHECK(known != nullptr, key);
  WEIR_CHECK(known->kind == kind, key, static_cast<int>(known->kind), static_cast<int>(kind));
  const auto given = given_.find(key);
  if (given != given_.end()) return given->second.value;
  WEIR_CHECK(!known->fallback.empty(), key, "is not set and has no default");
  return std::string(known->fallback);
}

}  // namespace weir
