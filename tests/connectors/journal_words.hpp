// SPDX-License-Identifier: Apache-2.0
// The words of the tests of the journal: lines whose text follows from their number, and a writer that checks that it finds
// again what it was promised.
//
// Owner:      one test.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "connectors/injected_disk.hpp"
#include "connectors/journal.hpp"
#include "connectors/journal_replay.hpp"
#include "simulation/faulty_disk.hpp"

namespace weir::test {

inline std::string text_of(std::uint64_t line) {
  return "line " + std::to_string(line) + std::string(line % 7, '.');
}

inline journal_settings small_segments(std::uint64_t generation = 0) {
  return {{generation}, false, 100};
}

inline result<std::unique_ptr<journal>> open_on(faulty_storage& on,
                                                journal_settings settings = small_segments()) {
  return journal::open(std::make_unique<faulty_disk>(on, 1), settings);
}

/// Appends lines [lines(), lines() + count) as one group.
inline result<void> commit(journal& to, std::uint32_t count) {
  std::string record(record_header_bytes, '\0');
  for (std::uint32_t i = 0; i < count; ++i) record += text_of(to.lines() + i) + '\n';
  return to.commit(record, count);
}

/// Reads all from `line` on and checks each against its number; gives how many there were.
inline result<std::uint64_t> read_from(const journal& from, std::uint64_t line) {
  journal_replay replay(from, line);
  const std::uint64_t begin = line;
  while (true) {
    auto some = replay.next();
    if (!some) return some.error();
    if (some->lines == 0) break;
    std::string expected;
    for (std::uint32_t i = 0; i < some->lines; ++i) expected += text_of(line++) + '\n';
    REQUIRE(some->text == expected);
  }
  REQUIRE(line == std::max(begin, from.lines()));
  return line - begin;
}

/// A source that journals `total` lines over a disk that may crash, and what it has been promised.
class journal_writer {
 public:
  static constexpr std::uint64_t total = 40;

  explicit journal_writer(faulty_storage& on) : on_(on) {}

  /// Runs until the crash (false) or the end (true). With faults, writes go wrong as they say.
  bool run(std::mt19937_64 random, const std::shared_ptr<disk_faults>& faults = nullptr) {
    std::unique_ptr<disk> with = std::make_unique<faulty_disk>(on_, 1);
    if (faults) with = std::make_unique<injected_disk>(std::move(with), faults);
    auto opened = journal::open(std::move(with), small_segments());
    if (!opened) {
      REQUIRE_MESSAGE((on_.crashed() || faults), opened.error().text());
      return false;
    }
    check(**opened);
    return write(**opened, random);
  }

 private:
  void check(const journal& now) {
    REQUIRE(now.lines() >= durable_);
    REQUIRE(now.lines() <= tried_);
    REQUIRE(now.first_line() <= trimmed_);
    REQUIRE(now.peer_spoke() >= spoke_);
    REQUIRE(read_from(now, trimmed_).has_value());
    durable_ = now.lines();  // a peer hears RESUME with this number: from now on it is a promise
  }
  bool write(journal& to, std::mt19937_64& random) {
    while (to.lines() < total) {
      const auto count = static_cast<std::uint32_t>(random() % 4 + 1);
      tried_ = std::max(tried_, to.lines() + count);
      if (!commit(to, count)) return false;
      durable_ = to.lines();
      if (random() % 4 == 0) {
        trimmed_ = std::max(trimmed_, durable_ - std::min<std::uint64_t>(durable_, 6));
        if (!to.trim(trimmed_)) return false;
      }
      if (durable_ > total / 2 && !to.peer_spoke()) {
        if (!to.commit_peer_spoke()) return false;
        spoke_ = true;
      }
    }
    return true;
  }

  faulty_storage& on_;
  std::uint64_t durable_ = 0;
  std::uint64_t tried_ = 0;
  std::uint64_t trimmed_ = 0;
  bool spoke_ = false;
};

}  // namespace weir::test
