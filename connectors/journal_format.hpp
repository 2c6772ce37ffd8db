// SPDX-License-Identifier: Apache-2.0
// journal_format is the bytes of a journal's files: segment headers and records.
//
// Owner:      functions without state.
// Invariants: (1) a changed, missing or moved byte is found; (2) opening never reads outside of the
//             given bytes.
// Source:     docs/formats.md, section "Journal".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

inline constexpr std::uint16_t journal_version = 1;

struct segment_header {
  epoch_id generation;           ///< the checkpoint at which the job began
  std::uint64_t first_line = 0;  ///< number of the first line in it
  bool peer_spoke = false;       ///< the peer had answered RESUME before it was begun
};

inline constexpr std::size_t segment_header_bytes = 40;
std::string encode_header(const segment_header& header);
/// Errors: incompatible (a newer version), corrupt (all else).
result<segment_header> decode_header(std::string_view bytes);

/// "00000000000000000042.journal"
std::string segment_name(std::uint64_t first_line);
/// The first line by the name; nothing when it is no segment's name.
std::optional<std::uint64_t> first_line_of(std::string_view name);

/// A run of lines that became durable together, each with its LF; or, without lines, a note.
struct journal_record {
  std::uint32_t lines = 0;
  std::string_view text;
};

inline constexpr std::size_t record_header_bytes = 24;
/// Notes: the peer ended the stream; the peer has answered RESUME.
inline constexpr std::string_view note_end = "end";
inline constexpr std::string_view note_spoke = "spoke";

/// Fills in the header of a record whose first `record_header_bytes` were left free.
void seal_record(std::string& record, std::uint64_t first_line, std::uint32_t lines);
/// The record at the begin of `bytes`. Error: corrupt, with what was expected and found.
result<journal_record> open_record(std::string_view bytes, std::uint64_t first_line);
/// Whether a whole record with a number in [first_line, first_line + lines_max) begins in `bytes`,
/// at any place; and where.
std::optional<std::size_t> find_record(std::string_view bytes, std::uint64_t first_line,
                                       std::uint64_t lines_max);

}  // namespace weir
