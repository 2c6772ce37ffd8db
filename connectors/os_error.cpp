// SPDX-License-Identifier: Apache-2.0
#include "connectors/os_error.hpp"

#include <cerrno>
#include <string>
#include <system_error>

namespace weir {

error_code os_error_code(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return error_code::no_space;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
      return error_code::invalid_argument;
    case ENOENT:
      return error_code::not_found;
    case EMFILE:
    case ENFILE:
      return error_code::limit;
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENOTCONN:
    case EADDRNOTAVAIL:
      return error_code::connection;
    case ETIMEDOUT:
      return error_code::timeout;
    default:
      return error_code::io;
  }
}

error os_error(int number, std::string_view what) {
  return {os_error_code(number), std::string(what) + ": " +
                                     std::generic_category().message(number) + " (errno " +
                                     std::to_string(number) + ")"};
}

}  // namespace weir
