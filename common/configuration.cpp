// SPDX-License-Identifier: Apache-2.0
#include "common/configuration.hpp"

#include "common/byte_size.hpp"
#include "common/configuration_value.hpp"
#include "common/duration.hpp"
#include "common/quantity.hpp"

namespace weir {

result<configuration> configuration::from(std::span<const std::string> assignments) {
  configuration made;
  std::string mistakes;
  const auto note = [&mistakes](const std::string& mistake) {
    mistakes += (mistakes.empty() ? "" : "\n") + mistake;
  };
  for (const auto& assignment : assignments) {
    const auto equals = assignment.find('=');
    if (equals == assignment.npos) {
      note("\"" + assignment + "\" is not a setting; expected key=value");
      continue;
    }
    const std::string_view whole = assignment;
    const auto set = made.set(detail::trimmed(whole.substr(0, equals)), whole.substr(equals + 1));
    if (!set) note(set.error().message);
  }
  if (!mistakes.empty()) return error{error_code::invalid_argument, mistakes};
  return made;
}

result<void> configuration::set(std::string_view key, std::string_view value) {
  const auto* known = find_key(key);
  const bool is_old = known == nullptr;
  if (is_old) known = find_old_key(key);
  if (known == nullptr) {
    std::string text = "\"";
    text.append(key).append("\" (value \"").append(value);
    text.append("\") is not a known setting; the nearest one is ").append(nearest_key(key));
    return error{error_code::invalid_argument, std::move(text)};
  }
  const auto canonical = detail::canonical_value(*known, value);
  if (!canonical) return canonical.error();
  if (is_old) old_names_.insert_or_assign(std::string(key), std::string(known->name));
  given_.insert_or_assign(std::string(known->name), *canonical);
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

std::vector<std::string> configuration::notices() const {
  std::vector<std::string> all;
  for (const auto& [old_name, name] : old_names_) {
    all.push_back("setting " + old_name + " is now called " + name);
  }
  for (const auto& [name, value] : given_) {
    const auto* key = find_key(name);
    if (key->no_effect.empty() || value == key->fallback) continue;
    all.push_back("setting " + name + " = " + value +
                  " has no effect: " + std::string(key->no_effect));
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> configuration::effective() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& key : configuration_keys()) {
    if (has_value(key.name)) all.emplace_back(key.name, require(key.name, key.kind));
  }
  return all;
}

std::string configuration::require(std::string_view key, value_kind kind) const {
  const auto* known = find_key(key);
  WEIR_CHECK(known != nullptr, key);
  WEIR_CHECK(known->kind == kind, key, static_cast<int>(known->kind), static_cast<int>(kind));
  const auto given = given_.find(key);
  if (given != given_.end()) return given->second;
  WEIR_CHECK(!known->fallback.empty(), key, "is not set and has no default");
  return std::string(known->fallback);
}

}  // namespace weir
