// SPDX-License-Identifier: Apache-2.0
#include "rest/listen_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace weir::rest {
namespace {

error no_listening(const std::string& address, std::uint16_t port, int why) {
  const auto code = why == EADDRINUSE      ? error_code::in_use
                    : why == EADDRNOTAVAIL ? error_code::invalid_argument
                                           : error_code::io;
  return error{code, "cannot listen at " + address + " port " + std::to_string(port) + ": " +
                         std::strerror(why)};
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

}  // namespace

result<listen_socket> listen_socket::open(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
      code != 0) {
    return error{error_code::invalid_argument,
                 "cannot listen at '" + address + "': " + gai_strerror(code)};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> freed(found, freeaddrinfo);
  listen_socket made(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (made.descriptor_ < 0) return no_listening(address, port, errno);
  const int yes = 1;
  setsockopt(made.descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(made.descriptor_, found->ai_addr, found->ai_addrlen) != 0 ||
      listen(made.descriptor_, SOMAXCONN) != 0) {
    return no_listening(address, port, errno);
  }
  made.port_ = port_of(made.descriptor_);
  return made;
}

listen_socket::~listen_socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace weir::rest
