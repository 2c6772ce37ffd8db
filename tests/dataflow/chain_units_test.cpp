// SPDX-License-Identifier: Apache-2.0
// Specifies how the units of a chain are built, wired and ended, with streams of the typed API: records go through all of
// them, to every consumer, and each operator is made anew for every chain_units (P14).
#include "dataflow/chain_units.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/dataflow/fake_ports.hpp"
#include "tests/dataflow/stream_graph.hpp"
#include "weir/sinks.hpp"

namespace {

using namespace weir;
using number = std::uint64_t;

struct noting final : process_function<number, number> {
  noting(std::string name, std::shared_ptr<std::vector<std::string>> log)
      : name_(std::move(name)), log_(std::move(log)) {
    log_->push_back("make " + name_);
  }
  side_output<number> odd{*this, "odd"};

  void open(const subtask_info&) override { log_->push_back("open " + name_); }
  void process(const number& record, context&, collector<number>& out) override {
    if (record % 2 == 1) odd.emit(record);
    out.emit(record + 1);
  }
  void on_end(collector<number>& out) override {
    log_->push_back("end " + name_);
    out.emit(1000);
  }
  void close() override {
    log_->push_back("close " + name_);
    if (fails_to_close) throw std::runtime_error(name_ + " fails to close");
  }
  static inline bool fails_to_close = false;

 private:
  std::string name_;
  std::shared_ptr<std::vector<std::string>> log_;
};

struct fake_host final : unit_host {
  const subtask_info& subtask() const override { return info; }
  void submit(std::unique_ptr<lane_job>) override {}
  void wake() override {}
  steady_time now() const override { return {}; }
  std::int64_t wall_us() const override { return 0; }
  void report(std::string_view) override {}
  subtask_info info;
};

/// The second chain of a plan, built on its own; its gates send to fake ports.
struct built_chain {
  explicit built_chain(const plan& physical) : chain(physical.chains.at(1)) {
    for (const auto exchange : chain.outputs) {
      gates.push_back(std::make_unique<output_gate>(
          exchange, output_channels(physical, chain.first_task, exchange), attempt_id{1}, ports));
    }
    std::vector<output_gate*> pointers;
    for (const auto& gate : gates) pointers.push_back(gate.get());
    units = std::make_unique<chain_units>(physical, chain, pointers);
    units->attach(host);
  }
  void accept(const std::vector<number>& records) {
    batch<number> input;
    for (const auto one : records) input.emplace(one);
    units->accept(input);
    units->flush();
    for (const auto& gate : gates) gate->flush();
  }
  std::vector<number> sent_to(const std::string& chain_name, const plan& physical) {
    std::vector<number> all;
    for (const auto& one : ports.sent) {
      if (physical.chain_of(one.to).name != chain_name) continue;
      for (const auto& record : static_cast<batch<number>&>(*one.what.content))
        all.push_back(record);
    }
    return all;
  }

  const planned_chain& chain;
  test::fake_ports ports;
  fake_host host;
  std::vector<std::unique_ptr<output_gate>> gates;
  std::unique_ptr<chain_units> units;
};

struct two_operators {
  two_operators() {
    auto job = std::make_shared<graph>();
    const auto first =
        test::from(job, "numbers", generate([](std::uint64_t seq) { return seq; }).count(1))
            .rebalance()
            .process<noting>("first", std::string("first"), log);
    const auto second = first.process<noting>("second", std::string("second"), log);
    second.rebalance().to("left", discard_sink());
    second.rebalance().to("right", discard_sink());
    first.side<number>("odd").rebalance().to("odds", discard_sink());
    physical = make_plan(job, {}).value();
    log->clear();
  }
  std::shared_ptr<std::vector<std::string>> log = std::make_shared<std::vector<std::string>>();
  plan physical;
};

using lines = std::vector<std::string>;

TEST_CASE(
    "records pass the units in order and reach every consumer of the last, and side outputs "
    "theirs") {
  two_operators job;
  REQUIRE(job.physical.chains.at(1).name == "first -> second");
  built_chain chain(job.physical);
  chain.units->open();
  chain.accept({1, 2, 3});
  CHECK(chain.sent_to("left", job.physical) == std::vector<number>{3, 4, 5});
  CHECK(chain.sent_to("right", job.physical) == std::vector<number>{3, 4, 5});
  CHECK(chain.sent_to("odds", job.physical) == std::vector<number>{1, 3});
}

TEST_CASE("operators are made, opened, ended and closed in the order of the chain, closed once") {
  two_operators job;
  built_chain chain(job.physical);
  CHECK(*job.log == lines{"make first", "make second"});
  job.log->clear();
  chain.units->open();
  chain.units->end();
  chain.units->close();
  chain.units->close();
  CHECK(*job.log == lines{"open first", "open second", "end first", "end second", "close first",
                          "close second"});
}

TEST_CASE(
    "every operator is closed, also when one before it throws; the first exception comes out") {
  two_operators job;
  built_chain chain(job.physical);
  chain.units->open();
  job.log->clear();
  noting::fails_to_close = true;
  CHECK_THROWS_WITH(chain.units->close(), "first fails to close");
  noting::fails_to_close = false;
  CHECK(*job.log == lines{"close first", "close second"});
}

TEST_CASE("what a unit emits at its end passes the units behind it") {
  two_operators job;
  built_chain chain(job.physical);
  chain.units->open();
  chain.units->end();
  chain.accept({});
  CHECK(chain.sent_to("left", job.physical) == std::vector<number>{1001, 1000});
}

TEST_CASE("every building makes new operators (P14)") {
  two_operators job;
  { built_chain before(job.physical); }
  job.log->clear();
  built_chain after(job.physical);
  CHECK(*job.log == lines{"make first", "make second"});
}

TEST_CASE("the parts are those of all operators, in order; only a source's chain has a source") {
  two_operators job;
  built_chain chain(job.physical);
  REQUIRE(chain.units->parts().size() == 2);
  CHECK(chain.units->parts()[0]->uid() == "first");
  CHECK(chain.units->parts()[1]->uid() == "second");
  CHECK(chain.units->source() == nullptr);
}

}  // namespace
