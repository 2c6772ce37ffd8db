// SPDX-License-Identifier: Apache-2.0
// Specifies what a snapshot keeps of a journal, and which lines no checkpoint needs any more: by example, and against
// the definition for random checkpoints, attempts and retentions.
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "connectors/journal_position.hpp"
#include "tests/support/seed.hpp"

using namespace weir;

namespace {

operator_restore restore_of(std::vector<split_position> splits) {
  operator_restore written;
  written.fresh = false;
  written.epoch = {9};
  written.image.splits = std::move(splits);
  return written;
}

}  // namespace

TEST_CASE("a position comes back as it was written; without one the job begins at the checkpoint") {
  const auto back = restored_position(restore_of({encode_position({{4}, 1234567, true})}));
  REQUIRE(back.has_value());
  CHECK(back->generation == epoch_id{4});
  CHECK(back->line == 1234567);
  CHECK_FALSE(back->begins);

  const auto begun = restored_position(restore_of({}));
  REQUIRE(begun.has_value());
  CHECK(begun->generation == epoch_id{9});
  CHECK(begun->line == 0);
  CHECK(begun->begins);
}

TEST_CASE("a position that makes no sense is an error") {
  auto split = encode_position({{4}, 300, false});
  auto twice = restored_position(restore_of({split, split}));
  CHECK(twice.error().code == error_code::corrupt);
  auto newer = split;
  newer.position[0] = std::byte{2};
  CHECK(restored_position(restore_of({newer})).error().code == error_code::incompatible);
  for (std::size_t size = 0; size < split.position.size(); ++size) {
    auto cut = split;
    cut.position.resize(size);
    CHECK(restored_position(restore_of({cut})).error().code == error_code::corrupt);
  }
  split.id = "7";
  CHECK(restored_position(restore_of({split})).error().code == error_code::corrupt);
}

TEST_CASE("P18: only lines below the oldest retained checkpoint are given up") {
  retained_positions positions;
  positions.add({5}, 100);
  positions.add({6}, 200);
  positions.add({7}, 300);
  CHECK_FALSE(positions.needed_from({4}).has_value());  // one of an older attempt: not known
  CHECK(positions.needed_from({5}) == 100);
  CHECK(positions.needed_from({6}) == 200);
  CHECK(positions.needed_from({6}) == 200);
  CHECK(positions.needed_from({9}) == 300);
}

TEST_CASE("P18: whatever is retained, no line is given up that a retained checkpoint begins at") {
  std::mt19937_64 random(test::print_seed());
  for (int round = 0; round < 200; ++round) {
    retained_positions positions;
    std::vector<std::pair<epoch_id, std::uint64_t>> all;
    std::uint64_t epoch = random() % 5;
    std::uint64_t line = 0;
    std::size_t oldest = 0;
    for (int i = 0; i < 3000; ++i) {
      epoch += 1 + random() % 3;
      line += random() % 50;
      positions.add({epoch}, line);
      if (random() % 3 == 0) continue;  // aborted: never complete
      all.emplace_back(epoch_id{epoch}, line);
      if (random() % 200 == 0)
        oldest = all.size() - 1 - random() % std::min<std::size_t>(all.size() - oldest, 3);
      const auto needed = positions.needed_from(all[oldest].first);
      if (needed) CHECK(*needed <= all[oldest].second);
      REQUIRE(positions.size() <= 1024);
    }
  }
}
