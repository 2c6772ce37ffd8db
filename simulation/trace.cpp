// SPDX-License-Identifier: Apache-2.0
#include "simulation/trace.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace weir {
namespace {

std::string readable(const char* type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type, nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type;
}

}  // namespace

trace::entry& trace::next() {
  return last_[entries_++ % kept];
}

/// FNV-1a: of bytes that do not depend on addresses, so that the same seed has the same hash in every process.
void trace::mix(const char* bytes, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    hash_ = (hash_ ^ static_cast<unsigned char>(bytes[i])) * 0x100000001b3u;
}

void trace::add_step(std::chrono::nanoseconds time, const std::string& actor, const char* message) {
  ++steps_;
  mix(actor.data(), actor.size());
  mix(message, std::strlen(message));
  auto& made = next();
  made.step = steps_;
  made.time = time;
  made.actor.assign(actor);
  made.message = message;
}

void trace::add_event(std::chrono::nanoseconds time, std::string what) {
  mix(what.data(), what.size());
  const entry made{steps_, time, std::move(what), nullptr};
  if (events_.size() < events_kept) events_.push_back(made);
  next() = made;
}

std::string trace::line_of(const entry& one) {
  char head[64];
  std::snprintf(head, sizeof head, "  %8llu  %10.3f ms  ",
                static_cast<unsigned long long>(one.step),
                std::chrono::duration<double, std::milli>(one.time).count());
  if (one.message == nullptr) return head + ("*** " + one.actor) + "\n";
  return head + one.actor + " <- " + readable(one.message) + "\n";
}

std::string trace::text() const {
  std::string text = "what was done to it:\n";
  for (const auto& one : events_) text += line_of(one);
  text += "the last steps:\n";
  const std::uint64_t first = entries_ > kept ? entries_ - kept : 0;
  for (std::uint64_t i = first; i < entries_; ++i) text += line_of(last_[i % kept]);
  return text;
}

}  // namespace weir
