// SPDX-License-Identifier: Apache-2.0
// /metrics: Flink's names and labels, in a text that Prometheus' own checker reads. Where promtool is not installed, the
// last case prints so and checks nothing.
#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/scratch_directory.hpp"
#include "rest/metric_values.hpp"
#include "rest/prometheus_text.hpp"
#include "rest/vertex_documents.hpp"
#include "tests/rest/fake_job.hpp"

namespace weir::rest {
namespace {

std::string shown() {
  exposition_text with;
  return prometheus_text(observed_word_count(), fake_host(), with);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::pair<std::string, std::string>> texts_of(const metric_values& values) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& value : values) texts.emplace_back(value.name, value.text);
  return texts;
}

std::string text_of(std::string_view name, const metric_values& in) {
  for (const auto& value : in) {
    if (value.name == name) return value.text;
  }
  return {};
}

/// The value of the first series of a task manager with this name and these parts of its labels.
std::string value_in(const std::string& text, const std::string& name, const std::string& label,
                     const std::string& other = "") {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("flink_taskmanager_") || !has(line, "_" + name + "{")) continue;
    if (line.find("_" + name + "{") > line.find('{')) continue;
    if (has(line, label) && has(line, other)) return line.substr(line.rfind(' ') + 1);
  }
  return {};
}

/// What a command prints, both ways; its exit code comes last.
std::string output_of(const std::string& command) {
  std::string all;
  char bytes[4096];
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  while (const auto taken = fread(bytes, 1, sizeof bytes, pipe)) all.append(bytes, taken);
  return all + "exit " + std::to_string(WEXITSTATUS(pclose(pipe)));
}

}  // namespace

TEST_CASE("names and labels are those of Flink's reporter") {
  const auto text = shown();
  CHECK(has(text, "flink_jobmanager_numRunningJobs{host=\"machine\"} 1"));
  CHECK(has(text, "flink_jobmanager_job_numRestarts{host=\"machine\",job_id=\"" + fake_job_id +
                      "\",job_name=\"word-count\"} 1"));
  CHECK(has(text, "flink_jobmanager_job_lastCheckpointExternalPath{"));
  CHECK(has(text,
            "flink_taskmanager_job_task_busyTimeMsPerSecond{host=\"machine\",tm_id=\"machine-1\","
            "job_id=\""));
  CHECK(has(text, "flink_taskmanager_job_task_Shuffle_Netty_Output_Buffers_outPoolUsage{"));
  CHECK(has(text, "flink_taskmanager_job_task_operator_numRecordsIn{"));
  for (const auto* label :
       {"task_id=\"", "task_name=\"count -> out\"", "task_attempt_id=\"", "task_attempt_num=\"3\"",
        "subtask_index=\"1\"", "operator_id=\"", "operator_name=\"out\""}) {
    INFO(label);
    CHECK(has(text, label));
  }
}

TEST_CASE("records are counted where sources read, on channels, and where sinks take them") {
  const auto text = shown();
  const auto count = [&](const std::string& name, const std::string& of) {
    return value_in(text, "task_operator_" + name, "operator_name=\"" + of + "\"",
                    R"(subtask_index="0")");
  };
  CHECK(count("numRecordsIn", "lines") == "2000");
  CHECK(count("numRecordsOut", "lines") == "2000");
  CHECK(count("numRecordsIn", "split") == "");
  CHECK(count("numRecordsOut", "split") == "1000");
  CHECK(count("numRecordsIn", "count") == "102");
  CHECK(count("numRecordsOut", "count") == "");
  CHECK(count("numRecordsIn", "out") == "302");
  CHECK(count("numRecordsOut", "out") == "302");
}

TEST_CASE("what went over each channel has a text of its own, and a document a vertex") {
  exposition_text with;
  const auto text = channels_text(observed_word_count(), fake_host(), with);
  CHECK(has(text, "# TYPE flink_taskmanager_job_task_channel_numBytesOut gauge\n"));
  const auto of = [&](const std::string& name) {
    const auto at = text.find("\nflink_taskmanager_job_task_channel_" + name + "{");
    REQUIRE(at != text.npos);
    return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  };
  CHECK(has(of("numRecordsOut"), "task_name=\"lines -> split\""));
  CHECK(has(of("numRecordsOut"), "exchange=\"0\""));
  CHECK(
      of("numRecordsOut")
          .ends_with(",to_task_name=\"count -> out\",to_subtask_index=\"0\",exchange=\"0\"} 500"));
  CHECK(of("numBytesOut").ends_with("} 5000"));
  CHECK(of("numBuffersOut").ends_with("} 5"));
  CHECK(of("buffersInFlight").ends_with("} 4"));
  CHECK(of("credits").ends_with("} 8"));

  const auto seen = observed_word_count();
  const auto found = channels_document(seen, seen.tasks[1]);
  CHECK(found["name"] == "lines -> split");
  CHECK(found["subtask"] == 1);
  REQUIRE(found["channels"].size() == 1);
  const auto& channel = found["channels"][0];
  CHECK(channel["to-name"] == "count -> out");
  CHECK(channel["to-subtask"] == 0);
  CHECK(channel["ship-strategy"] == "rebalance");
  CHECK(channel["records"] == 500);
  CHECK(channel["bytes"] == 5000);
  CHECK(channel["batches"] == 5);
  CHECK(channel["batches-in-flight"] == 4);
  CHECK(channel["credits"] == 8);
}

