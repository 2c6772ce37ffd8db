// SPDX-License-Identifier: Apache-2.0
// check_lmdb_file reads an LMDB data file the way LMDB would, page by page, and says whether LMDB
// can be trusted with it. LMDB itself follows page numbers, offsets and free lists without looking:
// a cut file ends in SIGBUS, a flipped bit in SIGSEGV, abort() or a live page overwritten.
//
// Owner:      a function; needs a file that nobody writes (the state directory is locked).
// Invariants: (1) whatever the bytes, the answer is success or an error naming the file: pages are
//             read, never mapped; (2) after success every page, node, value and free page that LMDB
//             can reach lies inside the file, in order, and none belongs to two owners.
// Cost:       reads meta, branch and leaf pages and free lists, not values: about 1/500 of a file
//             of 64 KiB blobs.
// Source:     mdb.c of LMDB 0.9.24 (data version 1). Only what weir writes is accepted: one unnamed
//             table with keys of 8 bytes. The content of values is not looked at: they carry
//             checksums of their own.
#pragma once

#include <filesystem>

#include "weir/core/result.hpp"

namespace weir {

/// Errors: corrupt, incompatible (LMDB of another data version), io.
result<void> check_lmdb_file(const std::filesystem::path& data_file);

}  // namespace weir
