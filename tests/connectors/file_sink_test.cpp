// SPDX-License-Identifier: Apache-2.0
// Specifies the exactly-once file sink at its task: what is visible when, what snapshots carry
// (P17), aborts that overlap, bounds, rolls, and directories that cannot be used. The lane runs
// when the test says so.
#include <doctest/doctest.h>

#include "connectors/part_names.hpp"
#include "tests/connectors/file_sink_words.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("text becomes visible when its checkpoint is complete, and not before") {
  temp_directory dir;
  sink_task task(options_for(dir));
  CHECK_FALSE(task.sink->ready());
  task.host.settle();
  CHECK(task.sink->ready());

  task.write("one\n");
  operator_image image;
  CHECK_FALSE(task.sink->snapshot({1}, image));
  CHECK_FALSE(task.sink->collect({1}, image));
  task.write("two\n");
  task.host.settle();
  REQUIRE(task.sink->collect({1}, image));
  CHECK(image.intents.size() == 1);
  CHECK(visible_text(dir) == "");

  CHECK_FALSE(task.sink->commit({1}));
  CHECK_FALSE(task.sink->committed({1}));
  task.host.settle();
  CHECK(task.sink->committed({1}));
  CHECK(visible_text(dir) == "one\n");
  CHECK(task.sink->commit({1}));  // repeated
  CHECK(task.host.jobs() == 0);
  CHECK(task.snapshot(2).size() == 1);  // "two" only
}

TEST_CASE("an epoch without text has no intents, and its commit is done at once") {
  temp_directory dir;
  sink_task task(options_for(dir));
  CHECK_FALSE(task.sink->commit({0}));  // it has not opened: restored intents may be open
  CHECK(task.snapshot(1).empty());
  CHECK(task.sink->commit({1}));
}

TEST_CASE("an intent is in every snapshot until its commit is confirmed, and no later") {
  temp_directory dir;
  sink_task task(options_for(dir));
  task.write("one\n");
  CHECK(task.snapshot(1).size() == 1);  // aborted: nobody commits it
  task.write("two\n");
  CHECK(task.snapshot(2).size() == 2);
  CHECK_FALSE(task.sink->commit({2}));
  task.host.run_one();  // renamed, but the task has not heard
  operator_image image;
  CHECK_FALSE(task.sink->snapshot({3}, image));
  CHECK_FALSE(task.sink->committed({2}));
  task.host.settle();
  CHECK(task.sink->committed({2}));
  CHECK(task.collect(3).empty());
  CHECK(visible_text(dir) == "one\ntwo\n");
}

TEST_CASE("the preparation of an aborted epoch may still run when the next marker comes") {
  temp_directory dir;
  sink_task task(options_for(dir));
  task.host.settle();
  operator_image image;
  task.write("one\n");
  CHECK_FALSE(task.sink->snapshot({1}, image));
  task.write("two\n");
  CHECK_FALSE(task.sink->snapshot({3}, image));
  task.host.run_one();
  task.host.finish_one();
  CHECK_FALSE(task.sink->collect({3}, image));
  task.host.settle();
  CHECK(task.collect(1).size() == 1);  // text behind its marker is not in a snapshot
  CHECK(task.collect(3).size() == 2);

  CHECK_FALSE(task.sink->commit({1}));
  task.host.settle();
  CHECK(visible_text(dir) == "one\n");
  CHECK_FALSE(task.sink->commit({3}));
  task.host.settle();
  CHECK(visible_text(dir) == "one\ntwo\n");
}

TEST_CASE("a restore makes the claimed intents visible before anything else, and clears the rest") {
  temp_directory dir;
  std::vector<byte_vector> checkpoint;
  {
    sink_task task(options_for(dir));
    task.write("kept\n");
    checkpoint = task.snapshot(1);
    task.write("lost\n");
    (void)task.snapshot(2);
  }
  sink_task task(options_for(dir), {.attempt = 2}, checkpoint);
  CHECK_FALSE(task.sink->ready());
  operator_image image;
  CHECK_FALSE(task.sink->snapshot({3}, image));
  CHECK_FALSE(task.sink->commit({1}));
  CHECK(visible_text(dir) == "");
  task.host.settle();
  CHECK(task.sink->ready());
  CHECK(task.sink->committed({1}));
  CHECK(task.collect(3).empty());
  CHECK(visible_text(dir) == "kept\n");
  CHECK(hidden(dir).empty());
  CHECK(task.host.reports_with("removed 1 pending") == 1);
}

TEST_CASE("intents of a damaged or foreign checkpoint are refused") {
  temp_directory dir;
  CHECK(sink_task::restore_failure(options_for(dir), {{std::byte{1}, std::byte{9}}}).code ==
        error_code::corrupt);
  byte_vector foreign;
  encode_intent({".part-other-0-a1-0.pending", "part-00000-0000000001-000", 1}, foreign);
  sink_task task(options_for(dir), {.attempt = 2}, std::vector<byte_vector>{foreign});
  CHECK(task_failure([&task] { task.host.settle(); }).code == error_code::corrupt);
}

