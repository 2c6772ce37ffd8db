// SPDX-License-Identifier: Apache-2.0
// Specifies the print sink at its task, writing into pipes and files: order, bounds, what a
// snapshot waits for, and readers that stall or go away.
#include "connectors/print_sink.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <set>
#include <thread>

#include "connectors/unique_fd.hpp"
#include "tests/connectors/fake_host.hpp"
#include "tests/connectors/temp_directory.hpp"

using namespace weir;
using namespace weir::test;

namespace {

struct pipe_pair {
  pipe_pair() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    out.reset(fds[0]);
    in.reset(fds[1]);
  }
  std::string read() const {
    std::string text(1 << 20, '\0');
    const ssize_t got = ::read(out.get(), text.data(), text.size());
    REQUIRE(got >= 0);
    text.resize(static_cast<std::size_t>(got));
    return text;
  }
  unique_fd out;
  unique_fd in;
};

struct printer {
  explicit printer(int fd) : sink("print", fd) {
    sink.attach(host);
    sink.open();
  }
  void write(std::string_view text) {
    sink.buffer() += text;
    sink.written();
  }
  fake_host host;
  print_sink_unit sink;
};

}  // namespace

TEST_CASE("lines go out in order when the task flushes") {
  pipe_pair pipe;
  printer print(pipe.in.get());
  print.write("one\n");
  CHECK(print.host.jobs() == 0);
  print.sink.flush();
  print.write("two\n");
  print.sink.flush();
  CHECK(print.host.jobs() == 1);  // one at a time: what came meanwhile is next
  print.host.settle();
  CHECK(pipe.read() == "one\ntwo\n");
  print.sink.flush();
  CHECK(print.host.jobs() == 0);
}

TEST_CASE("a large buffer goes out without a flush") {
  temp_directory dir;
  const unique_fd file(::open((dir / "out").c_str(), O_WRONLY | O_CREAT, 0600));
  printer print(file.get());
  std::string expected;
  for (int i = 0; i < 50'000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    print.write(line);
    expected += line;
    if (i % 1000 == 0) print.host.settle();
  }
  CHECK(dir.read("out").size() > 200'000);
  print.sink.flush();
  print.host.settle();
  CHECK(dir.read("out") == expected);
}

TEST_CASE("a snapshot is ready when all that came before its marker is written") {
  pipe_pair pipe;
  printer print(pipe.in.get());
  operator_image image;
  CHECK(print.sink.snapshot({1}, image));

  print.write("one\n");
  CHECK_FALSE(print.sink.snapshot({2}, image));
  print.write("two\n");
  print.host.run_one();
  CHECK_FALSE(print.sink.collect({2}, image));
  print.host.finish_one();
  CHECK(print.sink.collect({2}, image));
  CHECK(print.host.wakes() == 1);
  CHECK(pipe.read() == "one\n");

  CHECK_FALSE(print.sink.snapshot({3}, image));
  CHECK_FALSE(print.sink.collect({3}, image));
  print.host.settle();
  CHECK(print.sink.collect({3}, image));
  CHECK(pipe.read() == "two\n");
  CHECK(image.splits.empty());
  CHECK(image.intents.empty());
}

TEST_CASE("beyond 8 MiB under way the sink is not ready, until the lane has written") {
  temp_directory dir;
  const unique_fd file(::open((dir / "out").c_str(), O_WRONLY | O_CREAT, 0600));
  printer print(file.get());
  const std::string line(1023, 'x');
  int count = 0;
  while (print.sink.ready()) {
    print.write(line + "\n");
    ++count;
  }
  CHECK(count == 8 * 1024);
  print.host.settle();
  CHECK(print.sink.ready());
  CHECK(dir.read("out").size() == 8u << 20);
}

TEST_CASE("a reader that went away fails the task, not the process") {
  pipe_pair pipe;
  pipe.out.reset();
  printer print(pipe.in.get());
  print.write("one\n");
  print.sink.flush();
  const error failure = task_failure([&print] { print.host.settle(); });
  CHECK(failure.code == error_code::connection);
  CHECK(failure.message.find("standard output") != std::string::npos);
}

TEST_CASE("a reader that stalls blocks the lane only until the sink closes") {
  pipe_pair pipe;
  printer print(pipe.in.get());
  for (int i = 0; i < 40'000; ++i) print.write("0123456789\n");
  // The job has 64 KiB in whole lines; the pages of the pipe do not hold quite as many.
  auto job = print.host.take_job();
  std::thread lane([&job] { job->run(); });
  print.sink.close();
  lane.join();
  print.host.ran(std::move(job));
  print.host.finish_one();
  CHECK(print.host.jobs() == 0);
}

TEST_CASE("lines of two printers into one pipe stay whole") {
  pipe_pair pipe;
  std::string text;
  std::thread collect([&pipe, &text] {
    while (true) {
      const std::string piece = pipe.read();
      if (piece.empty()) return;
      text += piece;
    }
  });
  std::vector<std::thread> lanes;
  for (const char mark : {'a', 'b'}) {
    lanes.emplace_back([&pipe, mark] {
      fd_writer writer(pipe.in.get(), "pipe");
      std::string lines;
      for (std::size_t i = 0; i < 20'000; ++i) lines += std::string(i % 50 + 1, mark) + "\n";
      (void)writer.write(lines);
    });
  }
  for (std::thread& lane : lanes) lane.join();
  pipe.in.reset();
  collect.join();

  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const std::size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    const std::string line = text.substr(at, end - at);
    REQUIRE(std::set<char>(line.begin(), line.end()).size() == 1);
    at = end + 1;
  }
  CHECK(count == 40'000);
}
