// SPDX-License-Identifier: Apache-2.0
// file_splits names the input of a file source and cuts it into splits: byte ranges that are fixed
// by the files and the split size alone, never by the parallelism, so that a position in a snapshot
// fits any number of subtasks (P21).
//
// A line belongs to the split in which its first byte lies. Each line therefore belongs to exactly
// one split, whatever the split size; a split in which no line begins is empty.
//
// Owner:      free functions, which block (stat, readdir): call them on a lane. file_split is a
// value. Invariants: the splits of a file are disjoint, in order, and cover [0, file_size_seen).
// Source:     docs/formats.md, splits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/core/result.hpp"

namespace weir {

/// Bytes [begin, end) of a file that had file_size_seen bytes when it was enumerated. What grows
/// behind that is not read.
struct file_split {
  std::string path;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t file_size_seen = 0;

  /// Names the split in snapshots and logs: "/data/a.txt:67108864".
  std::string id() const { return path + ":" + std::to_string(begin); }
  bool operator==(const file_split&) const = default;
};

struct split_options {
  /// 64 MiB: large enough that a split costs nothing, small enough to spread one file over many
  /// subtasks.
  std::uint64_t split_bytes = std::uint64_t{64} << 20;
  /// More files than this in the input are refused: their list would be large in memory and in each
  /// snapshot.
  std::size_t files_max = 1'000'000;
  /// The same for splits (64 MiB each: 610 TiB).
  std::size_t splits_max = 10'000'000;
};

/// The splits of all `paths`, in the order given. A path is a regular file, or a directory: its
/// regular files (symbolic links are followed) in byte order of their names, without those in
/// subdirectories and without hidden ones (".x"). Empty files give no splits, and so may an empty
/// directory. Errors: not_found, invalid_argument (not readable, neither file nor directory, named
/// twice), limit, io.
result<std::vector<file_split>> enumerate_splits(const std::vector<std::string>& paths,
                                                 const split_options& options = {});

/// The splits of one file of `size` bytes; split_bytes is at least 1.
std::vector<file_split> cut_file(const std::string& path, std::uint64_t size,
                                 std::uint64_t split_bytes);

}  // namespace weir
