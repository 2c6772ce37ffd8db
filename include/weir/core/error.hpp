// SPDX-License-Identifier: Apache-2.0
// error is an expected failure as a value: what kind, a message for a person, and what recovery it calls for.
//
// Owner:      a value; freely copied and moved between threads.
// Invariants: the message names the thing, the value and what was expected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// What the supervisor does about an error; it decides by this class, never by text.
enum class recovery : std::uint8_t {
  retry,         ///< the same call may succeed later; nothing was lost
  restart_task,  ///< the task's state is suspect: rebuild it from the last complete checkpoint
  fail_job,      ///< no restart can help: configuration, incompatible state, damaged storage
};

/// Every kind of failure in weir. The order is not stored anywhere.
enum class error_code : std::uint8_t {
  invalid_argument,  ///< a setting or call of the user is wrong
  io,                ///< the operating system refused a read, write, sync or rename
  no_space,          ///< a disk or quota is full
  connection,        ///< a peer refused, closed or stalled
  corrupt,           ///< bytes do not carry the checksum, length or form that they should
  incompatible,      ///< well-formed, but of another program, a newer format or another type
  not_found,         ///< a named file, checkpoint or operator does not exist
  in_use,            ///< another process holds it
  limit,             ///< a bound was exceeded
  timeout,           ///< a deadline passed
  user_exception,    ///< code of the application threw
  invariant,         ///< weir's own bookkeeping is inconsistent
};

/// The recovery class of a code (each code has exactly one).
constexpr recovery recovery_of(error_code code) {
  switch (code) {
    case error_code::connection:
    case error_code::timeout:
      return recovery::retry;
    case error_code::io:
    case error_code::no_space:
    case error_code::limit:
    case error_code::user_exception:
    case error_code::invariant:
      return recovery::restart_task;
    case error_code::invalid_argument:
    case error_code::corrupt:
    case error_code::incompatible:
    case error_code::not_found:
    case error_code::in_use:
      return recovery::fail_job;
  }
  return recovery::fail_job;
}

constexpr std::string_view to_string(error_code code) {
  switch (code) {
    case error_code::invalid_argument:
      return "invalid argument";
    case error_code::io:
      return "i/o error";
    case error_code::no_space:
      return "no space left";
    case error_code::connection:
      return "connection error";
    case error_code::corrupt:
      return "corrupt data";
    case error_code::incompatible:
      return "incompatible";
    case error_code::not_found:
      return "not found";
    case error_code::in_use:
      return "in use";
    case error_code::limit:
      return "limit exceeded";
    case error_code::timeout:
      return "timeout";
    case error_code::user_exception:
      return "exception in user code";
    case error_code::invariant:
      return "broken invariant";
  }
  return "unknown error";
}

struct error {
  error_code code = error_code::invariant;
  std::string message;

  recovery recovery_class() const { return recovery_of(code); }
  /// "corrupt data: manifest 7: checksum is 1f, expected 2e"
  std::string text() const { return std::string(to_string(code)) + ": " + message; }
};

}  // namespace weir
