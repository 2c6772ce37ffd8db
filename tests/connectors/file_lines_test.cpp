// SPDX-License-Identifier: Apache-2.0
// Specifies the file source at its task: what it hands out, when it waits, what it snapshots and
// resumes, and how it fails. The lane runs when the test says so.
#include "weir/core/line_feed.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/connectors/fake_host.hpp"
#include "tests/connectors/temp_directory.hpp"

using namespace weir;
using namespace weir::test;

namespace {

/// A file source in its task, one attempt.
class reader {
 public:
  explicit reader(file_lines_options options, std::uint32_t index = 0,
                  std::uint32_t parallelism = 1, std::vector<split_position> from = {})
      : host(index, parallelism), feed(make_file_lines("lines", std::move(options))) {
    feed->attach(host);
    operator_restore restore;
    restore.fresh = from.empty();
    restore.image.splits = std::move(from);
    const auto restored = feed->restore(std::move(restore));
    REQUIRE_MESSAGE(restored, restored.error().text());
    feed->open();
  }
  line_feed::outcome next(std::string& line) {
    std::string_view view;
    const auto outcome = feed->next(view);
    line = view;
    return outcome;
  }
  /// All lines to the end, the lane as fast as the task.
  std::vector<std::string> rest() {
    std::vector<std::string> lines;
    std::string line;
    while (true) {
      const auto outcome = next(line);
      if (outcome == line_feed::outcome::ended) return lines;
      if (outcome == line_feed::outcome::line) {
        lines.push_back(line);
      } else {
        REQUIRE(host.jobs() > 0);
        host.settle();
      }
    }
  }
  std::vector<split_position> positions() {
    operator_image image;
    REQUIRE(feed->snapshot({1}, image));
    return image.splits;
  }

