// SPDX-License-Identifier: Apache-2.0
#include "rest/observed_settings.hpp"

#include <charconv>

#include "common/duration.hpp"
#include "rest/observed_names.hpp"

namespace weir::rest {

std::string setting(const job_identity& of, std::string_view key) {
  for (const auto& [name, value] : of.configuration) {
    if (name == key) return value;
  }
  return {};
}

std::int64_t setting_ms(const job_identity& of, std::string_view key, std::int64_t fallback) {
  const auto time = parse_duration(setting(of, key));
  return time ? whole_ms(*time) : fallback;
}

std::int64_t setting_number(const job_identity& of, std::string_view key, std::int64_t fallback) {
  const std::string text = setting(of, key);
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size() ? value : fallback;
}

std::string shown_value(std::string_view key, const std::string& value) {
  return key.ends_with("token") ? "******" : value;
}

}  // namespace weir::rest
