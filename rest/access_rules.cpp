// SPDX-License-Identifier: Apache-2.0
#include "rest/access_rules.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "common/quantity.hpp"

namespace weir::rest {
namespace {

bool is_ipv4(std::string_view text) {
  in_addr ignored{};
  return inet_pton(AF_INET, std::string(text).c_str(), &ignored) == 1;
}

bool is_ipv6(std::string_view text) {
  in6_addr ignored{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &ignored) == 1;
}

/// "[::1]:8081" is "::1", "localhost:8081" is "localhost"; empty when it is neither an address nor a name, with a port or
/// without one.
std::string_view without_port(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  const auto end = bracketed ? host.find(']') : std::min(host.find(':'), host.size());
  if (end == host.npos) return {};
  const auto behind = host.substr(bracketed ? end + 1 : end);
  const bool is_port = behind.empty() || (behind.front() == ':' &&
                                          behind.find_first_not_of("0123456789", 1) == behind.npos);
  if (!is_port) return {};
  return bracketed ? host.substr(1, end - 1) : host.substr(0, end);
}

/// Looks at each byte of what was given, whatever it finds.
bool same_secret(std::string_view given, std::string_view expected) {
  unsigned difference = given.size() == expected.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size() && !expected.empty(); ++i) {
    difference |= static_cast<unsigned char>(given[i]) ^
                  static_cast<unsigned char>(expected[i % expected.size()]);
  }
  return difference == 0 && !expected.empty();
}

bool changes(const rest_request& asked) {
  return asked.method != "GET" && asked.method != "HEAD";
}

}  // namespace

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  return is_ipv4(host) && host.starts_with("127.");
}

access_rules::access_rules(std::string bind_address, std::string name, std::string token)
    : bind_address_(std::move(bind_address)), name_(std::move(name)), token_(std::move(token)) {}

std::optional<rest_response> access_rules::check(const rest_request& asked) const {
  if (asked.headers.count("host") != 1) return refusal(400, "expected one Host header");
  const auto host = asked.header("host");
  if (!knows_host(host)) {
    return refusal(403, "Host '" + std::string(host) +
                            "' is not this server's: use its address, localhost, or the name that "
                            "rest.address gives it");
  }
  const auto [first, last] = asked.headers.equal_range("origin");
  for (auto origin = first; origin != last; ++origin) {
    if (origin->second == "http://" + std::string(host)) continue;
    return refusal(403, "Origin '" + origin->second + "': pages of other origins are not answered");
  }
  if (!changes(asked)) return std::nullopt;
  return check_change(asked);
}

std::optional<rest_response> access_rules::check_change(const rest_request& asked) const {
  if (asked.header("x-weir-request").empty()) {
    return refusal(403, "a request that changes the job needs the header 'X-Weir-Request: 1'");
  }
  if (is_loopback(bind_address_)) return std::nullopt;
  constexpr std::string_view scheme = "Bearer ";
  const auto given = asked.header("authorization");
  if (!given.starts_with(scheme) || !same_secret(given.substr(scheme.size()), token_)) {
    return refusal(401,
                   "a request that changes the job needs 'Authorization: Bearer' and the token "
                   "of weir.rest.token, since the server listens beyond this machine");
  }
  return std::nullopt;
}

bool access_rules::knows_host(std::string_view header) const {
  const std::string host = detail::lower_case(without_port(header));
  if (host.empty()) return false;
  if (is_loopback(host)) return true;
  if (host == detail::lower_case(bind_address_) || host == detail::lower_case(name_)) return true;
  // An address is no name, so that no foreign name server can have led here.
  return !is_loopback(bind_address_) && (is_ipv4(host) || is_ipv6(host));
}

}  // namespace weir::rest
