// SPDX-License-Identifier: Apache-2.0
// What weir knows of poison records: a record on which an operator fails each time. A record is known by its operator and
// its identity, the XXH3 hash of its encoded key and its encoded bytes, because batches are cut anew at every replay (P19).
//
// Owner:      values; they travel from the task that failed to the coordinator, and back to the tasks of the next attempt.
// Invariants: an identity is never 0, which stands for "no record".
// Source:     PROTOCOL P19; docs/architecture.md, section "Poison records".
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/bytes.hpp"
#include "weir/core/check.hpp"
#include "weir/core/hash.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/task_error.hpp"

namespace weir {

using record_identity = std::uint64_t;

inline record_identity identity_of(const byte_vector& key_and_record) {
  const auto hash = hash_bytes(key_and_record.data(), key_and_record.size());
  return hash == 0 ? 1 : hash;
}
/// Sixteen hexadecimal digits, as messages and dead letters show an identity.
inline std::string identity_text(record_identity identity) {
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; identity >>= 4) {
    text[i] = "0123456789abcdef"[identity & 15];
  }
  return text;
}

/// What one operator does about records that kill it.
struct poison_rule {
  enum class action : std::uint8_t {
    fail,         ///< the job fails
    skip,         ///< the record is dropped
    dead_letter,  ///< the record goes to another sink, with the story
  };
  static constexpr std::uint32_t kills_max = 1000;

  action what = action::fail;
  std::uint32_t kills = 1;        ///< after which it does so, 1..kills_max
  std::uint32_t letter_port = 0;  ///< output of the operator by which dead letters leave
};

/// A record ended its task.
struct record_kill {
  enum class evidence : std::uint8_t {
    thrown,      ///< by the operator, while it processed the record
    breadcrumb,  ///< the process ended meanwhile, perhaps for another reason
  };

  std::string uid;  ///< of the operator
  record_identity identity = 0;
  std::int64_t time_ms = 0;  ///< since 1970
  evidence how = evidence::thrown;
};

/// A record that is not to be processed any more, and what its dead letter says.
struct conviction {
  record_identity identity = 0;
  std::uint32_t kills = 0;
  std::string error;         ///< of the last kill
  std::int64_t time_ms = 0;  ///< of the last kill
  attempt_id attempt;        ///< of the last kill
};

/// The convictions at one operator.
struct poison_list {
  std::string uid;
  std::vector<conviction> records;
};

/// The current exception as a value; to be called while one is being handled.
inline error current_error() {
  try {
    throw;
  } catch (const task_error& failure) {
    return failure.failure();
  } catch (const invariant_broken& failure) {
    return {error_code::invariant, failure.what()};
  } catch (const std::exception& failure) {
    return {error_code::user_exception, failure.what()};
  } catch (...) {
    return {error_code::user_exception, "something that is no std::exception was thrown"};
  }
}

/// Leaves an operator in place of what was thrown while it processed a record.
class poison_error : public task_error {
 public:
  poison_error(error why, record_kill kill) : task_error(std::move(why)), kill_(std::move(kill)) {}
  const record_kill& kill() const noexcept { return kill_; }

 private:
  record_kill kill_;
};

}  // namespace weir
