// SPDX-License-Identifier: Apache-2.0
// What execute() and plan() refuse: graphs and settings that cannot work. Everything that is wrong
// with a graph comes at once, each line with the operator's name, and nothing has run: no operator,
// no state directory.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/program/job_runs.hpp"
#include "weir/weir.hpp"

namespace {

using namespace weir::test;

std::atomic<std::uint64_t> records_made{0};

/// A source that tells when it has run.
std::uint64_t counted(std::uint64_t seq) {
  ++records_made;
  return seq;
}
auto numbers() {
  return weir::generate(counted).count(10);
}
std::uint64_t same(std::uint64_t n) {
  return n;
}

/// What execute() says about the graph that `build` makes; plan() says the same, and nothing runs.
template <class Build>
std::string refusal(Build build, std::uint32_t parallelism = 1) {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state", parallelism);
  build(env);
  const auto planned = env.plan();
  const auto job = env.execute();
  REQUIRE_FALSE(job);
  REQUIRE_FALSE(planned);
  CHECK(planned.error().message == job.error().message);
  CHECK(job.error().code == weir::error_code::invalid_argument);
  CHECK_FALSE(std::filesystem::exists(scratch.path() / "state"));
  CHECK(records_made == 0);
  return job.error().message;
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(1 + std::count(text.begin(), text.end(), '\n'));
}

struct keyed_without_keys final : weir::process_function<std::uint64_t, std::uint64_t> {
  weir::value_state<std::uint64_t> seen{*this, "seen", 0};
  void process(const std::uint64_t& n, context&, weir::collector<std::uint64_t>& out) override {
    out.emit(n);
  }
};

struct named_twice final : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  weir::value_state<std::uint64_t> first{*this, "seen", 0};
  weir::list_state<std::uint64_t> second{*this, "seen"};
  weir::operator_list_state<std::uint64_t> third{*this, ""};
  weir::side_output<int> one{*this, "late"};
  weir::side_output<int> two{*this, "late"};
  void process(const std::uint64_t& n, context&, weir::collector<std::uint64_t>& out) override {
    out.emit(n);
  }
};

template <class Thrown>
struct cannot_be_built final : weir::process_function<std::uint64_t, std::uint64_t> {
  explicit cannot_be_built(Thrown what) { throw what; }
  void process(const std::uint64_t& n, context&, weir::collector<std::uint64_t>& out) override {
    out.emit(n);
  }
};

struct with_side final : weir::process_function<std::uint64_t, std::uint64_t> {
  weir::side_output<std::uint64_t> odd{*this, "odd"};
  void process(const std::uint64_t& n, context&, weir::collector<std::uint64_t>& out) override {
    out.emit(n);
  }
};

struct not_an_exception {};

}  // namespace

TEST_CASE("a graph without operators is refused") {
  CHECK(contains(refusal([](weir::environment&) {}), "no operators"));
}

TEST_CASE("an operator without a name, and two with one name, are refused") {
  const auto nameless = refusal([](weir::environment& env) {
    env.from("numbers", numbers()).map("", same).to("out", weir::discard_sink());
  });
  CHECK_MESSAGE(contains(nameless, "has no name"), nameless);
  CHECK_MESSAGE(contains(nameless, "map"), nameless);
  const auto twice = refusal([](weir::environment& env) {
    env.from("numbers", numbers())
        .map("same", same)
        .map("same", same)
        .to("out", weir::discard_sink());
  });
  CHECK_MESSAGE(contains(twice, "'same': 2 operators have this name"), twice);
}

TEST_CASE("a stream that nothing reads is refused") {
  const auto text = refusal([](weir::environment& env) {
    auto from = env.from("numbers", numbers());
    from.map("dangling", same);
    from.to("out", weir::discard_sink());
  });
  CHECK_MESSAGE(contains(text, "'dangling': unconnected stream"), text);
  CHECK(lines_of(text) == 1);
}

TEST_CASE("a parallelism of nought or of thousands is refused, of the operator and of the job") {
  for (const std::uint32_t wrong : {0u, 1025u, 0xffffffffu}) {
    const auto text = refusal([wrong](weir::environment& env) {
      env.from("numbers", numbers())
          .map("same", same)
          .parallelism(wrong)
          .to("out", weir::discard_sink());
    });
    CHECK_MESSAGE(
        contains(text, "'same': parallelism is " + std::to_string(wrong) + ", expected 1 to 1024"),
        text);
  }
  const auto text = refusal(
      [](weir::environment& env) {
        env.from("numbers", numbers()).to("out", weir::discard_sink());
      },
      0);
  CHECK_MESSAGE(contains(text, "parallelism.default"), text);
}

TEST_CASE("forward() between different parallelisms is refused with both") {
  const auto text = refusal([](weir::environment& env) {
    env.from("numbers", numbers())
        .parallelism(2)
        .forward()
        .map("same", same)
        .parallelism(3)
        .to("out", weir::discard_sink());
  });
  CHECK_MESSAGE(contains(text, "'numbers' has 2"), text);
  CHECK_MESSAGE(contains(text, "'same' has 3"), text);
}

