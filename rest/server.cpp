// SPDX-License-Identifier: Apache-2.0
#include "rest/server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include "common/thread_without_signals.hpp"
#include "rest/http_frame.hpp"

namespace weir::rest {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds tick{250};             // how often waits are looked at
constexpr std::chrono::milliseconds pause_of_accept{100};  // when the process is out of descriptors
constexpr std::chrono::milliseconds linger_time{1000};
constexpr std::size_t read_bytes = 16 << 10;
/// So long a client has to send its first request, also when others press behind it.
constexpr std::chrono::milliseconds grace{250};

enum class stage : std::uint8_t { reading, answering, lingering };

struct connection {
  explicit connection(int accepted) : socket(accepted) {}
  ~connection() { close(socket); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  int socket;
  const clock::time_point began = clock::now();
  stage at = stage::reading;
  clock::time_point since = clock::now();  ///< that it has been waiting for its client like this
  std::string in{};
  std::string out{};
  std::size_t sent = 0;
  unsigned answered = 0;
  bool pending = false;  ///< bytes behind the last request have not been looked at
  bool invited = false;  ///< the client was told to send its body
  bool last = false;     ///< nothing is read behind this answer
  bool over = false;
};

}  // namespace

class server::loop {
 public:
  loop(listen_socket listening, const server_options& options, rest_handler handler)
      : options_(options),
        listening_(std::move(listening)),
        wake_(eventfd(0, EFD_CLOEXEC)),
        exchange_(std::move(handler)) {
    thread_ = thread_without_signals([this] { run(); });
  }
  ~loop() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);
    thread_.join();
    close(wake_);
  }
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  std::uint16_t port() const { return listening_.port(); }

 private:
  void run() {
    std::vector<pollfd> waits;
    while (true) {
      waits.clear();
      waits.push_back({wake_, POLLIN, 0});
      const auto until_accept =
          std::chrono::ceil<std::chrono::milliseconds>(accept_from_ - clock::now());
      const bool accepts = until_accept.count() <= 0;
      waits.push_back({accepts ? listening_.descriptor() : -1, POLLIN, 0});
      for (const auto& each : connections_) {
        const short wanted = each.at == stage::answering ? POLLOUT : POLLIN;
        waits.push_back({each.socket, wanted, 0});
      }
      const bool pending = std::any_of(connections_.begin(), connections_.end(),
                                       [](const connection& each) { return each.pending; });
      const auto wait = pending   ? decltype(tick)::zero()
                        : accepts ? tick
                                  : std::min(tick, until_accept);
      poll(waits.data(), waits.size(), static_cast<int>(wait.count()));
      if (waits[0].revents != 0) return;
      std::size_t at = 2;
      for (auto& each : connections_) {
        if (waits[at++].revents != 0 || each.pending) serve(each);
      }
      drop_late();
      if (waits[1].revents != 0) accept_some();
    }
  }

  void serve(connection& of) {
    switch (of.at) {
      case stage::reading:
        return of.pending ? answer_next(of) : read_some(of);
      case stage::answering:
        return send_some(of);
      case stage::lingering:
        return discard_some(of);
    }
  }

  void read_some(connection& of) {
    std::array<char, read_bytes> bytes;
    const auto taken = recv(of.socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (taken <= 0) {
      of.over = taken == 0 || (errno != EAGAIN && errno != EINTR);
      return;
    }
    if (of.in.empty()) of.since = clock::now();
    of.in.append(bytes.data(), static_cast<std::size_t>(taken));
    answer_next(of);
  }

  /// Answers the request at the front of what has come, when it is whole.
  void answer_next(connection& of) {
    of.pending = false;
    const auto frame = frame_of(of.in);
    if (frame.state == frame_state::incomplete) {
      if (frame.expects_continue) invite(of);
      return;
    }
    of.invited = false;
    http_exchange::answer made;
    if (frame.state == frame_state::refused) {
      made = http_exchange::refuse(frame.status, frame.reason);
      of.in.clear();
    } else {
      const std::string_view all = of.in;
      made = exchange_.on_request(all.substr(0, frame.head_bytes),
                                  all.substr(frame.head_bytes, frame.body_bytes),
                                  ++of.answered >= options_.requests_max);
      of.in.erase(0, frame.head_bytes + frame.body_bytes);
    }
    of.out = std::move(made.bytes);
    of.sent = 0;
    of.last = made.close;
    enter(of, stage::answering);
    send_some(of);
  }

  static void invite(connection& of) {
    if (std::exchange(of.invited, true)) return;
    constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto gone = send(of.socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    of.over = gone != static_cast<ssize_t>(text.size());  // it does not even read its answers
  }

  void send_some(connection& of) {
    while (of.sent < of.out.size()) {
      const auto gone = send(of.socket, of.out.data() + of.sent, of.out.size() - of.sent,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
      if (gone < 0) {
        of.over = errno != EAGAIN && errno != EINTR;
        return;
      }
      of.sent += static_cast<std::size_t>(gone);
    }
    of.out.clear();
    of.out.shrink_to_fit();
    if (of.last) {
      // What the client still sends is taken, so that it comes to read the answer.
      shutdown(of.socket, SHUT_WR);
      enter(of, stage::lingering);
      return;
    }
    enter(of, stage::reading);
    of.pending = !of.in.empty();  // in the next round: others come in between
  }

  static void discard_some(connection& of) {
    std::array<char, read_bytes> bytes;
    const auto taken = recv(of.socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    of.over = taken == 0 || (taken < 0 && errno != EAGAIN && errno != EINTR);
  }

  static void enter(connection& of, stage next) {
    of.at = next;
    of.since = clock::now();
  }

  void drop_late() {
    const auto now = clock::now();
    connections_.remove_if(
        [&](const connection& each) { return each.over || now - each.since > bound_of(each); });
  }

  clock::duration bound_of(const connection& of) const {
    switch (of.at) {
      case stage::reading:
        return of.in.empty() ? options_.idle_time : options_.request_time;
      case stage::answering:
        return options_.answer_time;
      case stage::lingering:
        return linger_time;
    }
    return linger_time;
  }

  void accept_some() {
    while (true) {
      const bool full = connections_.size() >= options_.connections_max;
      const auto leaves = full ? longest_waiting() : connections_.end();
      if (full && leaves == connections_.end()) return;
      const int accepted =
          accept4(listening_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          accept_from_ = clock::now() + pause_of_accept;
        }
        return;
      }
      if (full) connections_.erase(leaves);
      connections_.emplace_back(accepted);
    }
  }

  /// Of those who have had their grace; when nobody has, nobody is accepted until then.
  std::list<connection>::iterator longest_waiting() {
    const auto now = clock::now();
    auto longest = connections_.end();
    auto first = now;
    for (auto at = connections_.begin(); at != connections_.end(); ++at) {
      first = std::min(first, at->began);
      if (now - at->began < grace) continue;
      if (longest == connections_.end() || at->since < longest->since) longest = at;
    }
    if (longest == connections_.end()) accept_from_ = first + grace;
    return longest;
  }

  const server_options options_;
  listen_socket listening_;
  int wake_;
  http_exchange exchange_;
  std::list<connection> connections_;
  clock::time_point accept_from_{};
  std::thread thread_;
};

server::server(listen_socket listening, const server_options& options, rest_handler handler)
    : loop_(std::make_unique<loop>(std::move(listening), options, std::move(handler))) {}
server::~server() = default;
std::uint16_t server::port() const {
  return loop_->port();
}

}  // namespace weir::rest
