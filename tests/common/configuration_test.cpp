// SPDX-License-Identifier: Apache-2.0
// Specifies how settings are given, checked, read back and explained; and checks the table of keys
// as a whole.
#include "common/configuration.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "common/configuration_value.hpp"
#include "common/words.hpp"

using namespace std::chrono_literals;
using weir::configuration;
using weir::value_kind;

namespace {

std::string refusal(std::vector<std::string> assignments) {
  const auto made = configuration::from(assignments);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == weir::error_code::invalid_argument);
  return made.error().message;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE(
    "the table is consistent: names are unique, defaults, bounds and choices are valid values") {
  std::set<std::string_view> names;
  for (const auto& key : weir::configuration_keys()) {
    CAPTURE(key.name);
    CHECK(names.insert(key.name).second);
    for (const auto old_name : weir::detail::words(key.old_names)) {
      CAPTURE(old_name);
      CHECK(names.insert(old_name).second);
    }
    CHECK_FALSE(key.meaning.empty());
    CHECK((key.kind == value_kind::choice) == !key.choices.empty());
    for (const auto value : {key.fallback, key.least, key.most}) {
      if (!value.empty()) CHECK(weir::detail::canonical_value(key, value));
    }
    if (!key.fallback.empty())
      CHECK(*weir::detail::canonical_value(key, key.fallback) == key.fallback);
  }
}

TEST_CASE("without settings every key has weir's default") {
  const configuration none;

  CHECK(none.get_duration("execution.checkpointing.interval") == 1s);
  CHECK(none.get_integer("execution.checkpointing.tolerable-failed-checkpoints") == 3);
  CHECK(none.get_integer("execution.checkpointing.num-retained") == 2);
  CHECK(none.get_duration("execution.buffer-timeout.interval") == 1ms);
  CHECK(none.get_number("restart-strategy.exponential-delay.backoff-multiplier") == 1.5);
  CHECK(none.get_choice("execution.checkpointing.mode") == "EXACTLY_ONCE");
  CHECK(none.get_boolean("pipeline.operator-chaining.enabled"));
  CHECK_FALSE(none.has_value("state.dir"));
  CHECK_FALSE(none.is_set("parallelism.default"));
  CHECK(none.notices().empty());
}

TEST_CASE(
    "settings are read by kind, later ones override earlier ones, words are spelled as in the "
    "table") {
  const std::vector<std::string> given = {"execution.checkpointing.interval=250ms",
                                          "parallelism.default = 2",
                                          "parallelism.default=4",
                                          "execution.checkpointing.mode=at_least_once",
                                          "restart-strategy.type=FailureRate",
                                          "pipeline.operator-chaining.enabled=False",
                                          "restart-strategy.exponential-delay.jitter-factor=0.25",
                                          "pipeline.name= a=b c ",
                                          "state.dir=/tmp/x"};
  const auto made = configuration::from(given);

  REQUIRE(made);
  CHECK(made->get_duration("execution.checkpointing.interval") == 250ms);
  CHECK(made->get_integer("parallelism.default") == 4);
  CHECK(made->get_choice("execution.checkpointing.mode") == "AT_LEAST_ONCE");
  CHECK(made->get_choice("restart-strategy.type") == "failure-rate");
  CHECK_FALSE(made->get_boolean("pipeline.operator-chaining.enabled"));
  CHECK(made->get_number("restart-strategy.exponential-delay.jitter-factor") == 0.25);
  CHECK(made->get_text("pipeline.name") == "a=b c");
  CHECK(made->is_set("state.dir"));
  const auto effective = made->effective();
  CHECK(std::find(effective.begin(), effective.end(),
                  std::pair<std::string, std::string>("state.dir", "/tmp/x")) != effective.end());
}

TEST_CASE("zero switches checkpointing off, and other intervals have bounds") {
  CHECK(configuration().set("execution.checkpointing.interval", "0"));
  CHECK(configuration().set("execution.checkpointing.interval", "1 ms"));
  CHECK(has(refusal({"execution.checkpointing.interval=999 us"}), "too small"));
  CHECK(has(refusal({"execution.checkpointing.interval=366 d"}), "from 1 ms to 365 d, or 0 (off)"));
}

TEST_CASE("a bad value is refused with the key, the value and what was expected") {
  struct example {
    const char* assignment;
    const char* value;
    const char* expected;
  };
  const example examples[] = {
      {"parallelism.default=0", "\"0\"", "an integer from 1 to 1024"},
      {"parallelism.default=1025", "\"1025\"", "an integer from 1 to 1024"},
      {"parallelism.default=two", "\"two\"", "an integer"},
      {"parallelism.default=2.5", "\"2.5\"", "integer"},
      {"parallelism.default=99999999999999999999", "\"99999999999999999999\"", "64-bit"},
      {"parallelism.default=", "\"\"", "integer"},
      {"execution.checkpointing.timeout=soon", "\"soon\"", "a unit of d, h"},
      {"execution.checkpointing.mode=twice", "\"twice\"", "EXACTLY_ONCE, AT_LEAST_ONCE"},
      {"restart-strategy.type=fixed", "\"fixed\"", "none, fixed-delay, failure-rate"},
      {"restart-strategy.exponential-delay.jitter-factor=nan", "\"nan\"", "number"},
      {"restart-strategy.exponential-delay.jitter-factor=1.01", "\"1.01\"", "from 0 to 1"},
      {"pipeline.operator-chaining.enabled=yes", "\"yes\"", "true or false"},
      {"pipeline.name=  ", "", "not empty"},
      {"execution.checkpointing.num-retained=1", "\"1\"", "from 2"},
  };
  for (const auto& [assignment, value, expected] : examples) {
    const std::string text = assignment;
    CAPTURE(text);
    const auto message = refusal({text});
    CAPTURE(message);
    CHECK(has(message, text.substr(0, text.find('='))));
    CHECK(has(message, value));
    CHECK(has(message, expected));
  }
}

TEST_CASE("an unknown key is refused with the nearest known one, and nothing is set") {
  configuration made;
  const auto set = made.set("execution.checkpointing.intervall", "5 s");

  REQUIRE_FALSE(set);
  CHECK(has(set.error().message, "\"execution.checkpointing.intervall\""));
  CHECK(has(set.error().message, "nearest one is execution.checkpointing.interval"));
  CHECK(made.get_duration("execution.checkpointing.interval") == 1s);
  CHECK(has(refusal({"=5"}), "not a known setting"));
}

TEST_CASE("all mistakes are reported at once, a line each") {
  const auto message =
      refusal({"parallelism.default=0", "no equals sign", "stat.dir=x", "pipeline.name=ok"});

  CHECK(std::count(message.begin(), message.end(), '\n') == 2);
  CHECK(has(message, "parallelism.default"));
  CHECK(has(message, "\"no equals sign\" is not a setting; expected key=value"));
  CHECK(has(message, "state.dir"));
}

TEST_CASE("an old name sets the new key with a notice, and a key without effect says why") {
  const std::vector<std::string> given = {
      "state.checkpoints.num-retained=5", "restart-strategy=none",
      "execution.checkpointing.incremental=false", "execution.checkpointing.storage=filesystem"};
  const auto made = configuration::from(given);

  REQUIRE(made);
  CHECK(made->get_integer("execution.checkpointing.num-retained") == 5);
  CHECK(made->get_choice("restart-strategy.type") == "none");
  const auto notices = made->notices();
  REQUIRE(notices.size() == 3);
  CHECK(notices[0] == "setting restart-strategy is now called restart-strategy.type");
  CHECK(
      notices[1] ==
      "setting state.checkpoints.num-retained is now called execution.checkpointing.num-retained");
  CHECK(has(notices[2], "execution.checkpointing.incremental = false has no effect"));
}

TEST_CASE(
    "reading a key that does not exist, of another kind or without a value is a broken invariant") {
  const configuration none;
  CHECK_THROWS_AS(static_cast<void>(none.get_text("no.such.key")), weir::invariant_broken);
  CHECK_THROWS_AS(static_cast<void>(none.get_text("parallelism.default")), weir::invariant_broken);
  CHECK_THROWS_AS(static_cast<void>(none.get_text("state.dir")), weir::invariant_broken);
}