  fake_host host;
  std::unique_ptr<line_feed> feed;
};

file_lines_options options_for(const std::string& path, std::uint64_t split_bytes = 1 << 20) {
  file_lines_options options;
  options.paths = {path};
  options.split_bytes = split_bytes;
  return options;
}

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("lines come in order, CR LF or LF, and a last one without an end") {
  temp_directory dir;
  reader source(options_for(dir.write("a", "one\ntwo\r\n\nthree")));
  std::string line;

  CHECK(source.next(line) == line_feed::outcome::starved);
  CHECK(source.rest() == lines{"one", "two", "", "three"});
  CHECK(source.next(line) == line_feed::outcome::ended);
  CHECK(source.host.wakes() > 0);
}

TEST_CASE("what is left to read is known when the input is listed, in bytes") {
  temp_directory dir;
  reader source(options_for(dir.write("a", "one\ntwo\nthree\n"), 8));
  CHECK(!source.feed->progress().left);
  std::string line;
  while (source.next(line) != line_feed::outcome::line) source.host.settle();
  CHECK(source.feed->progress().all == 14);
  CHECK(source.feed->progress().left == 10);
  source.rest();
  CHECK(source.feed->progress().left == 0);
  CHECK(source.feed->progress().all == 14);
}

TEST_CASE("next never waits: it is starved until the lane has read, and the task is woken") {
  temp_directory dir;
  reader source(options_for(dir.write("a", "one\n")));
  std::string line;

  source.host.run_one();  // the input is listed, but the task has not heard
  CHECK(source.next(line) == line_feed::outcome::starved);
  source.host.finish_one();
  CHECK(source.host.wakes() == 1);
  CHECK(source.next(line) == line_feed::outcome::starved);
  CHECK(source.host.jobs() == 2);  // two buffers, no more
  source.host.run_one();
  source.host.finish_one();
  CHECK(source.host.wakes() == 2);
  CHECK(source.next(line) == line_feed::outcome::line);
  CHECK(line == "one");
}

TEST_CASE("the next block is asked for as soon as one is used up") {
  temp_directory dir;
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + "\n";  // about 1.3 MiB
  reader source(options_for(dir.write("a", text)));
  source.host.settle();
  CHECK(source.host.jobs() == 0);  // both buffers are full

  std::string line;
  int count = 0;
  while (source.host.jobs() == 0) {
    REQUIRE(source.next(line) == line_feed::outcome::line);
    REQUIRE(line == std::to_string(count++));
  }
  CHECK(count > 30'000);
  CHECK(count < 60'000);
  CHECK(source.rest().back() == "199999");
}

TEST_CASE("an input without any byte ends at once") {
  temp_directory dir;
  dir.write("empty", "");
  reader source(options_for(dir.path()));
  CHECK(source.rest().empty());
  CHECK(source.positions().empty());
}

TEST_CASE("a snapshot that comes before the input is listed waits, and is at the begin") {
  temp_directory dir;
  const auto options = options_for(dir.write("a", "one\ntwo\nthree\n"), 4);
  reader source(options);
  operator_image image;

  CHECK_FALSE(source.feed->snapshot({1}, image));
  CHECK_FALSE(source.feed->collect({1}, image));
  CHECK(source.rest().size() == 3);  // read since the marker
  REQUIRE(source.feed->collect({1}, image));

  CHECK(image.splits.size() == 4);
  CHECK(reader(options, 0, 1, image.splits).rest().size() == 3);
}

TEST_CASE("a line counts as read once it was handed out") {
  temp_directory dir;
  const auto options = options_for(dir.write("a", "one\ntwo\nthree\n"));
  reader source(options);
  source.host.settle();
  std::string line;
  for (std::size_t read = 0; read <= 3; ++read) {
    lines expected{"one", "two", "three"};
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(read));
    CHECK(reader(options, 0, 1, source.positions()).rest() == expected);
    (void)source.next(line);
  }
}

TEST_CASE("a split that was read stays in the snapshots, and is not read again") {
  temp_directory dir;
  const auto options = options_for(dir.write("a", "one\ntwo\n"));
  reader source(options);
  CHECK(source.rest().size() == 2);
  const auto positions = source.positions();
  CHECK(positions.size() == 1);

  reader again(options, 0, 1, positions);
  CHECK(again.rest().empty());
  CHECK(again.positions().size() == 1);
}

TEST_CASE("after a restore the splits of the snapshot count, not what the directory holds now") {
  temp_directory dir;
  dir.write("a", "one\n");
  reader source(options_for(dir.path()));
  source.host.settle();
  const auto positions = source.positions();
  dir.write("b", "new\n");
  CHECK(reader(options_for(dir.path()), 0, 1, positions).rest() == lines{"one"});
}

TEST_CASE("damaged positions are refused with the source's name") {
  fake_host host;
  const auto feed = make_file_lines("lines", {});
  feed->attach(host);
  operator_restore restore;
  restore.fresh = false;
  restore.image.splits.push_back({"/a:0", {std::byte{1}}});
  const auto restored = feed->restore(restore);
  REQUIRE_FALSE(restored);
  CHECK(restored.error().code == error_code::corrupt);
  CHECK(restored.error().message.find("'lines'") != std::string::npos);
}

TEST_CASE("missing, unreadable and truncated files fail the job and are named") {
  temp_directory dir;
  reader missing(options_for(dir / "nothing"));
  error failure = task_failure([&missing] { missing.host.settle(); });
  CHECK(failure.code == error_code::not_found);
  CHECK(failure.message.find(dir / "nothing") != std::string::npos);

  reader gone(options_for(dir.write("gone", "one\n")));
  gone.host.run_one();
  gone.host.finish_one();
  std::filesystem::remove(dir / "gone");
  CHECK(task_failure([&gone] { gone.host.settle(); }).code == error_code::not_found);

  reader cut(options_for(dir.write("cut", "one\ntwo\n")));
  cut.host.run_one();
  cut.host.finish_one();
  dir.write("cut", "one\n");
  failure = task_failure([&cut] { cut.host.settle(); });
  CHECK(failure.code == error_code::corrupt);
  CHECK(failure.message.find(dir / "cut") != std::string::npos);
}

TEST_CASE("what a file grew by is not read, and told once") {
  temp_directory dir;
  const std::string path = dir.write("a", "one\ntwo\n");
  reader source(options_for(path, 3));
  source.host.run_one();
  source.host.finish_one();
  dir.write("a", "one\ntwo\nthree\n");
  CHECK(source.rest() == lines{"one", "two"});
  CHECK(source.host.reports_with("grown by 6 bytes") == 1);
}

TEST_CASE("long lines are cut, dropped, or end the task, and are counted once a split") {
  temp_directory dir;
  auto options = options_for(dir.write("a", "12345\n123456\nx\n1234567\n"));
  options.line_bytes_max = 5;
  {
    reader source(options);
    CHECK(source.rest() == lines{"12345", "12345", "x", "12345"});
    CHECK(source.host.reports_with("2 lines") == 1);
  }
  options.too_long = long_line::skip;
  {
    reader source(options);
    CHECK(source.rest() == lines{"12345", "x"});
    CHECK(source.host.reports_with("skipped") == 1);
  }
  options.too_long = long_line::fail;
  reader source(options);
  const error failure = task_failure([&source] { (void)source.rest(); });
  CHECK(failure.recovery_class() == recovery::fail_job);
  CHECK(failure.message.find("offset 6") != std::string::npos);

  options.line_bytes_max = 0;
  CHECK(task_failure([&options] { reader refused(options); }).code == error_code::invalid_argument);
}

TEST_CASE("nothing is read on after close") {
  temp_directory dir;
  reader source(options_for(dir.write("a", "one\n"), 1));
  source.host.run_one();
  source.feed->close();
  source.host.finish_one();
  CHECK(source.host.jobs() == 0);
}

namespace {

using line_counts = std::map<std::string, int>;

/// Up to 4 files of random lines, some long, some without an end; gives the lines.
line_counts write_random_input(const temp_directory& dir, std::mt19937_64& random) {
  line_counts expected;
  for (std::uint64_t file = random() % 5; file != 0; --file) {
    std::string text;
    for (std::uint64_t i = random() % 200; i != 0; --i) {
      const std::string line = std::to_string(file) + "/" + std::to_string(i) +
                               std::string(random() % (random() % 9 == 0 ? 300 : 9), 'x');
      text += line + "\n";
      ++expected[line];
    }
    if (random() % 2 == 0 && !text.empty()) text.pop_back();
    dir.write(std::to_string(file), text);
  }
  return expected;
}

/// Reads for a random time, with a marker at a random place, and adds the lines before the marker;
/// what is read behind it is lost. Whether the input had ended at the marker.
bool read_to_marker(reader& source, std::mt19937_64& random, line_counts& got,
                    operator_image& image) {
  bool ended = false;
  std::string line;
  for (std::uint64_t steps = random() % 400; steps != 0 && !ended; --steps) {
    const auto outcome = source.next(line);
    if (outcome == line_feed::outcome::line) ++got[line];
    ended = outcome == line_feed::outcome::ended;
    if (outcome == line_feed::outcome::starved || random() % 3 == 0) {
      (void)source.host.do_one(random);
    }
  }
  bool collected = source.feed->snapshot({1}, image);
  while (!collected) {
    for (std::uint64_t steps = random() % 20; steps != 0; --steps) {
      (void)source.host.do_one(random);
      (void)source.next(line);
    }
    collected = source.feed->collect({1}, image);
  }
  return ended;
}

}  // namespace

TEST_CASE("whatever stops and resumes, at whatever parallelism, each line is read exactly once") {
  auto random = seeded_random("file_lines restarts");
  for (int round = 0; round < 60; ++round) {
    temp_directory dir;
    const line_counts expected = write_random_input(dir, random);
    const auto options = options_for(dir.path(), random() % 400 + 1);

    line_counts got;
    std::vector<split_position> checkpoint;
    for (bool complete = false; !complete;) {
      const auto parallelism = static_cast<std::uint32_t>(random() % 4 + 1);
      const bool fails = random() % 4 == 0;  // before the checkpoint is complete
      line_counts tentative = got;
      std::vector<split_position> next;
      complete = !fails;
      for (std::uint32_t index = 0; index < parallelism; ++index) {
        reader source(options, index, parallelism, checkpoint);
        operator_image image;
        complete = read_to_marker(source, random, tentative, image) && complete;
        next.insert(next.end(), image.splits.begin(), image.splits.end());
      }
      if (fails) continue;
      got = std::move(tentative);
      checkpoint = std::move(next);
    }
    REQUIRE(got == expected);
  }
}
