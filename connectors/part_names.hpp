// SPDX-License-Identifier: Apache-2.0
// part_names: the names of an exactly-once file sink's files, and the commit intent that ties a
// pending file to the name under which it becomes visible.
//
//   pending  .<prefix>-<uid>-<subtask>-a<attempt>-<n>.pending     hidden; n counts up within one
//   writer final    <prefix>-<subtask:05>-<epoch:010>-<k:03>             k counts the files of one
//   subtask and epoch from 0
//
// The uid is written with every byte outside [A-Za-z0-9_.] as %XX, so that it holds no '-' and
// names parse in one way.
//
// Owner:      values and free functions; pure.
// Invariants: (1) parse_pending and parse_final accept exactly what pending_name and final_name
// give; (2) a decoded
//             intent holds names of that form, so it can name no file outside the sink's directory.
// Source:     P17; docs/formats.md, part files.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "weir/core/bytes.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// Which sink of which program: two sinks may share a directory if their prefixes differ.
struct sink_identity {
  std::string
      prefix;  ///< begin of the final names: 1 to 100 bytes, no '/', no control bytes, not ".x"
  std::string uid;  ///< the operator's stable name
  bool operator==(const sink_identity&) const = default;
};

struct pending_part {
  sink_identity sink;
  std::uint32_t subtask = 0;
  attempt_id attempt;
  std::uint64_t number = 0;
  bool operator==(const pending_part&) const = default;
};

struct final_part {
  std::string prefix;
  std::uint32_t subtask = 0;
  epoch_id epoch;
  std::uint64_t number = 0;
  bool operator==(const final_part&) const = default;
};

/// invalid_argument when prefix or uid cannot be part of a file name (also when a name would pass
/// 255 bytes).
result<void> check_sink_identity(const sink_identity& sink);

std::string pending_name(const pending_part& part);
std::string final_name(const final_part& part);
std::optional<pending_part> parse_pending(std::string_view name);
std::optional<final_part> parse_final(std::string_view name);

/// The promise to make one prepared file visible, part of a snapshot until its commit is confirmed
/// (P11, P17).
struct commit_intent {
  std::string pending_name;  ///< in the sink's directory
  std::string final_name;    ///< in the same directory
  std::uint64_t bytes = 0;   ///< size of the file, checked again at the commit
  bool operator==(const commit_intent&) const = default;
};

/// Appends the intent in its stored form (version 1).
void encode_intent(const commit_intent& intent, byte_vector& out);
/// Reads one; `bytes` is exactly one intent. Errors: incompatible (a newer version), corrupt
/// (anything else).
result<commit_intent> decode_intent(std::span<const std::byte> bytes);

}  // namespace weir
