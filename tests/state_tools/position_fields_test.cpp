// SPDX-License-Identifier: Apache-2.0
// The positions of weir's sources and the intents of its file sink, from the encoders that write them, as fields; anybody
// else's bytes give none.
#include "state_tools/position_fields.hpp"

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

#include "connectors/journal_position.hpp"
#include "connectors/part_names.hpp"
#include "connectors/split_progress.hpp"

namespace {

using namespace weir;

std::vector<stored_field> fields_of_split(const split_position& written) {
  return fields_of(source_split{written.id, written.position});
}

/// "rows:7 path:/a done:true"
std::string text(const std::vector<stored_field>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += (out.empty() ? "" : " ") + name + ":";
    if (const auto* number = std::get_if<std::uint64_t>(&value)) out += std::to_string(*number);
    if (const auto* word = std::get_if<std::string>(&value)) out += *word;
    if (const auto* flag = std::get_if<bool>(&value)) out += *flag ? "true" : "false";
  }
  return out;
}

byte_vector number(std::uint64_t value) {
  byte_vector bytes;
  byte_writer(bytes).scalar(value);
  return bytes;
}

}  // namespace

TEST_CASE("a generator's class: the rows that were emitted") {
  CHECK(text(fields_of(source_split{"5", number(77)})) == "rows:77");
  CHECK(text(fields_of(source_split{"1023", number(0)})) == "rows:0");
}

TEST_CASE("a file's split: where it lies, and where the next line begins") {
  const split_progress progress{{"/data/a.txt", 100, 200, 1'000}, 150, false};
  CHECK(text(fields_of_split(encode_progress(progress))) ==
        "path:/data/a.txt begin:100 end:200 file_size_seen:1000 next_byte:150 done:false");
}

TEST_CASE("a journal: the checkpoint at which the job began, and the first line not read") {
  CHECK(text(fields_of_split(encode_position({epoch_id{3}, 70, false}))) == "generation:3 line:70");
}

TEST_CASE("a prepared file: its hidden name, the one that it gets, its size") {
  const commit_intent intent{pending_name({{"part", "out"}, 2, attempt_id{1}, 0}),
                             final_name({"part", 2, epoch_id{7}, 0}), 500};
  byte_vector bytes;
  encode_intent(intent, bytes);
  CHECK(text(fields_of_intent(bytes)) ==
        "pending:" + intent.pending_name + " final:" + intent.final_name + " bytes:500");
}

TEST_CASE("positions and intents of an application's own have no fields") {
  CHECK(fields_of(source_split{"mine", number(1)}).empty());
  CHECK(fields_of(source_split{"12345", number(1)}).empty());
  CHECK(fields_of(source_split{"5", {std::byte{1}}}).empty());
  CHECK(fields_of(source_split{"journal", number(1)}).empty());
  CHECK(fields_of(source_split{"", {}}).empty());
  CHECK(fields_of_intent(number(1)).empty());
}