TEST_CASE("a fresh start does not mix its output with that of an earlier run") {
  temp_directory dir;
  dir.write("part-00000-0000000007-000", "mine\n");
  sink_task task(options_for(dir));
  const error failure = task_failure([&task] { task.host.settle(); });
  CHECK(failure.code == error_code::in_use);
  CHECK(failure.message.find(dir.path()) != std::string::npos);
  CHECK(failure.message.find("remove it") != std::string::npos);
  CHECK(visible_text(dir) == "mine\n");

  auto options = options_for(dir);
  options.prefix = "other";
  sink_task other(options);
  other.host.settle();
  CHECK(other.sink->ready());
}

TEST_CASE("a pending file of the same attempt, left by a run without its state, is explained") {
  temp_directory dir;
  dir.write(".part-sink-0-a1-0.pending", "left\n");
  sink_task task(options_for(dir));
  task.write("one\n");
  task.sink->flush();
  const error failure = task_failure([&task] { task.host.settle(); });
  CHECK(failure.code == error_code::in_use);
  CHECK(failure.message.find("hidden files of output directory '" + dir.path()) !=
        std::string::npos);
}

TEST_CASE("a directory that cannot be used fails the job and is named") {
  temp_directory dir;
  dir.write("file", "");
  file_sink_options options = options_for(dir);
  for (const std::string& path : {dir / "file", dir / "file/below", std::string()}) {
    options.directory = path;
    sink_task task(options);
    const error failure = task_failure([&task] { task.host.settle(); });
    CHECK(failure.recovery_class() == recovery::fail_job);
    CHECK(failure.message.find("'sink'") != std::string::npos);
    CHECK(failure.message.find(path) != std::string::npos);
  }
  options.directory = dir / "new/one";
  sink_task task(options);
  task.host.settle();
  CHECK(task.sink->ready());
}

TEST_CASE("beyond 8 MiB under way the sink is not ready, until the lane has written") {
  temp_directory dir;
  sink_task task(options_for(dir));
  task.host.settle();
  std::size_t bytes = 0;
  while (task.sink->ready()) {
    task.write(std::string(9'999, 'x') + "\n");
    bytes += 10'000;
  }
  CHECK(bytes >= 8u << 20);
  CHECK(bytes < (8u << 20) + 10'001);
  CHECK(task.host.jobs() == 1);  // one at a time
  task.host.settle();
  CHECK(task.sink->ready());
  task.finish(1);
  CHECK(visible_text(dir).size() == bytes);
}

TEST_CASE("a flush hands on what there is, once the lane is free") {
  temp_directory dir;
  sink_task task(options_for(dir));
  task.sink->flush();
  task.host.settle();
  task.sink->flush();
  CHECK(task.host.jobs() == 0);
  task.write("one\n");
  CHECK(task.host.jobs() == 0);
  task.sink->flush();
  CHECK(task.host.jobs() == 1);
  task.write("two\n");
  task.sink->flush();
  task.write("three\n");
  CHECK(task.host.jobs() == 1);
  task.host.settle();
  CHECK(hidden(dir).size() == 1);
  CHECK(dir.read(*hidden(dir).begin()) == "one\ntwo\nthree\n");
}

TEST_CASE("files roll by size, and by time when a flush finds them due") {
  temp_directory dir;
  auto options = options_for(dir);
  options.roll_bytes = 8;
  options.roll_ms = 1000;
  sink_task task(options);
  for (const char* text : {"12345\n", "67890\n", "a\n"}) {
    task.write(text);
    task.sink->flush();
    task.host.settle();
  }
  CHECK(hidden(dir).size() == 2);  // "67890" and "a" fit into one
  task.host.pass(999ms);
  task.sink->flush();
  CHECK(task.host.jobs() == 0);
  task.host.pass(1ms);
  task.sink->flush();
  CHECK(task.host.jobs() == 1);
  task.host.settle();
  task.sink->flush();
  CHECK(task.host.jobs() == 0);
  task.write("b\n");
  task.sink->flush();
  task.host.settle();
  CHECK(hidden(dir).size() == 3);
  task.finish(1);
  CHECK(visible(dir) == names{"part-00000-0000000001-000", "part-00000-0000000001-001",
                              "part-00000-0000000001-002"});
}

TEST_CASE("close discards nothing and asks for nothing more") {
  temp_directory dir;
  sink_task task(options_for(dir));
  task.write("one\n");
  (void)task.snapshot(1);
  task.sink->close();
  CHECK(hidden(dir).size() == 1);
  CHECK_FALSE(task.sink->commit({1}));
  CHECK(task.host.jobs() == 0);
}
