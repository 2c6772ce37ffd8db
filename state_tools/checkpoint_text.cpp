// SPDX-License-Identifier: Apache-2.0
#include "state_tools/checkpoint_text.hpp"

#include <cstdio>
#include <ctime>

namespace weir {

std::string print_utc(std::uint64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  char text[64];
  if (unix_ms / 1000 > 253'402'300'799 || gmtime_r(&seconds, &parts) == nullptr) {
    return std::to_string(unix_ms) + " ms since 1970";  // behind the year 9999
  }
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  char rest[16];
  std::snprintf(rest, sizeof rest, ".%03u UTC", static_cast<unsigned>(unix_ms % 1000));
  return std::string(text, size) + rest;
}

}  // namespace weir
