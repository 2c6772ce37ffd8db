// SPDX-License-Identifier: Apache-2.0
#include "rest/http_exchange.hpp"

#include <httplib.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "common/quantity.hpp"
#include "rest/http_frame.hpp"

namespace weir::rest {
namespace {

/// What httplib takes for a socket: reads from `in`, appends to `out`.
class memory_stream final : public httplib::Stream {
 public:
  explicit memory_stream(std::string_view in) : in_(in) {}

  bool is_readable() const override { return !in_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, size_t size) override {
    const auto taken = in_.copy(into, size);
    in_.remove_prefix(taken);
    return static_cast<ssize_t>(taken);
  }
  ssize_t write(const char* from, size_t size) override {
    out.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return -1; }

  std::string out;

 private:
  std::string_view in_;
};

rest_request request_of(const httplib::Request& from, std::string_view head,
                        std::string_view body) {
  rest_request made;
  made.method = from.method;
  made.path = from.path;
  made.body = body;
  for (const auto& [name, value] : from.params) made.query.emplace(name, value);
  made.headers = headers_of(head);  // httplib decodes values as if they were parts of a URL
  return made;
}

/// A path is decoded as a whole; a slash that a proxy has taken for a part of a name must not divide it here.
bool has_encoded_slash(const std::string& target) {
  return detail::lower_case(target.substr(0, target.find('?'))).find("%2f") != std::string::npos;
}

/// httplib's constructor takes SIGPIPE away from the process, which is not its to take.
class kept_sigpipe {
 public:
  kept_sigpipe() { sigaction(SIGPIPE, nullptr, &before_); }
  ~kept_sigpipe() { sigaction(SIGPIPE, &before_, nullptr); }
  kept_sigpipe(const kept_sigpipe&) = delete;
  kept_sigpipe& operator=(const kept_sigpipe&) = delete;

 private:
  struct sigaction before_ {};
};

}  // namespace

class http_exchange::parser final : public httplib::Server {
 public:
  explicit parser(rest_handler handler) : handler_(std::move(handler)) {
    // What answers say of the connection; the server's own bounds decide.
    set_keep_alive_max_count(1000);
    set_keep_alive_timeout(15);
    // Before httplib looks for a body in the stream: the whole body is here.
    set_pre_routing_handler([this](const httplib::Request& asked, httplib::Response& to) {
      answer(asked, to);
      return HandlerResponse::Handled;
    });
    set_error_handler([](const httplib::Request&, httplib::Response& to) {
      if (to.body.empty()) to.set_content(refusal(to.status, reason_of(to.status)).body, json);
    });
  }

  http_exchange::answer exchange(std::string_view head, std::string_view body, bool last) {
    memory_stream stream(head);
    head_ = head;
    body_ = body;
    bool closed = false;
    handled_ = false;
    // No ranges and no compression: an answer costs what its document costs. Whoever asked for the body's sake has sent it.
    const bool done = process_request(stream, last, closed, [](httplib::Request& asked) {
      asked.ranges.clear();
      asked.headers.erase("Accept-Encoding");
      asked.headers.erase("Expect");
    });
    // What could not be read as a request says nothing of where the next one begins.
    return {std::move(stream.out), last || closed || !done || !handled_};
  }

 private:
  static constexpr const char* json = "application/json";

  static std::string reason_of(int status) {
    return status == 414 ? "the path is too long" : "this is no request that can be read";
  }

  void answer(const httplib::Request& asked, httplib::Response& to) {
    handled_ = true;
    rest_response made;
    try {
      made = has_encoded_slash(asked.target) ? refusal(404, "no such path: it has an encoded slash")
                                             : handler_(request_of(asked, head_, body_));
    } catch (const std::exception& failure) {
      made = refusal(500, std::string("the answer could not be made: ") + failure.what());
    }
    to.status = made.status;
    if (!made.allow.empty()) to.set_header("Allow", made.allow);
    to.set_header("Cache-Control", "no-store");
    to.set_header("X-Content-Type-Options", "nosniff");
    to.set_content(std::move(made.body), made.content_type);
  }

  rest_handler handler_;
  std::string_view head_;
  std::string_view body_;
  bool handled_ = false;  // whether the handler has seen the request
};

http_exchange::http_exchange(rest_handler handler) {
  const kept_sigpipe kept;
  parser_ = std::make_unique<parser>(std::move(handler));
}
http_exchange::~http_exchange() = default;

http_exchange::answer http_exchange::on_request(std::string_view head, std::string_view body,
                                                bool last) {
  return parser_->exchange(head, body, last);
}

http_exchange::answer http_exchange::refuse(int status, const std::string& reason) {
  const auto made = refusal(status, reason);
  return {"HTTP/1.1 " + std::to_string(status) +
              " Refused\r\nConnection: close\r\nContent-Type: application/json\r\n"
              "Content-Length: " +
              std::to_string(made.body.size()) + "\r\n\r\n" + made.body,
          true};
}

}  // namespace weir::rest
