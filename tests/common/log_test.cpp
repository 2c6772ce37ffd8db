// SPDX-License-Identifier: Apache-2.0
// Specifies what a log line carries and which lines are written, by capturing them.
#include "common/log.hpp"

#include <doctest/doctest.h>

#include <thread>

using weir::log_capture;
using weir::log_layer;
using weir::log_level;
using weir::logger;

TEST_CASE("a line carries level, layer, message and the fields that are known") {
  const log_capture captured;
  const logger log(log_layer::coordinator, {.job = "word-count", .checkpoint = weir::epoch_id{7}});

  log.warn("checkpoint failed");
  log.with({.task = "count/3", .attempt = weir::attempt_id{2}}).info("restored");
  log.error("no more fields than the logger's");

  const auto lines = captured.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "warning coordinator checkpoint failed job=word-count checkpoint=7");
  CHECK(lines[1] == "info coordinator restored task=count/3 attempt=2");
  CHECK(lines[2] ==
        "error coordinator no more fields than the logger's job=word-count checkpoint=7");
}

TEST_CASE("an event is one line whatever it contains, and braces are text") {
  const log_capture captured;
  logger(log_layer::actors, {.job = "a b=c"}).error("first\nsecond\t\x01{}{0}%");

  REQUIRE(captured.lines().size() == 1);
  CHECK(captured.lines()[0] == "error actors first\\nsecond\\t\\x01{}{0}% job=\"a b=c\"");
}

TEST_CASE("levels are set for all layers or for one, and what is not understood is named") {
  const log_capture captured;
  const logger state(log_layer::state);
  const logger actors(log_layer::actors);

  CHECK(weir::set_log_levels("warn,state=debug").empty());
  CHECK(state.enabled(log_level::debug));
  CHECK_FALSE(state.enabled(log_level::trace));
  CHECK_FALSE(actors.enabled(log_level::info));
  actors.info("not written");
  state.debug("written");
  CHECK(captured.lines() == std::vector<std::string>{"debug state written"});

  CHECK(weir::set_log_levels("off").empty());
  CHECK_FALSE(actors.enabled(log_level::error));
  CHECK_FALSE(actors.enabled(log_level::off));

  const auto complaints = weir::set_log_levels("loud,stat=info,,info");
  REQUIRE(complaints.size() == 2);
  CHECK(complaints[0].find("'loud'") != std::string::npos);
  CHECK(complaints[1].find("'stat'") != std::string::npos);
  CHECK(complaints[1].find("serialization") != std::string::npos);
  CHECK(actors.enabled(log_level::info));
}

TEST_CASE("threads may log through copies of one logger, and a capture ends with its scope") {
  const logger log(log_layer::program);
  {
    const log_capture captured;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([log] { log.info("hello"); });
    for (auto& thread : threads) thread.join();
    CHECK(captured.lines().size() == 4);
  }
  log.info("after the capture");
  const log_capture later;
  CHECK(later.lines().empty());
}
