// SPDX-License-Identifier: Apache-2.0
// split_progress is how far one split of a file source was read, and its form in snapshots; the two
// shares say which splits a subtask reads.
//
// Owner:      values and free functions; pure.
// Invariants: (1) a decoded progress names a split that cut_file could have made, and an offset in
//             it; (2) over all subtasks each split is in exactly one share.
// Source:     P21; docs/formats.md, splits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "connectors/file_splits.hpp"
#include "weir/core/image.hpp"

namespace weir {

struct split_progress {
  file_split split;
  std::uint64_t offset = 0;  ///< where the next line begins; split.begin before the first
  bool done = false;         ///< all its lines were read; it stays in the snapshots all the same
  bool operator==(const split_progress&) const = default;
};

/// The stored form (version 1): path, begin, end, size seen, offset, done.
split_position encode_progress(const split_progress& progress);
/// Errors: incompatible (a newer version), corrupt (anything else).
result<split_progress> decode_progress(const split_position& written);

/// What `subtask` of `parallelism` reads of a first enumeration, from the begin. It goes by the
/// number of the file and of the split within it, so that a file which grew between the
/// enumerations of two subtasks does not shift the others.
std::vector<split_progress> enumerated_share(std::span<const file_split> all,
                                             std::uint64_t split_bytes, std::uint32_t subtask,
                                             std::uint32_t parallelism);

/// What it reads after a restore: of all splits in order of their ids, each parallelism-th.
/// Errors: those of decode_progress; corrupt when a split is there twice.
result<std::vector<split_progress>> restored_share(std::span<const split_position> all,
                                                   std::uint32_t subtask,
                                                   std::uint32_t parallelism);

}  // namespace weir