TEST_CASE("each metric of a task has its value") {
  auto seen = observed_word_count();
  auto& task = seen.tasks[3];
  task.waits_for = task_wait::lane;
  task.watermark = 77;
  task.outputs.push_back({0, task_id{0}, 0, 0, 0, 1, 8});
  for (auto& part : seen.checkpoints.latest_completed->tasks)
    part.start_delay = milliseconds(part.task.value);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"numRecordsIn", "103"},
      {"numRecordsOut", "1003"},
      {"numRecordsInPerSecond", "10.5"},
      {"numRecordsOutPerSecond", "100.5"},
      {"numBytesIn", "10003"},
      {"numBytesOut", "20003"},
      {"numBytesInPerSecond", "1000.5"},
      {"numBytesOutPerSecond", "2000.5"},
      {"numBuffersOut", "20"},
      {"numBuffersOutPerSecond", "5.5"},
      {"isBackPressured", "true"},
      {"idleTimeMsPerSecond", "500"},
      {"busyTimeMsPerSecond", "300"},
      {"backPressuredTimeMsPerSecond", "200"},
      {"softBackPressuredTimeMsPerSecond", "200"},
      {"hardBackPressuredTimeMsPerSecond", "0"},
      {"Shuffle.Netty.Input.numBytesInLocal", "10003"},
      {"Shuffle.Netty.Input.numBytesInRemote", "0"},
      {"Shuffle.Netty.Input.Buffers.inputQueueLength", "2"},
      {"Shuffle.Netty.Input.Buffers.inPoolUsage", "0.125"},     // of two senders with 8 credits
      {"Shuffle.Netty.Output.Buffers.outPoolUsage", "0.3125"},  // 4 and 1 of 8
      {"initializationTime", "100"},
      {"currentInputWatermark", "77"},
      {"checkpointAlignmentTime", "7000000"},
      {"checkpointStartDelayNanos", "3000000"},
      {"stateBytes", "4096"}};
  CHECK(texts_of(task_metrics(seen, task)) == expected);

  task.waits_for = task_wait::input;
  task.state = observed_task_state::initializing;
  task.outputs.clear();
  seen.checkpoints.latest_completed.reset();
  const auto idle = task_metrics(seen, task);
  CHECK(text_of("isBackPressured", idle) == "false");
  CHECK(text_of("initializationTime", idle) == "-1");
  CHECK(text_of("checkpointStartDelayNanos", idle) == "0");
  CHECK(text_of("Shuffle.Netty.Output.Buffers.outPoolUsage", idle) == "0");
  CHECK(text_of("Shuffle.Netty.Input.Buffers.inPoolUsage", task_metrics(seen, seen.tasks[0])) ==
        "0");
}

TEST_CASE("each metric of the job has its value") {
  auto seen = observed_word_count();
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"lastCheckpointDuration", "50"},
      {"lastCheckpointSize", "900"},
      {"lastCheckpointFullSize", "9000"},
      {"lastCompletedCheckpointId", "9"},
      {"lastCheckpointExternalPath", "weir-state/word-count"},
      {"lastCheckpointRestoreTimestamp", std::to_string(noon + 800)},
      {"numberOfInProgressCheckpoints", "1"},
      {"numberOfCompletedCheckpoints", "2"},
      {"numberOfFailedCheckpoints", "1"},
      {"totalNumberOfCheckpoints", "4"},
      {"numRestarts", "3"},
      {"runningTime", "59100"},
      {"restartingTime", "0"}};
  seen.restarts = 3;
  CHECK(texts_of(job_metrics(seen)) == expected);
  seen.state = observed_job_state::restarting;
  seen.timestamps.emplace_back(observed_job_state::restarting, noon + 59'000);
  seen.checkpoints = {};
  const auto restarting = job_metrics(seen);
  CHECK(text_of("runningTime", restarting) == "0");
  CHECK(text_of("restartingTime", restarting) == "1000");
  CHECK(text_of("lastCheckpointDuration", restarting) == "-1");
  CHECK(text_of("lastCheckpointExternalPath", restarting) == "n/a");

  CHECK(text_of("taskSlotsAvailable", job_manager_metrics(seen)) == "0");
  CHECK(text_of("numRunningJobs", job_manager_metrics(seen)) == "1");
  seen.state = observed_job_state::finished;
  CHECK(text_of("taskSlotsAvailable", job_manager_metrics(seen)) == "2");
  CHECK(text_of("taskSlotsTotal", job_manager_metrics(seen)) == "2");
  CHECK(text_of("numRunningJobs", job_manager_metrics(seen)) == "0");
}

