// SPDX-License-Identifier: Apache-2.0
// long_lines: the line bound of a source's options as options of the line_splitter.
//
// Owner:      free functions; pure.
#pragma once

#include <cstdint>
#include <string>

#include "connectors/line_splitter.hpp"
#include "weir/core/line_feed.hpp"
#include "weir/core/result.hpp"

namespace weir {

inline long_line_policy policy_of(long_line too_long) {
  switch (too_long) {
    case long_line::truncate:
      return long_line_policy::truncate;
    case long_line::skip:
      return long_line_policy::skip;
    case long_line::fail:
      return long_line_policy::fail;
  }
  return long_line_policy::fail;
}

/// Errors: invalid_argument (a bound of 0).
inline result<line_options> line_options_of(std::uint32_t line_bytes_max, long_line too_long,
                                            const std::string& uid) {
  if (line_bytes_max == 0) {
    return error{error_code::invalid_argument,
                 "source '" + uid + "': line_bytes_max is 0, expected at least 1"};
  }
  line_options options;
  options.length_max = line_bytes_max;
  options.too_long = policy_of(too_long);
  return options;
}

/// "3 lines of 'x' were longer than 10 bytes and were truncated"
inline std::string long_lines_text(std::uint64_t count, const std::string& where,
                                   const line_options& options) {
  const bool skipped = options.too_long == long_line_policy::skip;
  return std::to_string(count) + (count == 1 ? " line of " : " lines of ") + where +
         " longer than " + std::to_string(options.length_max) + " bytes " +
         (skipped ? "skipped" : "truncated");
}

}  // namespace weir
