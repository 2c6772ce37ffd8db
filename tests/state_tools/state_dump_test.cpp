// SPDX-License-Identifier: Apache-2.0
// What a dump prints of each thing that a checkpoint holds, as text and JSON; its selections, its bounds, and what it says of
// names, keys and files that are wrong.
#include "state_tools/state_dump.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "state/lmdb_table.hpp"
#include "state/store_internals.hpp"
#include "state_tools/state_commands.hpp"
#include "state_tools/state_list.hpp"
#include "state_tools/state_verify.hpp"
#include "tests/state_tools/dumped_store.hpp"
#include "tests/support/seed.hpp"

namespace {

using namespace weir;
using test::dumped_store;
using test::printed_text;

struct dumped {
  std::string text;
  dump_result result;
};

dumped dump(const std::filesystem::path& dir, const dump_request& request = {}) {
  auto state = stored_state::open(dir);
  if (!state) FAIL(state.error().text());
  printed_text printed;
  const auto done = dump_state(*state, request, printed.output());
  if (!done) FAIL(done.error().text());
  return {printed.text(), *done};
}

error failed_dump(const std::filesystem::path& dir, const dump_request& request) {
  auto state = stored_state::open(dir);
  if (!state) FAIL(state.error().text());
  printed_text printed;
  const auto done = dump_state(*state, request, printed.output());
  if (done) FAIL("was dumped: " << printed.text());
  return done.error();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The list, and the dump of each checkpoint, as JSON.
std::string everything_in(stored_state& state) {
  printed_text printed;
  auto listing = list_checkpoints(state).value();
  listing.file_bytes = 0;  // of a file that lost its unused end
  print_list(listing, value_style::json, printed.output());
  for (const listed_checkpoint& one : listing.checkpoints) {
    dump_request request;
    request.checkpoint = one.epoch;
    request.style = value_style::json;
    const auto dumped = dump_state(state, request, printed.output());
    if (!dumped) printed.output().print(dumped.error().text());
  }
  return printed.text();
}

/// WEIR_FLIPS asks for more.
int sweep_steps() {
  const char* given = std::getenv("WEIR_FLIPS");
  return given != nullptr ? std::atoi(given) : 1'000;
}

dump_request only_state(const std::string& name) {
  dump_request request;
  request.state = name;
  return request;
}

}  // namespace

TEST_CASE("text: everything that the newest checkpoint holds, deltas applied") {
  const dumped_store store;
  const auto found = dump(store.path());
  CAPTURE(found.text);
  CHECK(has(found.text, "# checkpoint 2 of job job, periodic, 1970-01-01 00:00:00.002 UTC\n"));
  CHECK(has(found.text,
            "# operator count, subtask 0 of 1, state seen: map<string,i64>, full image of "
            "checkpoint 1 and 1 delta\n"
            "\"a\"\t1\n\"c\"\t30\n\"d\"\t4\n"));
  CHECK(has(found.text, "state recent: list of i32\n-7\n8\n"));
  CHECK(has(found.text,
            "state price: map<string,money_v1>\nentries 1 of map<string,money_v1>\txab01\n"));
  CHECK(has(found.text, "split \"5\"\t{rows:77}\nsplit \"mine\"\txff\n"));
  CHECK(has(found.text, "intent\tx12\n"));
  CHECK(found.result.lines == 9);
  CHECK_FALSE(found.result.cut);
}

TEST_CASE("JSON: an object a line, each with operator and subtask") {
  const dumped_store store;
  dump_request request;
  request.style = value_style::json;
  std::istringstream lines(dump(store.path(), request).text);
  std::vector<nlohmann::json> found;
  for (std::string line; std::getline(lines, line);) {
    REQUIRE_MESSAGE(nlohmann::json::accept(line), line);
    found.push_back(nlohmann::json::parse(line));
    CHECK(found.back().contains("operator"));
    CHECK(found.back()["subtask"] == 0);
  }
  REQUIRE(found.size() == 9);
  CHECK(found[0] ==
        nlohmann::json::parse(
            R"({"operator":"numbers","subtask":0,"split":"5","position":{"rows":77}})"));
  CHECK(found[2] == nlohmann::json::parse(
                        R"({"operator":"count","subtask":0,"state":"seen","key":"a","value":1})"));
  CHECK(found[5] ==
        nlohmann::json::parse(R"({"operator":"count","subtask":0,"state":"recent","element":-7})"));
  CHECK(found[7]["schema"] == "map<string,money_v1>");
  CHECK(found[7]["bytes"]["$hex"] == "ab01");
  CHECK(found[8]["intent"]["$hex"] == "12");
}

TEST_CASE("an older checkpoint, one operator, one state, one key") {
  const dumped_store store;
  dump_request request;

  SUBCASE("the checkpoint before the delta") {
    request.checkpoint = epoch_id{1};
    CHECK(has(dump(store.path(), request).text, "\"a\"\t1\n\"b\"\t2\n\"c\"\t3\n"));
  }
  SUBCASE("an operator") {
    request.operator_name = "numbers";
    CHECK(dump(store.path(), request).result.lines == 2);
  }
  SUBCASE("a state, without positions") {
    CHECK(dump(store.path(), only_state("recent")).result.lines == 2);
  }
  SUBCASE("a key: only of states whose keys can be such") {
    request.key = "c";
    const auto found = dump(store.path(), request);
    CHECK(found.result.lines == 1);
    CHECK(has(found.text, "\"c\"\t30\n"));
  }
  SUBCASE("a key that a delta has erased") {
    request.key = "b";
    CHECK(dump(store.path(), request).result.lines == 0);
  }
}

TEST_CASE(
    "whoever reads a dump may take long: what is printed stays, whatever the job does meanwhile") {
  const test::temp_directory temp;
  test::open_store job(temp.path());
  const std::size_t chunk_words = 2'000;
  std::vector<chunk_ref> refs;
  for (std::size_t i = 0; i < 20; ++i) {
    std::vector<std::pair<std::string, std::int64_t>> counts;
    for (std::size_t word = 0; word < chunk_words; ++word) {
      counts.emplace_back("word" + std::to_string(i * chunk_words + word), 7);
    }
    refs.push_back(job->put(job.epoch(0),
                            test::chunk_of(chunk_kind::entries, chunk_words, test::words(counts)))
                       .value());
  }
  auto made = job.manifest_of(job.epoch(0), refs);
  made.tasks[0].operators[0].states[0].schema = "map<string,i64>";
  REQUIRE(job->complete(made));
  auto state = stored_state::open(temp.path());
  REQUIRE(state);

  std::string text;
  text_output out([&](std::string_view block) {
    if (text.empty()) {  // the job goes on, while the first block is read
      for (std::uint64_t i = 1; i < 16; ++i) job.checkpoint(job.epoch(i), 30'000);
    }
    text += block;
    return true;
  });
  const auto done = dump_state(*state, {}, out);
  out.flush();

  if (!done) FAIL(done.error().text());
  CHECK(state->has_moved_on());
  CHECK(done->lines == 20 * chunk_words);
  CHECK(has(text, "\"word39999\"\t7\n"));
}

TEST_CASE("of several subtasks each line says whose it is") {
  test::temp_directory temp;
  test::open_store store(temp.path());
  auto made = store.manifest_of(store.epoch(0), {});
  made.tasks.push_back(made.tasks[0]);
  for (std::uint32_t i = 0; i < 2; ++i) {
    const auto word = test::words({{"word" + std::to_string(i), 5}});
    made.tasks[i].subtask = i;
    auto& state = made.tasks[i].operators[0].states[0];
    state.schema = "map<string,i64>";
    state.chunks = {
        store->put(store.epoch(0), test::chunk_of(chunk_kind::entries, 1, word)).value()};
  }
  REQUIRE(store->complete(made));
  dump_request request;
  request.style = value_style::json;
  CHECK(has(dump(temp.path(), request).text,
            R"({"operator":"count","subtask":1,"state":"seen","key":"word1","value":5})"));
}

TEST_CASE("bytes that are no value of their schema end the dump, whatever their checksum says") {
  test::temp_directory temp;
  test::open_store store(temp.path());
  byte_vector bytes;
  byte_writer out(bytes);
  out.text("a");
  out.scalar(std::uint8_t{2});
  auto made = store.manifest_of(
      store.epoch(0),
      {store->put(store.epoch(0), test::chunk_of(chunk_kind::entries, 1, bytes)).value()});
  made.tasks[0].operators[0].states[0].schema = "map<string,bool>";
  REQUIRE(store->complete(made));
  const auto why = failed_dump(temp.path(), {});
  CHECK(why.code == error_code::corrupt);
  CHECK(has(why.message, "state 'seen' holds bytes that are no map<string,bool>"));
}

TEST_CASE("what was handed on to whoever reads cannot be taken back") {
  std::string handed_on;
  text_output out([&](std::string_view block) {
    handed_on += block;
    return true;
  });
  out.print("first");
  CHECK(out.discard());
  out.print("second");
  out.flush();
  CHECK_FALSE(out.discard());
  CHECK(handed_on == "second\n");
}

TEST_CASE("each failure has its exit code") {
  const auto code = [](error_code why) { return report_state_failure("test", {why, "said"}); };
  CHECK(code(error_code::invalid_argument) == 2);
  CHECK(code(error_code::corrupt) == 3);
  CHECK(code(error_code::incompatible) == 3);
  CHECK(code(error_code::not_found) == 3);
  CHECK(code(error_code::in_use) == 3);
  CHECK(code(error_code::io) == 1);
}

TEST_CASE("what is printed has a bound: lines, and the text of one value") {
  const dumped_store store;
  dump_request request;
  request.lines_max = 4;
  const auto few = dump(store.path(), request);
  CHECK(few.result.lines == 4);
  CHECK(few.result.cut);
  request.lines_max = 9;
  CHECK_FALSE(dump(store.path(), request).result.cut);

  dumped_store large;
  const auto word = test::words({{std::string(10'000, 'x'), 5}});
  const auto ref = large.store()
                       ->put(large.store().epoch(2), test::chunk_of(chunk_kind::entries, 1, word))
                       .value();
  auto made = large.store().manifest_of(large.store().epoch(2), {ref});
  made.tasks[0].operators[0].states[0].schema = "map<string,i64>";
  REQUIRE(large.store()->complete(made));
  dump_request bounded;
  bounded.value_bytes_max = 100;
  const auto cut = dump(large.path(), bounded);
  CHECK(cut.text.size() < 500);
  CHECK(has(cut.text, "... (cut, 10002 bytes)\t5\n"));
}

TEST_CASE("names and keys that there are not are refused with those that there are") {
  const dumped_store store;
  dump_request request;

  SUBCASE("an operator") {
    request.operator_name = "cuont";
    const auto why = failed_dump(store.path(), request);
    CHECK(why.code == error_code::invalid_argument);
    CHECK(has(why.message, "no operator 'cuont'; its operators: 'count', 'numbers', 'out'"));
  }
  SUBCASE("a state") {
    const auto why = failed_dump(store.path(), only_state("sen"));
    CHECK(has(why.message, "no state 'sen'; its states: 'price', 'recent', 'seen'"));
  }
  SUBCASE("a checkpoint") {
    request.checkpoint = epoch_id{99};
    CHECK(failed_dump(store.path(), request).code == error_code::not_found);
  }
  SUBCASE("a key for a state whose keys nobody can read") {
    request.state = "price";
    request.key = "x";
    CHECK(has(failed_dump(store.path(), request).message, "no keyed state whose keys can be read"));
  }
}

TEST_CASE("a key that does not parse is refused with what was expected") {
  test::temp_directory temp;
  test::open_store store(temp.path());
  auto made = store.manifest_of(store.epoch(0), {});
  made.tasks[0].operators[0].states[0].schema = "map<u8,i64>";
  REQUIRE(store->complete(made));
  dump_request request;
  request.key = "300";
  const auto why = failed_dump(temp.path(), request);
  CHECK(why.code == error_code::invalid_argument);
  CHECK(has(why.message, "key '300': expected an integer from 0 to 255"));
}

TEST_CASE(
    "whatever byte of the file is damaged, verify says so, or nobody reads it: list and dump are "
    "as before") {
  std::mt19937_64 random(test::print_seed());
  const dumped_store store;
  std::ifstream in(test::data_file_of(store.path()), std::ios::binary);
  const std::string sound((std::istreambuf_iterator<char>(in)), {});
  const test::temp_directory temp;
  std::filesystem::create_directories(temp.path() / "snapshots.mdb");
  const auto open_with = [&](const std::string& bytes) {
    std::ofstream(test::data_file_of(temp.path()), std::ios::binary | std::ios::trunc) << bytes;
    return stored_state::open(temp.path());
  };
  auto untouched = open_with(sound).value();
  const std::string before = everything_in(untouched);
  int refused = 0;
  int damaged = 0;
  int unused = 0;
  for (int i = 0; i < sweep_steps(); ++i) {
    std::string bytes = sound;
    const std::size_t at = random() % bytes.size();
    CAPTURE(at);
    if (i % 10 == 0) {
      bytes.resize(at);
    } else {
      bytes[at] ^= static_cast<char>(1 + random() % 255);
    }
    auto state = open_with(bytes);
    if (!state) {
      ++refused;
      CHECK((state.error().code == error_code::corrupt ||
             state.error().code == error_code::incompatible));
      continue;
    }
    const auto verified = verify_state(*state);
    REQUIRE(verified);
    if (!verified->sound()) {
      ++damaged;
      static_cast<void>(everything_in(*state));  // says what it can, and does not crash
      continue;
    }
    ++unused;
    CHECK(everything_in(*state) == before);
  }
  MESSAGE(refused << " refused, " << damaged << " damaged chunks or manifests, " << unused
                  << " unused bytes");
  CHECK(refused > 0);
  CHECK(damaged > 0);
  CHECK(unused > 0);
}

TEST_CASE("a damaged chunk ends the dump, naming operator, subtask and blob") {
  test::temp_directory temp;
  chunk_ref ref;
  {
    test::open_store store(temp.path());
    ref =
        store->put(store.epoch(0), test::chunk_of(chunk_kind::entries, 1, test::words({{"a", 1}})))
            .value();
    auto made = store.manifest_of(store.epoch(0), {ref});
    made.tasks[0].operators[0].states[0].schema = "map<string,i64>";
    REQUIRE(store->complete(made));
  }
  {
    auto table = lmdb_table::open(temp.path() / "snapshots.mdb", std::size_t{1} << 30).value();
    byte_vector bytes;
    REQUIRE(table->get(detail::blob_key(ref.blob), [&](auto value) -> result<void> {
      bytes.assign(value.begin(), value.end());
      return {};
    }));
    bytes.back() ^= std::byte{1};
    REQUIRE(table->begin());
    REQUIRE(table->put(detail::blob_key(ref.blob), bytes));
    REQUIRE(table->commit());
  }
  const auto why = failed_dump(temp.path(), {});
  CHECK(why.code == error_code::corrupt);
  CHECK(has(why.message, "operator 'count', subtask 0, blob " + std::to_string(ref.blob)));
}