TEST_CASE("a series says whose number it is") {
  const auto text = shown();
  const std::string count = R"(operator_name="count")";
  CHECK(value_in(text, "task_numRecordsIn", R"(task_name="count -> out")",
                 R"(subtask_index="1")") == "103");
  CHECK(value_in(text, "task_operator_numRecordsIn", count, R"(subtask_index="1")") == "103");
  CHECK(value_in(text, "task_operator_numRecordsInPerSecond", count) == "10.5");
  CHECK(value_in(text, "task_operator_numRecordsOut", count) == "");
  CHECK(value_in(text, "task_operator_numRecordsOut", R"(operator_name="out")",
                 R"(subtask_index="1")") == "303");
  CHECK(value_in(text, "task_operator_numRecordsOutPerSecond", R"(operator_name="out")") == "30.5");
  CHECK(value_in(text, "task_operator_stateBytes", R"(operator_name="count",state="seen")") ==
        "4096");
  CHECK(value_in(text, "task_operator_stateEntries", R"(operator_name="count",state="seen")") ==
        "17");
  CHECK(value_in(text, "task_operator_latency_sum", R"(operator_name="out")") == "2.5");
  CHECK(value_in(text, "task_operator_latency_count", R"(operator_name="out")") == "1000");
  CHECK(value_in(text, "task_operator_latency", R"(quantile="0.999")") == "0.006");
  CHECK(value_in(text, "Status_Process_Memory_Resident", R"({host="machine",tm_id="machine-1"})") ==
        std::to_string(64 << 20));
}

TEST_CASE("latency is a summary with Flink's quantiles") {
  const auto text = shown();
  CHECK(has(text, "# TYPE flink_taskmanager_job_task_operator_latency summary"));
  for (const auto* quantile : {"0.5", "0.75", "0.95", "0.98", "0.99", "0.999"}) {
    CHECK(has(text, "quantile=\"" + std::string(quantile) + "\"}"));
  }
  CHECK(has(text, "_latency_count{"));
}

TEST_CASE("names and texts with quotes and line feeds do not break the format") {
  auto seen = observed_word_count();
  auto identity = *seen.identity;
  identity.name = "a\"b\\c\nd";
  seen.identity = std::make_shared<const job_identity>(identity);
  exposition_text with;
  CHECK(has(prometheus_text(seen, fake_host(), with), R"(job_name="a\"b\\c\nd")"));
}

TEST_CASE("a text does not depend on what the same memory was used for before") {
  exposition_text with;
  auto other = observed_word_count(3);
  other.tasks.back().latency.reset();
  other.tasks.front().states.clear();
  const auto before = prometheus_text(other, fake_host(), with);
  CHECK(prometheus_text(observed_word_count(), fake_host(), with) == shown());
  CHECK(prometheus_text(other, fake_host(), with).size() == before.size());
  CHECK(!has(prometheus_text(other, fake_host(), with), "operator_latency"));
}

TEST_CASE("promtool accepts it, but for Flink's own way to write names") {
  if (std::system("command -v promtool > /dev/null") != 0) {
    MESSAGE("skipped: promtool is not installed (Debian: prometheus)");
    return;
  }
  scratch_directory scratch;
  const auto file = scratch.path() / "metrics";
  std::ofstream(file) << shown();
  const auto said = output_of("promtool check metrics < " + file.string());
  INFO(said);
  // 0: nothing to say; 3: only matters of style.
  CHECK((said.ends_with("exit 0") || said.ends_with("exit 3")));
  std::size_t at = 0;
  while (at < said.size()) {
    const auto end = std::min(said.find('\n', at), said.size());
    const auto line = said.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("exit")) continue;
    INFO(line);
    const bool style =
        has(line, "camelCase") || has(line, "abbreviated units") || has(line, "should not contain");
    CHECK(style);
  }
}

}  // namespace weir::rest
