// SPDX-License-Identifier: Apache-2.0
// What kind of error a return code of LMDB is (its own codes are negative, the system's positive).
//
// Owner:      a function without state.
// Source:     lmdb.h, "Return Codes".
#pragma once

#include <lmdb.h>

#include <cerrno>

#include "weir/core/error.hpp"

namespace weir {

inline error_code lmdb_error_code(int code) {
  switch (code) {
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return error_code::no_space;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
      return error_code::corrupt;
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
      return error_code::incompatible;
    case MDB_NOTFOUND:
      return error_code::not_found;
    case MDB_TXN_FULL:
    case ENOMEM:
      return error_code::limit;
    case MDB_KEYEXIST:
    case MDB_BAD_TXN:
    case MDB_BAD_VALSIZE:
      return error_code::invariant;
    default:
      return error_code::io;
  }
}

}  // namespace weir
