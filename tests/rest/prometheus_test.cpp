// SPDX-License-Identifier: Apache-2.0
// /metrics: Flink's names and labels, in a text that Prometheus' own checker reads. Where promtool is not installed, the
// last case prints so and checks nothing.
#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "common/scratch_directory.hpp"
#include "rest/prometheus_text.hpp"
#include "rest/vertex_documents.hpp"
#include "tests/rest/fake_job.hpp"

namespace weir::rest {
namespace {

std::string shown() {
  return prometheus_text(observed_word_count(), fake_host());
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
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
  // The number of an operator of subtask 0.
  const auto count = [&](const std::string& name, const std::string& of) -> std::string {
    const auto series = "\nflink_taskmanager_job_task_operator_" + name + "{";
    for (auto at = text.find(series); at != text.npos; at = text.find(series, at + 1)) {
      const auto line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
      if (has(line, "operator_name=\"" + of + "\"") && has(line, "subtask_index=\"0\""))
        return line.substr(line.rfind(' ') + 1);
    }
    return "none";
  };
  CHECK(count("numRecordsIn", "lines") == "2000");
  CHECK(count("numRecordsOut", "lines") == "2000");
  CHECK(count("numRecordsIn", "split") == "none");
  CHECK(count("numRecordsOut", "split") == "1000");
  CHECK(count("numRecordsIn", "count") == "102");
  CHECK(count("numRecordsOut", "count") == "none");
  CHECK(count("numRecordsIn", "out") == "302");
  CHECK(count("numRecordsOut", "out") == "302");
}

TEST_CASE("what went over each channel has a text of its own, and a document a vertex") {
  const auto text = channels_text(observed_word_count(), fake_host());
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

  const auto found = channels_document(observed_word_count(), 0);
  REQUIRE(found["channels"].size() == 2);  // the fake job has one a task
  const auto& channel = found["channels"][1];
  CHECK(channel["subtask"] == 1);
  CHECK(channel["to-name"] == "count -> out");
  CHECK(channel["to-subtask"] == 0);
  CHECK(channel["ship-strategy"] == "rebalance");
  CHECK(channel["records"] == 500);
  CHECK(channel["bytes"] == 5000);
  CHECK(channel["batches"] == 5);
  CHECK(channel["batches-in-flight"] == 4);
  CHECK(channel["credits"] == 8);
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
  CHECK(has(prometheus_text(seen, fake_host()), R"(job_name="a\"b\\c\nd")"));
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
