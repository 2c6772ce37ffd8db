// SPDX-License-Identifier: Apache-2.0
// Specifies state/breadcrumb_file.hpp by example: what a process that died left behind, and that one that ended in order
// left nothing.
#include "state/breadcrumb_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "common/scratch_directory.hpp"
#include "weir/core/hash.hpp"

namespace {

using namespace weir;

std::vector<breadcrumb_slot> three_slots() {
  return {{{0}, "parse"}, {{0}, "pass"}, {{1}, "parse"}};
}

}  // namespace

TEST_CASE("without a file there is nothing, with one there is the record farthest down each task") {
  const scratch_directory scratch;
  CHECK(!breadcrumb_file::left_in(scratch.path()));

  auto file = breadcrumb_file::create(scratch.path(), three_slots(), true);
  REQUIRE(file);
  CHECK(breadcrumb_file::left_in(scratch.path())->empty());
  (*file)->lay({0}, "parse", {3})->store(7);
  (*file)->lay({0}, "pass", {3})->store(8);
  (*file)->lay({1}, "parse", {4})->store(9);
  CHECK((*file)->lay({1}, "pass", {4}) == nullptr);

  const auto left = breadcrumb_file::left_in(scratch.path());

  REQUIRE(left->size() == 2);
  CHECK(left->at(0).identity == 8);
  CHECK(left->at(0).uid_hash == hash_bytes("pass"));
  CHECK(left->at(0).attempt == attempt_id{3});
  CHECK(left->at(1).identity == 9);
}

TEST_CASE("a process that ends in order leaves nothing, also when the file is another's by then") {
  const scratch_directory scratch;
  auto first = breadcrumb_file::create(scratch.path(), three_slots(), false);
  REQUIRE(first);
  CHECK((*first)->lay({0}, "parse", {1}) == nullptr);  // nothing happened before: none are wanted
  auto second = breadcrumb_file::create(scratch.path(), three_slots(), true);
  REQUIRE(second);

  (*first)->end_in_order();

  CHECK(breadcrumb_file::left_in(scratch.path()));
  (*second)->stop();
  CHECK((*second)->lay({0}, "parse", {2}) == nullptr);
  (*second)->end_in_order();
  CHECK(!breadcrumb_file::left_in(scratch.path()));
}

TEST_CASE("a file that cannot be read says that the process died, and no more") {
  const scratch_directory scratch;
  auto file = breadcrumb_file::create(scratch.path(), three_slots(), true);
  REQUIRE(file);
  (*file)->lay({0}, "parse", {3})->store(7);
  const auto path = scratch.path() / "breadcrumbs";
  for (const std::uintmax_t size : {200u, 64u, 63u, 0u}) {
    std::filesystem::resize_file(path, size);
    REQUIRE(breadcrumb_file::left_in(scratch.path()));
    CHECK(breadcrumb_file::left_in(scratch.path())->empty());
  }
  file = error{error_code::io, "closed"};
  std::ofstream(path) << std::string(64 * 4, 'x');
  CHECK(breadcrumb_file::left_in(scratch.path())->empty());
  breadcrumb_file::remove(scratch.path());
  CHECK(!breadcrumb_file::left_in(scratch.path()));
}
