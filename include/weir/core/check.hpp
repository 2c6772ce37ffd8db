// SPDX-License-Identifier: Apache-2.0
// WEIR_CHECK(condition, values...) states an invariant of weir, on in every build: a broken one throws invariant_broken
// with the values in the message, which ends the task (its supervisor restores it), never the process.
// It must not be reachable by user input or by bytes from disk or wire: those give a result with an error.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace weir {

/// Thrown by a broken invariant; only the named boundaries (task, coordinator) catch it.
class invariant_broken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

namespace detail {
template <class... Values>
[[noreturn, gnu::cold, gnu::noinline]] void fail_check(const char* condition, const char* file,
                                                       int line, const Values&... values) {
  std::ostringstream text;
  text << "broken invariant: " << condition << " (" << file << ":" << line << ")";
  ((text << ' ' << values), ...);
  throw invariant_broken(text.str());
}
}  // namespace detail

}  // namespace weir

#define WEIR_CHECK(condition, ...)                                                           \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      ::weir::detail::fail_check(#condition, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__); \
    }                                                                                        \
  } while (false)
