// SPDX-License-Identifier: Apache-2.0
// check_lmdb_file reads an LMDB data file the way LMDB would, page by page, and says whether LMDB
// can be trusted with it. LMDB itself follows page numbers, offsets and free lists without looking:
// a cut file ends in SIGBUS, a flipped bit in SIGSEGV, abort() or a live page overwritten.
//
// Owner:      functions; check_lmdb_file needs a file that nobody writes (the state directory is
//             locked). What read_lmdb_file says of a file that is being written holds only if the
//             file has not been committed to more than once meanwhile (lmdb_reader.hpp).
// Invariants: (1) whatever the bytes, the answer is success or an error naming the file: pages are
//             read, never mapped; (2) after success every page, node, value and free page that LMDB
//             can reach lies inside the file, in order, and none belongs to two owners.
// Cost:       reads meta, branch and leaf pages and free lists, not values: about 1/500 of a file
//             of 64 KiB blobs.
// Source:     mdb.c of LMDB 0.9.24 (data version 1). Only what weir writes is accepted: one unnamed
//             table with keys of 8 bytes. The content of values is not looked at: they carry
//             checksums of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "weir/core/result.hpp"

namespace weir {

/// Errors: corrupt, incompatible (LMDB of another data version), io.
result<void> check_lmdb_file(const std::filesystem::path& data_file);

/// Where the value of a key lies in the file.
struct lmdb_place {
  std::uint64_t key = 0;
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
};

struct lmdb_content {
  std::vector<lmdb_place> values;  ///< ascending by key
  std::uint64_t transaction = 0;   ///< the commit that is described
  std::size_t page_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t free_pages = 0;  ///< of the file, to be used again
};

/// The same check, and what it has found. Errors: as above.
result<lmdb_content> read_lmdb_file(const std::filesystem::path& data_file);

/// The newest commit of the file. Errors: as above.
result<std::uint64_t> newest_lmdb_transaction(const std::filesystem::path& data_file);

}  // namespace weir
