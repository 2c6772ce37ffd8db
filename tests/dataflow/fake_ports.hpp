// SPDX-License-Identifier: Apache-2.0
// fake_ports is a task's outside world as vectors: what the task sent, in order. Its clock moves when a
// test says so, and by `tick` at each look, so that a test can cut a slice of work short.
//
// Owner:      a test case.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataflow/fault_plan.hpp"
#include "dataflow/task_ports.hpp"

namespace weir::test {

struct fake_ports final : task_ports {
  struct sent_element {
    task_id to;
    element what;
  };
  struct sent_credit {
    task_id to;
    credit_return what;
  };
  struct declined_epoch {
    epoch_id epoch;
    std::string reason;
  };

  explicit fake_ports(task_faults* faults = nullptr) : injected(faults) {}

  void send(task_id to, element what) override { sent.push_back({to, std::move(what)}); }
  void give_credit(task_id to, credit_return what) override {
    credits.push_back({to, std::move(what)});
  }
  void submit(std::unique_ptr<lane_job> job) override { jobs.push_back(std::move(job)); }
  void put_chunk(snapshot_piece piece) override { pieces.push_back(std::move(piece)); }
  void end_snapshot(snapshot_end end) override { snapshots.push_back(std::move(end)); }
  void decline(epoch_id epoch, std::string reason) override {
    declined.push_back({epoch, std::move(reason)});
  }
  void confirm_commit(epoch_id epoch) override { confirmed.push_back(epoch); }
  void finishing() override { ++times_finishing; }
  steady_time now() const override { return clock += tick; }
  std::int64_t wall_us() const override { return 0; }
  void report(std::string_view) override {}
  void beat() override { ++beats; }
  task_faults* faults() override { return injected; }
  /// What was there at the moment of the fault: "kill, sent: b0 m1:1/3, snapshots: 0, confirmed: 0".
  void strike(const fault_spec& fault) override {
    struck.push_back(fault.text + ", sent: " + take_sent() +
                     ", snapshots: " + std::to_string(snapshots.size()) +
                     ", confirmed: " + std::to_string(confirmed.size()));
  }

  /// What was sent, in short, and forgets it: "b0 b1 m1:2/5 e:0/0" are two batches, the marker of epoch 1 after 2
  /// batches of 5 records, and the end.
  std::string take_sent() {
    std::string text;
    for (const auto& one : std::exchange(sent, {})) {
      text += text.empty() ? "" : " ";
      const auto counts =
          ":" + std::to_string(one.what.batches) + "/" + std::to_string(one.what.records);
      switch (one.what.what) {
        case element::kind::batch:
          text += "b" + std::to_string(one.what.number);
          break;
        case element::kind::marker:
          text += "m" + to_string(one.what.epoch) + counts;
          break;
        case element::kind::end:
          text += "e" + counts;
          break;
      }
    }
    return text;
  }

  std::vector<sent_element> sent;
  std::vector<sent_credit> credits;
  std::deque<std::unique_ptr<lane_job>> jobs;
  std::vector<snapshot_piece> pieces;
  std::vector<snapshot_end> snapshots;
  std::vector<declined_epoch> declined;
  std::vector<epoch_id> confirmed;
  int times_finishing = 0;
  int beats = 0;
  task_faults* injected;
  std::vector<std::string> struck;
  mutable steady_time clock{};
  std::chrono::nanoseconds tick{0};
};

}  // namespace weir::test
