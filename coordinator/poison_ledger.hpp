// SPDX-License-Identifier: Apache-2.0
// poison_ledger counts how often each record has killed its operator, and says which records the tasks of a new attempt
// are to leave alone (P19).
//
//   a record: unknown --kill--> counted --kills = the rule's--> convicted --a checkpoint behind its skip--> passed
//             passed --restored from before that checkpoint, or killed again--> convicted
//
// Owner:      the coordinator; kept beside the checkpoints by the store. No clock, disk or network.
// Invariants: (1) a record counts once an attempt, and a breadcrumb counts only beside other evidence against its record,
//             because a process may end for reasons of its own; (2) at most `records_max` records; what gives way is never a
//             conviction that has not passed; (3) convictions() has every convicted record that may come again.
// Source:     PROTOCOL P19; docs/architecture.md, section "Poison records".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/bytes.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/poison.hpp"

namespace weir {

class poison_ledger {
 public:
  /// Each kill is a write of the whole ledger, and each restore hands out what may come again.
  static constexpr std::size_t records_max = 1024;
  /// Of an error's text.
  static constexpr std::size_t error_bytes_max = 500;

  enum class verdict : std::uint8_t {
    again,      ///< it may try again
    convicted,  ///< from now on it is left alone
    fails_job,  ///< the rule says so
    full,       ///< too many convictions without a checkpoint
  };

  /// Bytes of encode(). Others give an empty ledger: all that is lost is how often a record has killed.
  static poison_ledger decode(std::span<const std::byte> bytes);
  byte_vector encode() const;

  verdict on_kill(const record_kill& kill, attempt_id attempt, const std::string& why,
                  const poison_rule& rule);
  std::uint32_t kills(const std::string& uid, record_identity identity) const;

  /// The record was left alone; markers of later epochs than `triggered` lie behind it.
  void on_skipped(const std::string& uid, record_identity identity, epoch_id triggered);
  /// Every task has acked this epoch. True when that changed something.
  bool on_sealed(epoch_id epoch);
  /// The operator goes back to this checkpoint. True when that changed something.
  bool on_restore(const std::string& uid, epoch_id from);

  /// What the operator is to leave alone.
  std::vector<conviction> convictions(const std::string& uid, const poison_rule& rule) const;

 private:
  struct entry {
    std::uint32_t thrown = 0;
    std::uint32_t breadcrumbs = 0;
    std::uint64_t order = 0;  ///< of the last kill, among all
    attempt_id attempt;
    std::int64_t time_ms = 0;
    std::string error;
    bool convicted = false;
    epoch_id passed;                    ///< the first epoch behind the skip; 0: none yet
    std::optional<epoch_id> skipped{};  ///< this attempt: when this epoch had been triggered

    std::uint32_t kills() const { return thrown + breadcrumbs > 1 ? thrown + breadcrumbs : thrown; }
  };
  using key = std::pair<std::string, record_identity>;

  bool make_room();

  std::map<key, entry> entries_;
  std::uint64_t next_order_ = 1;
};

}  // namespace weir
