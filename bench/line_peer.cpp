// SPDX-License-Identifier: Apache-2.0
#include "bench/line_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weir::bench {

namespace {

constexpr std::size_t block_bytes = 64 * 1024;

bool send_all(int client, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(client, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void append_line(std::string& to, std::uint64_t seq, unsigned bytes) {
  const std::size_t begin = to.size();
  to += std::to_string(seq);
  to.resize(begin + bytes - 1, ' ');
  to += '\n';
}

void drain(int client) {
  char ignored[4096];
  while (recv(client, ignored, sizeof ignored, 0) > 0) {
  }
}

}  // namespace

line_peer::line_peer(line_peer_options options) : options_(std::move(options)) {
  if (options_.schedule) options_.lines = options_.schedule->records();
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, raw, size) != 0 || listen(listener_, 1) != 0 ||
      getsockname(listener_, raw, &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

line_peer::~line_peer() {
  shutdown(listener_, SHUT_RDWR);  // ends an accept that nobody met
  thread_.join();
  close(listener_);
}

void line_peer::serve() {
  const int client = accept(listener_, nullptr, nullptr);
  if (client < 0) return;
  const int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  char request[64];
  const bool asked = !options_.speaks || recv(client, request, sizeof request, 0) > 0;
  if (asked && (!options_.speaks || send_all(client, "WEIR 1 0\n"))) send_lines(client);
  shutdown(client, SHUT_WR);
  drain(client);
  close(client);
}

void line_peer::send_lines(int client) {
  std::string block;
  for (std::uint64_t seq = 0; seq < options_.lines;) {
    const std::uint64_t due =
        options_.schedule ? options_.schedule->due(open_loop::clock::now()) : options_.lines;
    block.clear();
    for (; seq < due && block.size() < block_bytes; ++seq) {
      append_line(block, seq, options_.line_bytes);
    }
    if (block.empty()) {
      std::this_thread::sleep_for(open_loop::pause);
    } else if (!send_all(client, block)) {
      return;
    }
  }
}

}  // namespace weir::bench
