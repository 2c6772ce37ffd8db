// SPDX-License-Identifier: Apache-2.0
#include "connectors/socket_session.hpp"

#include <algorithm>

namespace weir {

using std::chrono::milliseconds;

result<session_step> socket_session::step(char* buffer, std::size_t capacity, milliseconds wait) {
  if (stop_.raised()) return session_step{session_step::kind::stopped, 0, {}, 0};
  if (reader_) return read(buffer, capacity, wait);
  const auto now = clock::now();
  if (now < next_try_) {
    const auto left = std::min(std::chrono::ceil<milliseconds>(next_try_ - now), step_wait_max);
    if (stop_.wait(left)) return session_step{session_step::kind::stopped, 0, {}, 0};
    if (clock::now() < next_try_) return session_step{};
  }
  return connect();
}

result<session_step> socket_session::connect() {
  auto connected = socket_reader::connect(peer_, connect_timeout_, stop_.fd());
  if (connected) {
    reader_ = std::move(*connected);
    before_bytes_ = backoff_;
    return session_step{session_step::kind::connected, 0, {}, backoff_.attempts()};
  }
  const error& failure = connected.error();
  if (failure.code == error_code::in_use) {
    return session_step{session_step::kind::stopped, 0, {}, 0};
  }
  if (failure.recovery_class() == recovery::fail_job) return failure;
  return disconnected(session_step::kind::try_failed, failure.message);
}

session_step socket_session::read(char* buffer, std::size_t capacity, milliseconds wait) {
  const auto input = reader_->read(buffer, capacity, std::min(wait, step_wait_max));
  if (!input) return disconnected(session_step::kind::lost, input.error().message);
  switch (input->event) {
    case socket_event::bytes:
      backoff_.reset();
      return {session_step::kind::bytes, input->size, {}, 0};
    case socket_event::timeout:
      return {};
    case socket_event::closed:
      return disconnected(session_step::kind::closed, {});
    case socket_event::interrupted:
      break;
  }
  return {session_step::kind::stopped, 0, {}, 0};
}

session_step socket_session::refuse(std::string reason) {
  backoff_ = before_bytes_;
  return disconnected(session_step::kind::lost, std::move(reason));
}

/// Also after a connection that worked, there is a wait: a peer may accept and close at once.
session_step socket_session::disconnected(session_step::kind what, std::string reason) {
  reader_.reset();
  next_try_ = clock::now() + backoff_.next(random_());
  return {what, 0, std::move(reason), backoff_.attempts()};
}

}  // namespace weir
