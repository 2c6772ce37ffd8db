// SPDX-License-Identifier: Apache-2.0
// Specifies what a job remembers of itself for people, by example.
#include "coordinator/job_history.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace {

using namespace weir;
using namespace std::chrono_literals;

constexpr unix_ms noon = 1'000'000;
constexpr job_history::time_point zero{std::chrono::seconds(50)};

job_history begun(std::size_t tasks = 2, history_limits limits = {}) {
  job_history made(noon, tasks, limits);
  made.on_start(zero);
  return made;
}

job_observation look(const job_history& history, job_history::time_point now) {
  job_observation seen;
  seen.tasks.resize(2);
  history.copy_to(seen, now);
  return seen;
}

manifest with_bytes(epoch_id epoch, std::uint32_t first, std::uint32_t second) {
  manifest made;
  made.epoch = epoch;
  for (const auto bytes : {first, second}) {
    chunk_ref chunk;
    chunk.bytes = bytes;
    state_snapshot state;
    state.chunks = {chunk, chunk};
    made.tasks.emplace_back();
    made.tasks.back().operators.emplace_back();
    made.tasks.back().operators.back().states.push_back(state);
  }
  return made;
}

void fails(job_history& history, const std::string& task, std::uint32_t region,
           job_history::time_point now) {
  history.on_failure(task, {region}, {error_code::user_exception, task + " broke"}, {}, now);
}

TEST_CASE("a checkpoint keeps what each task did for it, and its phases") {
  auto history = begun();
  history.on_triggered({7}, checkpoint_kind::periodic, zero + 100ms);
  history.on_ack({7}, {1}, {zero + 103ms, 4ms, 1ms, 20ms}, 500, zero + 130ms);

  const auto during = look(history, zero + 140ms).checkpoints;
  REQUIRE(during.in_progress);
  CHECK(during.in_progress->duration == 40ms);
  CHECK(during.in_progress->tasks[0].acked == not_known);
  CHECK(during.in_progress->tasks[1].acked == noon + 130);
  CHECK(during.entries.empty());

  history.on_ack({7}, {0}, {zero + 99ms, 0ms, 1ms, 2ms}, 30, zero + 150ms);
  history.on_sealed(with_bytes({7}, 1000, 20));
  history.on_completed({7}, zero + 155ms);

  const auto after = look(history, zero + 200ms).checkpoints;
  CHECK(!after.in_progress);
  CHECK(after.completed == 1);
  REQUIRE(after.entries.size() == 1);
  const auto& done = after.entries[0];
  CHECK(done.state == observed_checkpoint_state::completed);
  CHECK(done.triggered == noon + 100);
  CHECK(done.last_ack == noon + 150);
  CHECK(done.ended == noon + 155);
  CHECK(done.duration == 55ms);
  CHECK(done.manifest == 5ms);
  CHECK(done.written_bytes == 530);
  CHECK(done.state_bytes == 2040);  // with what its deltas stand on
  CHECK(done.tasks[0].state_bytes == 2000);
  CHECK(done.tasks[0].start_delay == 0ms);  // a clock that was read before the trigger's
  CHECK(done.tasks[1].start_delay == 3ms);
  CHECK(done.tasks[1].alignment == 4ms);
  CHECK(done.tasks[1].drain == 20ms);
  CHECK(after.latest_completed->epoch == epoch_id{7});
}

TEST_CASE(
    "the newest checkpoints are kept, and the last completed and the last failed one beside them") {
  auto history = begun(1, {.checkpoints = 2});
  for (std::uint64_t epoch = 1; epoch <= 5; ++epoch) {
    history.on_triggered({epoch}, checkpoint_kind::periodic, zero);
    if (epoch == 2) {
      history.on_checkpoint_failed({epoch}, "too slow", zero);
    } else {
      history.on_completed({epoch}, zero);
    }
  }
  const auto seen = look(history, zero).checkpoints;
  REQUIRE(seen.entries.size() == 2);
  CHECK(seen.entries[0].epoch == epoch_id{5});
  CHECK(seen.entries[1].epoch == epoch_id{4});
  CHECK(seen.latest_completed->epoch == epoch_id{5});
  CHECK(seen.latest_failed->epoch == epoch_id{2});
  CHECK(seen.latest_failed->failure == "too slow");
  CHECK(seen.completed == 4);
  CHECK(seen.failed == 1);
}

TEST_CASE("with a history of none, nothing is shown but the last ones") {
  auto history = begun(1, {.checkpoints = 0, .exceptions = 0});
  history.on_triggered({1}, checkpoint_kind::periodic, zero);
  history.on_completed({1}, zero);
  fails(history, "a/0", 0, zero);
  const auto seen = look(history, zero);
  CHECK(seen.checkpoints.entries.empty());
  CHECK(seen.checkpoints.latest_completed);
  CHECK(seen.exceptions.empty());
  CHECK(seen.exceptions_truncated);
  history.on_region_resumed({0}, {1}, zero);
}

