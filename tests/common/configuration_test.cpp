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
  std::set<std::string> variables;
  for (const auto& key : weir::configuration_keys()) {
    CAPTURE(key.name);
    CHECK(names.insert(key.name).second);
    CHECK(variables.insert(weir::variable_of(key.name)).second);
    for (const auto old_name : weir::detail::words(key.old_names)) {
      CAPTURE(old_name);
      CHECK(names.insert(old_name).second);
      CHECK(variables.insert(weir::variable_of(old_name)).second);
    }
    CHECK_FALSE(key.meaning.empty());
    CHECK((key.kind == value_kind::choice) == !key.choices.empty());
    auto free = key;
    free.unsupported = {};
    for (const auto value : {key.fallback, key.least, key.most}) {
      if (!value.empty()) CHECK(weir::detail::canonical_value(free, value));
    }
    if (!key.fallback.empty())
      CHECK(*weir::detail::canonical_value(key, key.fallback) == key.fallback);
    CHECK((key.unsupported.empty() || !key.fallback.empty()));
    CHECK((!key.secret || key.fallback.empty()));
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
  CHECK(std::count(effective.begin(), effective.end(),
                   weir::effective_setting{"state.dir", "/tmp/x", ""}) == 1);
  CHECK(std::count(effective.begin(), effective.end(),
                   weir::effective_setting{"task.hang.timeout", "1 min", "default"}) == 1);
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

TEST_CASE("a later setting overrides an earlier one, and each remembers where it was given") {
  weir::read_settings read{.given = {{"parallelism.default", "2", "program"},
                                     {"parallelism.default", "3", "weir.yaml:4:1"},
                                     {"state.backend", "rocksdb", "weir.yaml:5:1"}},
                           .mistakes = {}};
  read.append(weir::read_assignments(std::vector<std::string>{"parallelism.default=4"}, "-D"));
  const auto made = configuration::from(read);

  REQUIRE(made);
  CHECK(made->get_integer("parallelism.default") == 4);
  CHECK(made->origin("parallelism.default") == "-D");
  CHECK(made->origin("state.backend.type") == "weir.yaml:5:1");
  CHECK(made->origin("rest.port") == "default");
  const auto notices = made->notices();
  REQUIRE(notices.size() == 2);
  CHECK(notices[0] == "setting state.backend (weir.yaml:5:1) is now called state.backend.type");
  CHECK(has(notices[1], "state.backend.type = rocksdb (weir.yaml:5:1) has no effect"));
}

TEST_CASE("a mistake begins with its origin, and so do those of the reading, which come first") {
  weir::read_settings read{.given = {{"parallelism.default", "0", "weir.yaml:4:1"},
                                     {"execution", "fast", "WEIR_EXECUTION"}},
                           .mistakes = {"weir.yaml:9:2: an alias"}};
  const auto made = configuration::from(read);

  REQUIRE_FALSE(made);
  const auto& message = made.error().message;
  CHECK(message.starts_with("weir.yaml:9:2: an alias\nweir.yaml:4:1: parallelism.default = \"0\""));
  CHECK(has(message, "WEIR_EXECUTION: \"execution\" (value \"fast\") is no setting but a group"));
}

TEST_CASE("of very many mistakes a page is listed") {
  weir::read_settings read;
  for (int i = 0; i < 120; ++i) read.given.push_back({"key-" + std::to_string(i), "1", ""});
  const auto message = configuration::from(read).error().message;

  CHECK(std::count(message.begin(), message.end(), '\n') == 50);
  CHECK(message.ends_with("and 70 more like these"));
}

TEST_CASE("a key with <name> in it stands for every name there") {
  const std::vector<std::string> given = {"metrics.reporter.prom.port=9250-9260",
                                          "metrics.reporter.other.interval=5 s"};
  const auto made = configuration::from(given);

  REQUIRE(made);
  CHECK(made->is_set("metrics.reporter.prom.port"));
  CHECK_FALSE(made->is_set("metrics.reporter.other.port"));
  const auto notices = made->notices();
  REQUIRE(notices.size() == 2);
  CHECK(has(notices[0], "metrics.reporter.other.interval = 5 s has no effect"));
  const auto effective = made->effective();
  CHECK(std::count(effective.begin(), effective.end(),
                   weir::effective_setting{"metrics.reporter.prom.port", "9250-9260", ""}) == 1);
  CHECK(has(refusal({"metrics.reporter.port=1"}), "not a known setting"));
  CHECK(has(refusal({"metrics.reporter.a.b.port=1"}), "not a known setting"));
  CHECK(has(refusal({"metrics.reporter.a#.port=1"}), "not a known setting"));
  CHECK(has(refusal({"metrics.reporter..port=1"}), "not a known setting"));
}

TEST_CASE("a value that only sounds supported is refused with the reason") {
  CHECK(has(refusal({"security.ssl.rest.enabled=true"}), "does not speak TLS"));
  CHECK(has(refusal({"security.ssl.rest.enabled=true"}), "expected false"));
  CHECK(configuration().set("security.ssl.rest.enabled", "FALSE"));
}

TEST_CASE("the value of a secret is in no output, also when its name is mistyped") {
  configuration made;
  REQUIRE(made.set("weir.rest.token", "hush", "-D"));
  CHECK(made.get_text("weir.rest.token") == "hush");
  for (const auto& [key, value, origin] : made.effective()) {
    CHECK_FALSE(has(value, "hush"));
    if (key == "weir.rest.token") CHECK(value == "******");
  }
  for (const auto* given :
       {"weir.rest.token=hush\x01", "weir.rest.tokn=hush", "rest.token=hush", "my.Password=hush",
        "weir.rest.token:hush", "parallelism.default-token=hush", "pipeline.secret=hush"}) {
    const auto message = refusal({given});
    CAPTURE(message);
    CHECK_FALSE(has(message, "hush"));
    CHECK(has(message, "******"));
  }
}

TEST_CASE("control characters and endless values are refused, and shown on one line") {
  const auto broken = refusal({"pipeline.name=a\nb"});
  CHECK(has(broken, "\"a\\x0ab\""));
  CHECK(has(broken, "line break"));
  const auto endless = refusal({"parallelism.default=" + std::string(100'000, '1')});
  CHECK(has(endless, "it has 100000 bytes, at most 256 are read"));
  CHECK(endless.size() < 400);
  CHECK(has(refusal({"pipeline.name=" + std::string(70'000, 'x')}), "at most 65536"));
  CHECK(refusal({std::string(100'000, 'k') + "=1"}).size() < 400);
}

TEST_CASE("a broken rule is told with the other mistakes: all its keys, their values and origins") {
  const auto too_many = [](const configuration& of) -> std::string {
    const bool over =
        of.get_integer("parallelism.default") > of.get_integer("web.checkpoints.history");
    return over ? "expected fewer" : "";
  };
  const std::vector<weir::settings_rule> rules = {
      {{"web.checkpoints.history", "parallelism.default", "pipeline.name", "weir.rest.token"},
       too_many}};
  const auto told = [&](std::vector<weir::setting> given) {
    const auto made =
        configuration::from({.given = std::move(given), .mistakes = {"f:1: gone"}}, rules);
    REQUIRE_FALSE(made);
    return made.error().message;
  };
  CHECK(told({{"parallelism.default", "11", "-D"}}) ==
        "f:1: gone\n-D: parallelism.default = 11 with web.checkpoints.history = 10 (default) and "
        "pipeline.name not set and weir.rest.token not set: expected fewer");
  CHECK(told({{"weir.rest.token", "hush", "W"},
              {"rest.prot", "1", "-D"},
              {"pipeline.name", "a b", "program"},
              {"web.checkpoints.history", "2", "f:3:1"},
              {"parallelism.default", "3", ""}}) ==
        "f:1: gone\n-D: \"rest.prot\" (value \"1\") is not a known setting; the nearest one is "
        "rest.port\nf:3:1: web.checkpoints.history = 2 with parallelism.default = 3 and "
        "pipeline.name = \"a b\" (program) and weir.rest.token = ****** (W): expected fewer");

  SUBCASE("but not when one of its values is wrong by itself, also by an old name") {
    const auto only =
        told({{"parallelism.default", "11", ""}, {"web.checkpoints.history", "x", ""}});
    CHECK(has(only, "web.checkpoints.history = \"x\": "));
    CHECK_FALSE(has(only, "expected fewer"));
    const std::vector<weir::settings_rule> of_retained = {
        {{"execution.checkpointing.num-retained"},
         [](const configuration&) -> std::string { return "never"; }}};
    const auto made = configuration::from(
        {.given = {{"state.checkpoints.num-retained", "x", ""}}, .mistakes = {}}, of_retained);
    CHECK_FALSE(has(made.error().message, "never"));
  }
  SUBCASE("and not when it holds") {
    const std::vector<weir::setting> fine = {{"parallelism.default", "10", ""}};
    CHECK(configuration::from({.given = fine, .mistakes = {}}, rules));
  }
}
