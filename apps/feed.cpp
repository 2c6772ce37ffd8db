// SPDX-License-Identifier: Apache-2.0
// feed --file PATH [--port P] [--rate LINES_PER_S]: serves the lines of a text file over TCP, to see a stream come in.
// It listens on 127.0.0.1, prints the port, serves one client, and ends when that client has left.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t send_bytes = 64 * 1024;
constexpr double rounds_per_second = 100;  // with --rate: how often lines are sent

int fail(const char* what) {
  std::perror(what);
  return 1;
}

/// A socket that listens on 127.0.0.1; sets the port when it was 0. Returns -1 when that fails.
int listen_on(std::uint16_t& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, raw, size) != 0 || listen(listener, 1) != 0) return -1;
  if (getsockname(listener, raw, &size) != 0) return -1;
  port = ntohs(address.sin_port);
  return listener;
}

bool send_all(int client, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(client, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// The whole file; with a rate, a hundredth of it 100 times a second. Returns the lines sent.
std::uint64_t serve(int client, std::ifstream& file, double lines_per_second) {
  const auto begin = steady::now();
  const double round = lines_per_second / rounds_per_second;
  double due = round;
  std::uint64_t lines = 0;
  std::string line;
  std::string buffer;
  while (std::getline(file, line)) {
    buffer.append(line).push_back('\n');
    ++lines;
    const bool round_over = lines_per_second > 0 && static_cast<double>(lines) >= due;
    if (!round_over && buffer.size() < send_bytes) continue;
    if (!send_all(client, buffer)) return lines;
    buffer.clear();
    if (!round_over) continue;
    std::this_thread::sleep_until(begin +
                                  std::chrono::duration_cast<steady::duration>(
                                      std::chrono::duration<double>(due / lines_per_second)));
    due += round;
  }
  send_all(client, buffer);
  return lines;
}

void wait_until_it_leaves(int client) {
  char ignored[256];
  while (recv(client, ignored, sizeof ignored, 0) > 0) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Serves the lines of a text file over TCP, on 127.0.0.1, to one client."};
  std::string path;
  std::uint16_t port = 0;
  double rate = 0;
  app.add_option("--file", path, "the text")->required();
  app.add_option("--port", port, "0: a free one, which is printed")->capture_default_str();
  app.add_option("--rate", rate, "lines a second; 0: as fast as they are taken")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : 2;
  }
  std::ifstream file(path);
  if (!file) return fail(path.c_str());
  const int listener = listen_on(port);
  if (listener < 0) return fail("feed: cannot listen");
  std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(port));
  std::fflush(stdout);
  const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return fail("feed: cannot accept");
  std::printf("sent %llu lines\n", static_cast<unsigned long long>(serve(client, file, rate)));
  std::fflush(stdout);
  wait_until_it_leaves(client);
  close(client);
  close(listener);
}
