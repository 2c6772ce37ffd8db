// SPDX-License-Identifier: Apache-2.0
#include "rest/http_frame.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/quantity.hpp"

namespace weir::rest {
namespace {

http_frame refused(int status, std::string reason) {
  http_frame made;
  made.state = frame_state::refused;
  made.status = status;
  made.reason = std::move(reason);
  return made;
}

/// What one reader skips and another one understands lets a request hide in another.
bool has_control_characters(std::string_view line) {
  return std::any_of(line.begin(), line.end(),
                     [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; });
}

/// Looks at one header line; false when the frame is refused.
bool read_line(http_frame& frame, std::string_view line, bool& has_length) {
  const auto colon = line.find(':');
  const std::string name = detail::lower_case(line.substr(0, colon));
  if (colon == line.npos || name.empty() || name.find_first_of(" \t") != name.npos) {
    frame = refused(400, "a header line is no 'Name: value'");
    return false;
  }
  const auto value = detail::trimmed(line.substr(colon + 1));
  if (name == "expect") {
    frame.expects_continue = detail::lower_case(value) == "100-continue";
    if (!frame.expects_continue) frame = refused(417, "expected Expect: 100-continue, or none");
    return frame.state != frame_state::refused;
  }
  if (name == "transfer-encoding") {
    frame = refused(411, "Transfer-Encoding is not supported; expected a Content-Length");
    return false;
  }
  if (name == "content-encoding") {
    frame = refused(415, "Content-Encoding is not supported; expected plain JSON");
    return false;
  }
  if (name != "content-length") return true;
  const auto [end, status] =
      std::from_chars(value.data(), value.data() + value.size(), frame.body_bytes);
  const bool readable = status == std::errc() && end == value.data() + value.size();
  const bool too_large =
      status == std::errc::result_out_of_range || (readable && frame.body_bytes > body_bytes_max);
  if (too_large) {
    frame = refused(413, "the body has " + std::string(value) + " bytes; expected at most " +
                             std::to_string(body_bytes_max));
  } else if (!readable || has_length) {
    frame = refused(400, "expected one Content-Length, an integer");
  }
  has_length = true;
  return frame.state != frame_state::refused;
}

}  // namespace

http_frame frame_of(std::string_view bytes) {
  constexpr std::string_view end_of_head = "\r\n\r\n";
  http_frame frame;
  const auto end = bytes.substr(0, head_bytes_max).find(end_of_head);
  if (end == bytes.npos) {
    if (bytes.size() < head_bytes_max) return frame;
    return refused(
        431, "the request's headers have more than " + std::to_string(head_bytes_max) + " bytes");
  }
  frame.head_bytes = end + end_of_head.size();
  auto head = bytes.substr(0, end);
  bool has_length = false;
  for (std::size_t lines = 0; !head.empty(); ++lines) {
    if (lines > head_lines_max) {
      return refused(431,
                     "the request has more than " + std::to_string(head_lines_max) + " headers");
    }
    const auto line = head.substr(0, std::min(head.find("\r\n"), head.size()));
    if (has_control_characters(line)) {
      return refused(400, "the request's head has control characters");
    }
    if (lines > 0 && !read_line(frame, line, has_length)) return frame;
    head.remove_prefix(std::min(line.size() + 2, head.size()));
  }
  if (bytes.size() - frame.head_bytes >= frame.body_bytes) frame.state = frame_state::complete;
  return frame;
}

std::multimap<std::string, std::string> headers_of(std::string_view head) {
  std::multimap<std::string, std::string> headers;
  while (!head.empty()) {
    const auto line = head.substr(0, std::min(head.find("\r\n"), head.size()));
    const auto colon = line.find(':');
    const bool is_header = colon != line.npos && line.find(' ') > colon;  // the first line is none
    if (is_header) {
      headers.emplace(detail::lower_case(line.substr(0, colon)),
                      detail::trimmed(line.substr(colon + 1)));
    }
    head.remove_prefix(std::min(line.size() + 2, head.size()));
  }
  return headers;
}

}  // namespace weir::rest
