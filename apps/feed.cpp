// SPDX-License-Identifier: Apache-2.0
// feed --file PATH [--port P] [--rate LINES_PER_S] [--close]: serves the lines of a text file over TCP, to see a stream
// come in. It listens on 127.0.0.1, prints the port, and serves one client after the other until it is killed.
//
// A client that begins with `RESUME n` (weir::journaled) is answered `WEIR 1 n` and gets the lines from n on (from 0), so
// that one which comes again after a crash goes on where it was. Any other gets the whole file.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t send_bytes = 64 * 1024;
constexpr double rounds_per_second = 100;  // with --rate: how often lines are sent
/// A client that has not said RESUME by then is one that never does.
constexpr milliseconds greeting_time{1'000};
constexpr std::size_t request_bytes_max = 64;

struct feed_options {
  std::string path;
  std::uint16_t port = 0;
  double rate = 0;
  bool close = false;
};

int fail(const char* what) {
  std::perror(what);
  return 1;
}

void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
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

/// One client, for as long as it is connected.
class client {
 public:
  explicit client(int socket) : socket_(socket) {}
  ~client() { close(socket_); }
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// The number in its RESUME; nothing: it does not say that, and wants all. Or it makes no sense: then it is gone().
  std::optional<std::uint64_t> wait_for_resume() {
    const auto deadline = steady::now() + greeting_time;
    while (received_.find('\n') == std::string::npos && received_.size() < request_bytes_max) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - steady::now());
      if (left <= milliseconds(0) || !wait_readable(left)) return std::nullopt;
      if (!receive(0)) return std::nullopt;
    }
    speaks_ = true;
    return resume_number();
  }
  bool send_all(std::string_view text) {
    while (!text.empty() && !gone_) {
      const ssize_t sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) gone_ = true;
      if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
      read_acks();
    }
    return !gone_;
  }
  /// What the client says meanwhile is acks; one that says RESUME late was taken for another kind.
  void read_acks() {
    while (!gone_ && wait_readable(milliseconds(0)) && receive(MSG_DONTWAIT)) {
      if (!speaks_) {
        say("the client has spoken too late, and is left");
        gone_ = true;
      }
      received_.clear();
    }
  }
  void end_stream() { shutdown(socket_, SHUT_WR); }
  void wait_until_it_leaves() {
    while (!gone_ && wait_readable(milliseconds(-1))) read_acks();
  }
  bool gone() const { return gone_; }

 private:
  bool wait_readable(milliseconds wait) const {
    pollfd readable{socket_, POLLIN, 0};
    return poll(&readable, 1, static_cast<int>(wait.count())) > 0;
  }
  bool receive(int flags) {
    char bytes[4096];
    const ssize_t got = recv(socket_, bytes, sizeof bytes, flags);
    gone_ = gone_ || got <= 0;
    if (got > 0) received_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }
  std::optional<std::uint64_t> resume_number() {
    std::string_view line = std::string_view(received_).substr(0, received_.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::uint64_t number = 0;
    const bool word = line.starts_with("RESUME ");
    if (word) line.remove_prefix(7);
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (!word || error != std::errc() || end != line.data() + line.size()) {
      say("the client makes no sense, and is left");
      gone_ = true;
    }
    received_.clear();
    return number;
  }

  int socket_;
  std::string received_;
  bool speaks_ = false;
  bool gone_ = false;
};

/// Leaves out `count` lines; gives how many there were.
std::uint64_t skip_lines(std::ifstream& file, std::uint64_t count) {
  std::string line;
  std::uint64_t skipped = 0;
  while (skipped < count && std::getline(file, line)) ++skipped;
  return skipped;
}

/// The rest of the file; with a rate, a hundredth of it 100 times a second. Returns the lines sent.
std::uint64_t send_lines(client& to, std::ifstream& file, double lines_per_second) {
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
    if (!to.send_all(buffer)) return lines;
    buffer.clear();
    if (!round_over) continue;
    std::this_thread::sleep_until(begin +
                                  std::chrono::duration_cast<steady::duration>(
                                      std::chrono::duration<double>(due / lines_per_second)));
    due += round;
  }
  to.send_all(buffer);
  return lines;
}

void serve(client& to, const feed_options& options) {
  std::ifstream file(options.path);
  const auto resumed = to.wait_for_resume();
  if (to.gone()) return say("a client came and left");
  std::uint64_t begin = 0;
  if (resumed) {
    // With fewer lines than it has, the client is told so, and refuses to go on.
    begin = skip_lines(file, *resumed);
    if (!to.send_all("WEIR 1 " + std::to_string(begin) + "\n")) return;
    say("a client goes on at line " + std::to_string(begin));
  }
  const std::uint64_t sent = send_lines(to, file, options.rate);
  say("sent " + std::to_string(sent) + " lines" + (to.gone() ? ", then the client left" : ""));
  if (options.close) to.end_stream();
  to.wait_until_it_leaves();
}

int run(feed_options options) {
  if (!std::ifstream(options.path)) return fail(options.path.c_str());
  const int listener = listen_on(options.port);
  if (listener < 0) return fail("feed: cannot listen");
  say("listening on 127.0.0.1:" + std::to_string(options.port));
  while (true) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (socket < 0) return fail("feed: cannot accept");
    client next(socket);
    serve(next, options);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Serves the lines of a text file over TCP, on 127.0.0.1, to one client at a time."};
  feed_options options;
  app.add_option("--file", options.path, "the text")->required();
  app.add_option("--port", options.port, "0: a free one, which is printed")->capture_default_str();
  app.add_option("--rate", options.rate, "lines a second; 0: as fast as they are taken")
      ->capture_default_str();
  app.add_flag("--close", options.close, "end a connection when all lines are sent");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : 2;
  }
  return run(std::move(options));
}