TEST_CASE("what ends another checkpoint than the one in progress changes nothing") {
  auto history = begun();
  history.on_triggered({3}, checkpoint_kind::periodic, zero);
  history.on_completed({2}, zero);
  history.on_checkpoint_failed({4}, "?", zero);
  history.on_ack({2}, {0}, {}, 9, zero);
  history.on_ack({3}, {99}, {}, 9, zero);
  const auto seen = look(history, zero).checkpoints;
  REQUIRE(seen.in_progress);
  CHECK(seen.in_progress->written_bytes == 0);
  CHECK(seen.entries.empty());
}

TEST_CASE("a failure learns where its region went back to, and how long records stood still") {
  auto history = begun();
  fails(history, "a/0", 0, zero + 10ms);
  fails(history, "b/0", 1, zero + 20ms);
  fails(history, "a/1", 0, zero + 30ms);
  history.on_region_resumed({0}, {12}, zero + 50ms);

  const auto seen = look(history, zero + 60ms);
  REQUIRE(seen.exceptions.size() == 3);
  CHECK(seen.exceptions[0].task == "a/1");
  CHECK(seen.exceptions[0].when == noon + 30);
  CHECK(seen.exceptions[0].until_running == 20ms);
  CHECK(seen.exceptions[1].task == "b/0");
  CHECK(!seen.exceptions[1].restored_to);
  CHECK(seen.exceptions[1].until_running == 0ms);
  CHECK(seen.exceptions[2].restored_to == epoch_id{12});
  CHECK(seen.exceptions[2].until_running == 40ms);
  CHECK(!seen.exceptions_truncated);

  history.on_region_resumed({0}, {13}, zero + 70ms);  // again: nothing was open
  CHECK(look(history, zero).exceptions[0].restored_to == epoch_id{12});
}

TEST_CASE("failures beyond the limit are forgotten, oldest first") {
  auto history = begun(1, {.exceptions = 2});
  for (const char* task : {"a/0", "b/0", "c/0"}) fails(history, task, 0, zero);
  const auto seen = look(history, zero);
  REQUIRE(seen.exceptions.size() == 2);
  CHECK(seen.exceptions[0].task == "c/0");
  CHECK(seen.exceptions[1].task == "b/0");
  CHECK(seen.exceptions_truncated);
}

TEST_CASE("a job's states have their times, in the order in which it came into each last") {
  auto history = begun();
  history.on_state(observed_job_state::running, zero + 5ms);
  history.on_state(observed_job_state::restarting, zero + 6ms);
  history.on_state(observed_job_state::running, zero + 8ms);
  history.on_task_state({0}, observed_task_state::running, zero + 8ms);
  history.on_task_state({1}, observed_task_state::finished, zero + 8ms);
  CHECK(!history.over());
  history.on_end(observed_job_state::canceled, std::nullopt, zero + 9ms);

  const auto seen = look(history, zero + 20ms);
  CHECK(seen.state == observed_job_state::canceled);
  CHECK(seen.started == noon);
  CHECK(seen.ended == noon + 9);
  using times = std::vector<std::pair<observed_job_state, unix_ms>>;
  CHECK(seen.timestamps == times{{observed_job_state::created, noon},
                                 {observed_job_state::restarting, noon + 6},
                                 {observed_job_state::running, noon + 8},
                                 {observed_job_state::canceled, noon + 9}});
  CHECK(seen.tasks[0].state == observed_task_state::canceled);
  CHECK(seen.tasks[1].state == observed_task_state::finished);
  CHECK(history.over());
}

TEST_CASE("who asks for a checkpoint is served by the next one that begins") {
  auto history = begun();
  const auto first = history.ask_checkpoint();
  history.checkpoints_asked().on_started();
  const auto second = history.ask_checkpoint();
  CHECK(!history.outcome_of(first));
  history.checkpoints_asked().on_outcome(epoch_id{4});

  REQUIRE(history.outcome_of(first));
  CHECK(**history.outcome_of(first) == epoch_id{4});
  CHECK(!history.outcome_of(second));
  CHECK(history.checkpoints_asked().any_waiting());

  const auto stop = history.ask_stop();
  history.on_end(observed_job_state::failed, error{error_code::io, "gone"}, zero);
  for (const auto open : {second, stop}) {
    REQUIRE(history.outcome_of(open));
    CHECK(history.outcome_of(open)->error().code == error_code::not_found);
  }
  CHECK(history.outcome_of(999)->error().code == error_code::not_found);
}

TEST_CASE("requests and their outcomes are bounded") {
  auto history = begun();
  const auto first = history.ask_checkpoint();
  for (std::size_t i = 1; i < checkpoint_requests::open_max; ++i) history.ask_checkpoint();
  const auto refused = history.ask_checkpoint();
  REQUIRE(history.outcome_of(refused));
  CHECK(history.outcome_of(refused)->error().code == error_code::limit);
  CHECK(!history.outcome_of(first));

  history.checkpoints_asked().conclude(epoch_id{1});
  for (std::size_t i = 0; i < checkpoint_requests::outcomes_max; ++i) {
    history.ask_checkpoint();
    history.checkpoints_asked().conclude(epoch_id{2});
  }
  CHECK(history.outcome_of(first)->error().code == error_code::not_found);
  CHECK(**history.outcome_of(history.ask_stop() - 1) == epoch_id{2});
}

}  // namespace
