// SPDX-License-Identifier: Apache-2.0
// http_frame finds where a request ends in the bytes of a connection, before anything of it is read further: a request is
// answered only when it is there as a whole, so that no slow client holds up anybody.
//
// Owner:      a free function over values; any thread.
// Invariants: a frame that is complete or refused stays so, whatever bytes follow.
// Source:     RFC 9112. Only bodies with a Content-Length, and only as they are: no chunks, no compression. What it lets a
//             server mend (folded lines, spaces before a colon, bare line feeds) is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace weir::rest {

inline constexpr std::size_t head_bytes_max = 16 << 10;
inline constexpr std::size_t head_lines_max = 100;
inline constexpr std::size_t body_bytes_max = 64 << 10;

enum class frame_state : std::uint8_t { incomplete, complete, refused };

struct http_frame {
  frame_state state = frame_state::incomplete;
  std::size_t head_bytes = 0;  ///< with the empty line
  std::size_t body_bytes = 0;
  bool expects_continue = false;  ///< the client asks before it sends the body
  int status = 0;                 ///< of a refused one
  std::string reason;             ///< likewise
};

http_frame frame_of(std::string_view bytes);

/// The headers of a frame that is complete: names in lower case, values as they are.
std::multimap<std::string, std::string> headers_of(std::string_view head);

}  // namespace weir::rest
