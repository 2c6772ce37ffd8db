// SPDX-License-Identifier: Apache-2.0
// One process holds a state directory at a time: seen from the same process and from a forked one.
#include "state/state_directory.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "tests/state/store_fixture.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;

/// Runs `body` in another process; its result is the exit code.
template <class Body>
int in_other_process(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a state directory is created with its parents") {
  const test::temp_directory temp;
  const auto opened = state_directory::open(temp.path() / "a" / "b" / "c");
  REQUIRE(opened);
  CHECK(fs::is_directory(temp.path() / "a" / "b" / "c"));
}

TEST_CASE("a second holder is refused, with the directory and the first one's pid in the message") {
  const test::temp_directory temp;
  const auto first = state_directory::open(temp.path());
  REQUIRE(first);

  const auto second = state_directory::open(temp.path());
  REQUIRE(!second);
  CHECK(second.error().code == error_code::in_use);
  CHECK(second.error().message.find(temp.path().string()) != std::string::npos);
  CHECK(second.error().message.find(std::to_string(::getpid())) != std::string::npos);

  const fs::path path = temp.path();
  CHECK(in_other_process([path] {
          const auto other = state_directory::open(path);
          return other ? 0 : other.error().code == error_code::in_use ? 7 : 1;
        }) == 7);
}

TEST_CASE("the hold ends with the object, and with the process") {
  const test::temp_directory temp;
  const fs::path path = temp.path();
  { REQUIRE(state_directory::open(path)); }
  CHECK(in_other_process([path] { return state_directory::open(path) ? 0 : 1; }) == 0);
  CHECK(in_other_process([path]() -> int {
          auto held = std::make_optional(state_directory::open(path));
          ::_exit(held->has_value() ? 5 : 1);  // no destructor runs
        }) == 5);
  CHECK(state_directory::open(path));
}

TEST_CASE("a path that cannot be a directory is an i/o error that names it") {
  const test::temp_directory temp;
  std::ofstream(temp.path() / "file") << "text";
  const auto opened = state_directory::open(temp.path() / "file" / "state");
  REQUIRE(!opened);
  CHECK(opened.error().code == error_code::io);
  CHECK(opened.error().message.find("file") != std::string::npos);
}

}  // namespace weir