TEST_CASE("keyed state without keys is refused with the operator's and the state's name") {
  const auto text = refusal([](weir::environment& env) {
    env.from("numbers", numbers())
        .process<keyed_without_keys>("count")
        .to("out", weir::discard_sink());
  });
  CHECK_MESSAGE(contains(text, "'count': state 'seen' is keyed, but the operator has no keys"),
                text);
}

TEST_CASE("states and side outputs that share a name or have none are refused") {
  const auto text = refusal([](weir::environment& env) {
    env.from("numbers", numbers())
        .key_by(same)
        .process<named_twice>("count")
        .to("out", weir::discard_sink());
  });
  CHECK_MESSAGE(contains(text, "'count': state 'seen' is declared twice"), text);
  CHECK_MESSAGE(contains(text, "'count': a state has no name"), text);
  CHECK_MESSAGE(contains(text, "'count': side output 'late' is declared twice"), text);
}

TEST_CASE("an operator whose constructor throws is refused, whatever it throws") {
  const auto text = refusal([](weir::environment& env) {
    const auto from = env.from("numbers", numbers());
    from.process<cannot_be_built<std::runtime_error>>("first",
                                                      std::runtime_error("no such model file"))
        .to("out 1", weir::discard_sink());
    from.process<cannot_be_built<int>>("second", 7).to("out 2", weir::discard_sink());
    from.process<cannot_be_built<not_an_exception>>("third", not_an_exception{})
        .to("out 3", weir::discard_sink());
  });
  CHECK_MESSAGE(contains(text, "'first': the operator's constructor threw: no such model file"),
                text);
  CHECK_MESSAGE(contains(text, "'second': the operator's constructor threw something"), text);
  CHECK_MESSAGE(contains(text, "'third': the operator's constructor threw something"), text);
  CHECK(lines_of(text) == 3);
}

TEST_CASE("side outputs that do not exist, or carry another type, are refused") {
  const auto text = refusal([](weir::environment& env) {
    const auto split = env.from("numbers", numbers()).process<with_side>("split");
    split.to("out", weir::discard_sink());
    split.side<std::uint64_t>("even").to("even", weir::discard_sink());
    split.side<std::string>("odd").to("odd", weir::discard_sink());
  });
  CHECK_MESSAGE(contains(text, "'split': there is no side output 'even'"), text);
  CHECK_MESSAGE(contains(text, "'split': side output 'odd' has another record type"), text);
}

TEST_CASE("streams of two environments cannot be joined") {
  const auto text = refusal([](weir::environment& env) {
    weir::environment other("other");
    const auto foreign = other.from("foreign", numbers());
    env.from("numbers", numbers())
        .union_with(foreign)
        .map("same", same)
        .to("out", weir::discard_sink());
  });
  CHECK_MESSAGE(
      contains(text, "'numbers': union_with: the other stream belongs to another environment"),
      text);
}

TEST_CASE("everything that is wrong comes at once") {
  const auto text = refusal([](weir::environment& env) {
    env.from("numbers", numbers())
        .map("same", same)
        .parallelism(0)
        .to("same", weir::discard_sink());
    env.from("alone", numbers());
    env.from("more", numbers()).process<keyed_without_keys>("count").to("", weir::discard_sink());
  });
  for (const char* name : {"'same'", "'alone'", "'count'", "has no name", "parallelism is 0"}) {
    CHECK_MESSAGE(contains(text, name), text);
  }
  CHECK(lines_of(text) == 5);
}

TEST_CASE("settings that do not exist or make no sense are refused with the key") {
  const auto refused_setting = [](const std::string& key, const std::string& value) {
    return refusal([&](weir::environment& env) {
      env.from("numbers", numbers()).to("out", weir::discard_sink());
      env.set(key, value);
    });
  };
  const auto misspelt = refused_setting("execution.checkpointing.intervall", "1 s");
  CHECK_MESSAGE(contains(misspelt, "execution.checkpointing.intervall"), misspelt);
  CHECK_MESSAGE(contains(misspelt, "the nearest one is execution.checkpointing.interval"),
                misspelt);
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"parallelism.default", "two"},
           {"parallelism.default", "-1"},
           {"execution.checkpointing.interval", "soon"},
           {"execution.checkpointing.mode", "exactly-twice"},
           {"restart-strategy.type", "hope"},
           {"restart-strategy.fixed-delay.attempts", "many"},
           {"pipeline.operator-chaining.enabled", "perhaps"}}) {
    const auto text = refused_setting(key, value);
    CHECK_MESSAGE(contains(text, key), text);
    CHECK_MESSAGE(contains(text, value), text);
  }
}

TEST_CASE("an environment that was refused runs once it has been put right") {
  const weir::scratch_directory scratch;
  auto env = make_environment(scratch.path() / "state");
  auto output = std::make_shared<weir::collected<std::uint64_t>>();
  const auto from = env.from("numbers", weir::generate(same).count(10));
  CHECK_FALSE(env.execute());
  from.to("out", weir::collect_sink(output));
  run_to_finish(env);
  CHECK(output->size() == 10);
}
