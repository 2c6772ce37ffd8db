// SPDX-License-Identifier: Apache-2.0
#include "connectors/socket_reader.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "connectors/os_error.hpp"

namespace weir {

namespace {

using std::chrono::milliseconds;
// A wait of the kernel has to be measured by the kernel's clock: an injected one could not end it.
using deadline_clock = std::chrono::steady_clock;

struct address_list_closer {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using address_list = std::unique_ptr<addrinfo, address_list_closer>;

enum class wake : std::uint8_t { ready, timeout, interrupted };

/// Waits for `events` on the socket, or the interrupt. An errno as the error.
struct wait_result {
  wake woken = wake::timeout;
  int failure = 0;
};

wait_result wait_for(int socket, short events, int interrupt_fd,
                     deadline_clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - deadline_clock::now()).count();
    pollfd fds[2] = {{socket, events, 0}, {interrupt_fd, POLLIN, 0}};  // poll ignores fd -1
    const int timeout = static_cast<int>(std::clamp<milliseconds::rep>(left, 0, 1 << 30));
    const int ready = ::poll(fds, 2, timeout);
    if (ready < 0) {
      if (errno == EINTR) continue;
      return {wake::timeout, errno};
    }
    if (fds[1].revents != 0) return {wake::interrupted, 0};
    if (fds[0].revents != 0) return {wake::ready, 0};
    if (timeout == left || left <= 0) return {wake::timeout, 0};
  }
}

result<address_list> look_up(const socket_peer& peer) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int failed =
      ::getaddrinfo(peer.host.c_str(), std::to_string(peer.port).c_str(), &hints, &list);
  if (failed == EAI_SYSTEM) return os_error(errno, "cannot look up host '" + peer.host + "'");
  if (failed != 0) {
    return error{error_code::connection,
                 "cannot look up host '" + peer.host + "': " + ::gai_strerror(failed)};
  }
  return address_list(list);
}

/// A peer that vanished without a word is given up after 30 + 3 * 10 s.
void keep_alive(int socket) {
  const int on = 1;
  const int idle_s = 30;
  const int interval_s = 10;
  const int probes = 3;
  (void)::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

error interrupted(const socket_peer& peer) {
  return {error_code::in_use, "interrupted while connecting to " + peer.text()};
}

/// One address: a connected socket, or why not. Interrupts are the caller's to tell from other
/// errors by the code.
result<unique_fd> connect_address(const addrinfo& address, const socket_peer& peer,
                                  deadline_clock::time_point deadline, int interrupt_fd) {
  const std::string what = "cannot connect to " + peer.text();
  unique_fd socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                            address.ai_protocol));
  if (!socket) return os_error(errno, what);
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS && errno != EINTR) return os_error(errno, what);
    const wait_result waited = wait_for(socket.get(), POLLOUT, interrupt_fd, deadline);
    if (waited.failure != 0) return os_error(waited.failure, what);
    if (waited.woken == wake::interrupted) return interrupted(peer);
    if (waited.woken == wake::timeout) {
      return error{error_code::timeout, what + ": no answer in time"};
    }
    int failure = 0;
    socklen_t size = sizeof failure;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size) != 0) failure = errno;
    if (failure != 0) return os_error(failure, what);
  }
  keep_alive(socket.get());
  return socket;
}

}  // namespace

std::string socket_peer::text() const {
  const bool bare_v6 = host.find(':') != std::string::npos;
  return (bare_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<socket_reader> socket_reader::connect(const socket_peer& peer, milliseconds timeout,
                                             int interrupt_fd) {
  if (peer.host.empty() || peer.port == 0) {
    return error{error_code::invalid_argument,
                 "peer '" + peer.text() + "' is not usable, expected HOST:PORT, port 1 to 65535"};
  }
  const auto deadline = deadline_clock::now() + timeout;
  const auto addresses = look_up(peer);
  if (!addresses) return addresses.error();
  int left = 0;
  for (const addrinfo* at = addresses->get(); at != nullptr; at = at->ai_next) ++left;
  std::optional<error> last;
  for (const addrinfo* at = addresses->get(); at != nullptr; at = at->ai_next, --left) {
    // Each address gets its share of what is left, so that a silent first one does not use up all
    // of it.
    const auto now = deadline_clock::now();
    auto connected = connect_address(*at, peer, now + (deadline - now) / left, interrupt_fd);
    if (connected) return socket_reader(peer, std::move(*connected), interrupt_fd);
    if (connected.error().code == error_code::in_use) return connected.error();
    last = connected.error();
  }
  if (last) return *last;
  return error{error_code::connection, "host '" + peer.host + "' has no address"};
}

result<socket_input> socket_reader::read(char* buffer, std::size_t capacity, milliseconds timeout) {
  WEIR_CHECK(capacity != 0, peer_.text());
  const auto deadline = deadline_clock::now() + timeout;
  const std::string what = "cannot read from " + peer_.text();
  while (true) {
    const wait_result waited = wait_for(socket_.get(), POLLIN, interrupt_fd_, deadline);
    if (waited.failure != 0) return os_error(waited.failure, what);
    if (waited.woken == wake::interrupted) return socket_input{socket_event::interrupted, 0};
    if (waited.woken == wake::timeout) return socket_input{socket_event::timeout, 0};
    const ssize_t got = ::recv(socket_.get(), buffer, capacity, 0);
    if (got > 0) return socket_input{socket_event::bytes, static_cast<std::size_t>(got)};
    if (got == 0) return socket_input{socket_event::closed, 0};
    if (errno == EAGAIN || errno == EINTR) continue;
    const error failure = os_error(errno, what);
    // ETIMEDOUT here is keep-alive giving the peer up, not a wait of ours.
    return error{error_code::connection, failure.message};
  }
}

std::size_t socket_reader::send(std::string_view bytes) noexcept {
  const ssize_t sent =
      ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

}  // namespace weir
