// SPDX-License-Identifier: Apache-2.0
// Specifies which files are read as settings, and what is said of the others.
#include "common/settings_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "common/scratch_directory.hpp"
#include "common/yaml_settings.hpp"

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

std::string refusal(const std::filesystem::path& file) {
  const auto read = weir::read_settings_file(file.string());
  REQUIRE(read.mistakes.size() == 1);
  CHECK(read.given.empty());
  CHECK(read.mistakes[0].starts_with(file.string() + ": "));
  return read.mistakes[0];
}

}  // namespace

TEST_CASE("a file is read, and its settings name it") {
  const weir::scratch_directory scratch;
  const auto file = scratch.path() / "weir.yaml";
  std::ofstream(file) << "rest:\n  port: 0\n";
  const auto read = weir::read_settings_file(file.string());

  CHECK(read.mistakes.empty());
  REQUIRE(read.given.size() == 1);
  CHECK(read.given[0].origin == file.string() + ":2:3");
}

TEST_CASE("what is no file that can be read is refused, and none of it blocks") {
  const weir::scratch_directory scratch;
  CHECK(has(refusal(scratch.path() / "gone.yaml"), "cannot be read: No such file"));
  CHECK(has(refusal(scratch.path()), "no regular file"));

  const auto pipe = scratch.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(has(refusal(pipe), "no regular file"));

  const auto circle = scratch.path() / "circle";
  std::filesystem::create_symlink(circle, circle);
  CHECK(has(refusal(circle), "cannot be read"));

  const auto huge = scratch.path() / "huge";
  std::ofstream{huge};
  std::filesystem::resize_file(huge, std::uintmax_t{1} << 40);  // sparse
  CHECK(has(refusal(huge), "bytes; at most 1048576 are read"));
}

TEST_CASE("a file that may not be read is refused") {
  const weir::scratch_directory scratch;
  const auto file = scratch.path() / "weir.yaml";
  std::ofstream(file) << "rest.port: 0\n";
  std::filesystem::permissions(file, std::filesystem::perms::none);
  if (std::ifstream(file)) return;  // whoever runs this may read everything
  CHECK(has(refusal(file), "cannot be read: Permission denied"));
}
