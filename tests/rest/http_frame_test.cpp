// SPDX-License-Identifier: Apache-2.0
// Where a request ends: every prefix of a sound one is incomplete, and what is too large or framed in another way is
// refused before it is read.
#include <doctest/doctest.h>

#include <string>

#include "rest/http_frame.hpp"

namespace weir::rest {
namespace {

std::string request(const std::string& headers, const std::string& body = "") {
  return "POST /x HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body;
}

}  // namespace

TEST_CASE("a request is complete with its last byte and not before, whatever follows") {
  const std::string whole = request("Content-Length: 5\r\n", "12345");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK(frame_of(whole.substr(0, size)).state == frame_state::incomplete);
  }
  for (const auto& more : {whole, whole + "GET", whole + std::string(100'000, 'x')}) {
    const auto frame = frame_of(more);
    CHECK(frame.state == frame_state::complete);
    CHECK(frame.head_bytes + frame.body_bytes == whole.size());
  }
  CHECK(frame_of(request("")).state == frame_state::complete);
}

TEST_CASE("a head beyond its bounds is refused") {
  const auto endless = frame_of("GET /" + std::string(head_bytes_max, 'a'));
  CHECK(endless.state == frame_state::refused);
  CHECK(endless.status == 431);
  CHECK(frame_of(request("X: " + std::string(head_bytes_max, 'a') + "\r\n")).status == 431);
  std::string many;
  for (std::size_t i = 0; i < head_lines_max; ++i) many += "X: 1\r\n";
  CHECK(frame_of(request(many)).status == 431);
  CHECK(frame_of(request(many.substr(12))).state == frame_state::complete);
}

TEST_CASE("a body is refused by its length alone, before it comes") {
  CHECK(frame_of(request("Content-Length: 65536\r\n")).state == frame_state::incomplete);
  for (const auto* large : {"65537", "1000000000000", "99999999999999999999999"}) {
    CHECK(frame_of(request("content-LENGTH: " + std::string(large) + "\r\n")).status == 413);
  }
  for (const auto* wrong : {"", "-1", "5x", "0x5", "5, 5", "+5"}) {
    CHECK(frame_of(request("Content-Length: " + std::string(wrong) + "\r\n")).status == 400);
  }
  CHECK(frame_of(request("Content-Length: 5\r\nContent-Length: 6\r\n")).status == 400);
}

TEST_CASE("what another reader could take for something else is refused") {
  for (const auto* line :
       {"Content-Length : 5", "Transfer-Encoding\t: chunked", "X: a\r\n b", "nonsense", ": x",
        "X: a\nTransfer-Encoding: chunked", "X: a\rb", "X: a\x7f"}) {
    INFO(line);
    CHECK(frame_of(request(std::string(line) + "\r\n")).status == 400);
  }
  CHECK(frame_of(request(std::string("X: a\0b\r\n", 8))).status == 400);
  CHECK(frame_of("GET /\x01 HTTP/1.1\r\n\r\n").status == 400);
  CHECK(frame_of(request("X:a\tb\r\nY: \xc3\xa9\r\nZ:\r\n")).state == frame_state::complete);
}

TEST_CASE("a client may ask before it sends its body, and for nothing else") {
  const auto asked = frame_of(request("EXPECT: 100-Continue\r\nContent-Length: 5\r\n"));
  CHECK(asked.state == frame_state::incomplete);
  CHECK(asked.expects_continue);
  CHECK(!frame_of(request("Content-Length: 5\r\n")).expects_continue);
  CHECK(frame_of(request("Expect: 200-ok\r\n")).status == 417);
}

TEST_CASE("headers are told with names in lower case and values as they are") {
  using headers = std::multimap<std::string, std::string>;
  CHECK(headers_of("GET http://a:80/ HTTP/1.1\r\nHOST:a:1\r\nX:  b %41 c\t\r\nX:\r\n\r\n") ==
        headers{{"host", "a:1"}, {"x", "b %41 c"}, {"x", ""}});
  CHECK(headers_of("GET / HTTP/1.1\r\n\r\n").empty());
}

TEST_CASE("other framings and compressed bodies are refused") {
  CHECK(frame_of(request("Transfer-Encoding: chunked\r\n")).status == 411);
  CHECK(frame_of(request("Content-Encoding: gzip\r\nContent-Length: 1\r\n")).status == 415);
}

}  // namespace weir::rest
