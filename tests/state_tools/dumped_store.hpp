// SPDX-License-Identifier: Apache-2.0
// A state directory with a checkpoint of each kind of thing, for the tests of what prints it.
//
// Owner:      a test case.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "state_tools/text_output.hpp"
#include "tests/state/store_fixture.hpp"

namespace weir::test {

/// What is printed.
class printed_text {
 public:
  text_output& output() { return output_; }
  const std::string& text() {
    output_.flush();
    return text_;
  }
  bool has(const std::string& part) { return text().find(part) != std::string::npos; }

 private:
  std::string text_;
  text_output output_{[this](std::string_view block) {
    text_ += block;
    return true;
  }};
};

inline chunk chunk_of(chunk_kind kind, std::uint32_t entries, byte_vector bytes) {
  chunk made;
  made.kind = kind;
  made.groups = {0, key_group_count - 1};
  made.entries = entries;
  made.bytes = std::move(bytes);
  return made;
}

inline byte_vector words(const std::vector<std::pair<std::string, std::int64_t>>& counts) {
  byte_vector bytes;
  byte_writer out(bytes);
  for (const auto& [word, count] : counts) {
    out.text(word);
    out.scalar(count);
  }
  return bytes;
}

inline state_snapshot state_of(std::string name, std::string schema,
                               std::vector<chunk_ref> chunks) {
  state_snapshot made;
  made.name = std::move(name);
  made.schema = std::move(schema);
  made.chunks = std::move(chunks);
  return made;
}

/// Checkpoint 1: `count` with the words a, b, c, a list, and a state of a type of its own; a source with positions, a sink
/// with an intent. Checkpoint 2: a delta on it: b erased, c changed, d new.
class dumped_store {
 public:
  dumped_store() : store_(temp_.path()) {
    const epoch_id first = store_.epoch(0);
    full_ =
        store_->put(first, chunk_of(chunk_kind::entries, 3, words({{"a", 1}, {"b", 2}, {"c", 3}})))
            .value();
    byte_vector numbers;
    byte_writer(numbers).scalar(std::int32_t{-7});
    byte_writer(numbers).scalar(std::int32_t{8});
    list_ = store_->put(first, chunk_of(chunk_kind::elements, 2, std::move(numbers))).value();
    own_ = store_->put(first, chunk_of(chunk_kind::entries, 1, {std::byte{0xab}, std::byte{0x01}}))
               .value();
    complete(first, state_of("seen", "map<string,i64>", {full_}));

    const epoch_id second = store_.epoch(1);
    byte_vector gone;
    byte_writer(gone).text("b");
    const auto erased =
        store_->put(second, chunk_of(chunk_kind::erased, 1, std::move(gone))).value();
    delta_ =
        store_->put(second, chunk_of(chunk_kind::entries, 2, words({{"c", 30}, {"d", 4}}))).value();
    auto seen = state_of("seen", "map<string,i64>", {full_, erased, delta_});
    seen.full = false;
    seen.base = first;
    seen.chain_length = 2;
    complete(second, std::move(seen));
  }

  const std::filesystem::path& path() const { return temp_.path(); }
  open_store& store() { return store_; }

 private:
  void complete(epoch_id epoch, state_snapshot seen) {
    operator_snapshot source;
    source.uid = "numbers";
    byte_vector row;
    byte_writer(row).scalar(std::uint64_t{77});
    source.splits = {{"5", row}, {"mine", {std::byte{0xff}}}};
    operator_snapshot count;
    count.uid = "count";
    count.states = {std::move(seen), state_of("recent", "i32", {list_}),
                    state_of("price", "map<string,money_v1>", {own_})};
    operator_snapshot sink;
    sink.uid = "out";
    sink.intents = {{std::byte{0x12}}};
    manifest made = store_.manifest_of(epoch, {});
    made.tasks[0].task = "count -> out";
    made.tasks[0].operators = {source, count, sink};
    const auto done = store_->complete(made);
    if (!done) FAIL(done.error().text());
  }

  temp_directory temp_;
  open_store store_;
  chunk_ref full_, list_, own_, delta_;
};

}  // namespace weir::test
