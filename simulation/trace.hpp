// SPDX-License-Identifier: Apache-2.0
// trace remembers the last steps of a simulation, and a hash of all of them.
//
// Owner:      a simulated job.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weir {

class trace {
 public:
  /// What a step was: `actor` and `message` live as long as the trace; `hash` is of both.
  void add_step(std::chrono::nanoseconds time, const std::string& actor, const char* message);
  /// Something that the simulator did.
  void add_event(std::chrono::nanoseconds time, std::string what);

  std::uint64_t steps() const { return steps_; }
  std::uint64_t hash() const { return hash_; }
  /// All events but too many, and the last steps, a line each.
  std::string text() const;

 private:
  struct entry {
    std::uint64_t step = 0;
    std::chrono::nanoseconds time{};
    std::string actor;
    const char* message = nullptr;  // a type's name as the compiler writes it; nullptr: an event
  };
  entry& next();
  static std::string line_of(const entry& one);
  void mix(const char* bytes, std::size_t size);

  static constexpr std::size_t kept = 40;
  static constexpr std::size_t events_kept = 50;
  std::array<entry, kept> last_;
  std::vector<entry> events_;
  std::uint64_t entries_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace weir
