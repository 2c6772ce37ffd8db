// SPDX-License-Identifier: Apache-2.0
// What people read of a running job: the live line at every width, the last words, and what the verbs print of documents.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "program/job_texts.hpp"
#include "program/live_line.hpp"
#include "rest/checkpoint_documents.hpp"
#include "rest/job_documents.hpp"
#include "tests/rest/fake_job.hpp"

namespace weir {
namespace {

using rest::job_summary;

job_summary summary() {
  auto seen = rest::observed_word_count();
  for (auto* source : {&seen.tasks[0], &seen.tasks[1]}) {
    source->left_to_read = 250;
    source->all_to_read = 1000;
    source->records_read_per_second = 51'172.6;
  }
  return job_summary::of(seen);
}

/// Without colours.
std::string plain(std::string text) {
  for (auto at = text.find('\x1b'); at != text.npos; at = text.find('\x1b')) {
    text.erase(at, text.find('m', at) - at + 1);
  }
  return text;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("the live line has what matters, and fits every width") {
  const auto whole = live_line(summary(), 200, colours::none);
  CHECK(whole ==
        "word-count RUNNING  102,345 records/s  [#######---] 75 %, 20 s left  checkpoint "
        "51 s ago, took 50 ms  1 restart  1 failed checkpoint");
  for (std::size_t width = 0; width <= 200; ++width) {
    for (const auto with : {colours::none, colours::ansi}) {
      CHECK(plain(live_line(summary(), width, with)).size() <= width);
    }
  }
  has(live_line(summary(), 79, colours::none), "75 %, 20 s left");
  CHECK(live_line(summary(), 40, colours::none) == "word-count RUNNING  102,345 records/s");
  CHECK(live_line(summary(), 7, colours::none) == "RUNNING");
  CHECK(live_line(summary(), 6, colours::none).empty());
}

TEST_CASE("colours are asked for, and cost no width") {
  CHECK(live_line(summary(), 200, colours::none).find('\x1b') == std::string::npos);
  const auto coloured = live_line(summary(), 200, colours::ansi);
  CHECK(coloured.find('\x1b') != std::string::npos);
  CHECK(plain(coloured) == live_line(summary(), 200, colours::none));
}

TEST_CASE("an unbounded source has a lag in place of progress; unknown things are left out") {
  auto of = summary();
  of.all_to_read.reset();
  of.time_left.reset();
  has(live_line(of, 200, colours::none), "  lag 500  ");
  of.left_to_read.reset();
  of.last_checkpoint.reset();
  of.restarts = of.failed_checkpoints = 0;
  CHECK(live_line(of, 200, colours::none) == "word-count RUNNING  102,345 records/s");
  of.all_to_read = of.left_to_read = 0;
  has(live_line(of, 200, colours::none), "[##########] 100 %");
}

TEST_CASE("the last words say how it ended, what it did, and where the output is") {
  auto of = summary();
  of.state = observed_job_state::finished;
  of.restarts = 0;
  of.failed_checkpoints = 0;
  CHECK(last_words(of, "file_sink(x)") ==
        "FINISHED after 1 min: 4,001 records read (67/s), 605 written; 2 checkpoints, 0 restarts; "
        "output: "
        "file_sink(x)");
  of.restarts = 1;
  has(last_words(of, ""), "4,001 records read, with what was read again (67/s), 605 written");
}

TEST_CASE("status prints the numbers, the vertices and, when asked, the reasons") {
  const auto document = rest::summary_document(rest::observed_word_count());
  const auto text = status_text(document, false);
  has(text, "word-count: RUNNING, for 1 min, 1 restart\n");
  has(text, "2 complete, 1 failed; the last, 9, 51 s ago, took 50 ms, 8.8 kb");
  has(text,
      "busy (max)  idle (max)  back-pressured (max)  batches waiting\n"
      "    lines -> split  2      RUNNING  422/s  262/s  30 %        50 %        20 %              "
      " "
      "   "
      "4\n");
  CHECK(text.find("What it waits for") == std::string::npos);
  has(status_text(document, true), "What it waits for:\n  ");
}

TEST_CASE("checkpoints and exceptions print a line each, the newest first") {
  const auto seen = rest::observed_word_count();
  const auto checkpoints = checkpoints_text(rest::checkpoints_document(seen));
  has(checkpoints, "2 complete, 1 failed, 1 in progress\n");
  CHECK(checkpoints.find("IN_PROGRESS") < checkpoints.find("COMPLETED"));
  has(checkpoints, "count/0 has not acked");
  const auto exceptions = exceptions_text(rest::exceptions_document(seen, rest::fake_host(), 20));
  has(exceptions, "count/1: exception in user code: std::runtime_error: boom\n");
  has(exceptions, "  record 00ff\n  went back to checkpoint 6, records flowed again after 14 ms\n");
  auto none = seen;
  none.exceptions.resize(1);
  none.exceptions[0].until_running = std::chrono::microseconds(300);
  has(exceptions_text(rest::exceptions_document(none, rest::fake_host(), 20)),
      "went back to checkpoint 6, records flowed again after less than 1 ms\n");
  none.exceptions.clear();
  CHECK(exceptions_text(rest::exceptions_document(none, rest::fake_host(), 20)) ==
        "no exceptions\n");
}

TEST_CASE("numbers are grouped, sizes rounded") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(18446744073709551615ULL) == "18,446,744,073,709,551,615");
  CHECK(rounded_bytes(1023) == "1023 b");
  CHECK(rounded_bytes(1536) == "1.5 kb");
  CHECK(rounded_bytes(std::uint64_t{5} << 40) == "5.0 tb");
}

}  // namespace weir
