// SPDX-License-Identifier: Apache-2.0
// feed_reader stands in for the task of a source of lines: it runs the source's lane when the test says so, and keeps the
// lines that it got.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/connectors/fake_host.hpp"
#include "weir/core/line_feed.hpp"

namespace weir::test {

class feed_reader {
 public:
  /// The feed is neither attached nor opened yet.
  explicit feed_reader(std::unique_ptr<line_feed> of, std::uint32_t index = 0,
                       std::uint32_t parallelism = 1)
      : host(index, parallelism), feed(std::move(of)) {}

  /// One lane job, if there is one, then all lines that are there; false at the end of the stream.
  bool step() {
    if (host.jobs() != 0) {
      host.run_one();
      host.finish_one();
    }
    std::string_view line;
    while (true) {
      switch (feed->next(line)) {
        case line_feed::outcome::line:
          got.emplace_back(line);
          break;
        case line_feed::outcome::starved:
          return true;
        case line_feed::outcome::ended:
          return false;
      }
    }
  }
  /// Steps until something is so. The bound is reached by broken code only: 100 s.
  void step_until(const std::function<bool()>& is_so) {
    for (int i = 0; i < 1000 && !is_so(); ++i) (void)step();
    REQUIRE(is_so());
  }
  void step_to_report(std::string_view text, std::size_t times = 1) {
    step_until([this, text, times] { return host.reports_with(text) >= times; });
  }

  fake_host host;
  std::unique_ptr<line_feed> feed;
  std::vector<std::string> got;
};

}  // namespace weir::test
