// SPDX-License-Identifier: Apache-2.0
// Specifies schema texts, compare() and evolved_decoder: an older and a newer version of the same
// type stand side by side in two namespaces; bytes of the one are read as the other. Malformed
// schemas and bytes give errors, never a crash.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>

#include "weir/core/schema_evolution.hpp"

namespace before {

struct address {
  std::string street;
  std::int32_t zip = 0;
};
WEIR_RECORD(address, street, zip)

struct user {
  std::string name;
  std::int64_t visits = 0;
  std::vector<address> homes;
  std::map<std::string, address> named;
  std::optional<address> work;
  std::array<address, 2> two;
  std::tuple<int, address> tuple;
  std::variant<std::monostate, address> variant;
};
WEIR_RECORD(user, name, visits, homes, named, work, two, tuple, variant)

struct nothing {};
WEIR_RECORD(nothing)

}  // namespace before

namespace after {

struct address {
  std::string country = "nowhere";
  std::int32_t zip = 0;
  std::string street;
};
WEIR_RECORD(address, country, zip, street)

struct user {
  std::int64_t visits = 0;
  bool active = true;
  std::string name;
  std::vector<address> homes;
  std::map<std::string, address> named;
  std::optional<address> work;
  std::array<address, 2> two;
  std::tuple<int, address> tuple;
  std::variant<std::monostate, address> variant;
};
WEIR_RECORD(user, visits, active, name, homes, named, work, two, tuple, variant)

struct nothing {
  int now_something = 5;
};
WEIR_RECORD(nothing, now_something)

/// Keeps only the last field, so that all others of before::user must be skipped.
struct last_only {
  std::variant<std::monostate, before::address> variant;
};
WEIR_RECORD(last_only, variant)

}  // namespace after

using weir::compare;
using weir::removed_fields;
using weir::schema_change;

namespace {

template <class T>
weir::byte_vector encoded(const T& value) {
  weir::byte_vector bytes;
  weir::byte_writer out(bytes);
  weir::codec<T>::encode(value, out);
  return bytes;
}

before::user example() {
  const before::address home{"High Street", 12345};
  return {"ann", 7, {home, {"", -1}}, {{"x", home}}, home, {home, home}, {3, home}, home};
}

bool is_home(const after::address& found) {
  return found.country == "nowhere" && found.zip == 12345 && found.street == "High Street";
}

}  // namespace

TEST_CASE("a schema text and its tree are the same thing") {
  for (const std::string& text :
       {weir::codec<before::user>::schema(), std::string("i64"), std::string("tuple<>"),
        std::string("record ns::x{}"), std::string("array<duration<i64,1/1000>,3>"),
        std::string("my own schema v2"), std::string("map<string,record x{a:list<i64>,b:bool}>")}) {
    CAPTURE(std::string(text));
    const auto tree = weir::parse_schema(text);
    REQUIRE(tree.has_value());
    CHECK(weir::to_text(*tree) == text);
  }
}

TEST_CASE("a malformed schema is an error that shows where") {
  for (const char* text : {"",
                           "<",
                           "list<",
                           "list<i64",
                           "list<i64>>",
                           "list<i64,>",
                           "list<>",
                           "list<,i64>",
                           "i64}",
                           "record x{",
                           "record x{a}",
                           "record x{a:}",
                           "record x{a:i64,}",
                           "record x{a:i64",
                           "record x{:i64}",
                           "record x{a:i64,a:i64}",
                           "record",
                           "record{}",
                           "record<a:i64>",
                           "record {}",
                           "map<string;i64",
                           "list<i64>x"}) {
    CAPTURE(std::string(text));
    const auto tree = weir::parse_schema(text);
    REQUIRE(!tree.has_value());
    CHECK(tree.error().code == weir::error_code::corrupt);
  }
  CHECK(weir::parse_schema("list<i64").error().message ==
        "schema: expected > at offset 8 of 'list<i64'");
}

TEST_CASE("a schema is bounded in depth, width and length") {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "list<";
    text += "i64";
    return text.append(static_cast<std::size_t>(depth), '>');
  };
  CHECK(weir::parse_schema(nested(64)).has_value());
  CHECK(!weir::parse_schema(nested(65)).has_value());
  CHECK(!weir::parse_schema(nested(100'000)).has_value());
  CHECK(!weir::parse_schema(std::string(weir::schema_bytes_max + 1, 'x')).has_value());
  std::string wide = "record x{";
  for (int i = 0; i <= 256; ++i) wide += (i == 0 ? "f" : ",f") + std::to_string(i) + ":i64";
  CHECK(!weir::parse_schema(wide + "}").has_value());
}

TEST_CASE("damaged schema texts never crash, nor do decoders that were given them") {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::string good = weir::codec<before::user>::schema();
  const std::string letters = good + "<>{},:";
  const auto bytes = encoded(example());
  std::size_t readable = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string text = good;
    for (std::size_t i = random() % 3 + 1; i != 0; --i) {
      text[random() % text.size()] = letters[random() % letters.size()];
    }
    const weir::evolved_decoder<after::last_only> decoder(text, removed_fields::dropped);
    after::last_only value;
    weir::byte_reader in(bytes);
    readable += decoder.decode(in, value) ? 1 : 0;
  }
  CHECK(readable < 5'000);
}

TEST_CASE("the same bytes are the same, also when the record's name changed") {
  CHECK(compare("i64", "i64").change == schema_change::same);
  CHECK(compare("record a{x:i64}", "record b{x:i64}").change == schema_change::same);
  CHECK(compare("own<broken", "own<broken").change == schema_change::same);
}

TEST_CASE("added and reordered fields are evolvable, at any depth") {
  const auto added = compare("record a{x:i64}", "record a{y:string,x:i64}");
  CHECK(added.change == schema_change::evolvable);
  CHECK(added.message == "field 'y' added");
  CHECK(compare("record a{x:i64,y:i64}", "record a{y:i64,x:i64}").change ==
        schema_change::evolvable);
  const auto deep = compare("map<string,list<record a{x:record b{}}>>",
                            "map<string,list<record a{x:record b{y:i64}}>>");
  CHECK(deep.change == schema_change::evolvable);
  CHECK(deep.message == "field '[value][].x.y' added");
}

TEST_CASE("any other difference is incompatible, and the message names the field") {
  const auto message = [](const char* written, const char* current) {
    const auto outcome = compare(written, current);
    CHECK(outcome.change == schema_change::incompatible);
    return outcome.message;
  };
  CHECK(message("record a{count:i64}", "record a{count:string}") ==
        "field 'count' was i64, is now string");
  CHECK(message("i64", "list<i64>") == "the type was i64, is now list<i64>");
  CHECK(message("map<string,i64>", "map<i64,i32>") ==
        "field '[key]' was string, is now i64; field '[value]' was i64, is now i32");
  CHECK(message("tuple<i64,i64>", "tuple<i64>") ==
        "the type was tuple<i64,i64>, is now tuple<i64>");
  CHECK(message("array<i64,2>", "array<i64,3>") ==
        "the type was array<i64,2>, is now array<i64,3>");
  CHECK(message("duration<i64,1/1>", "duration<i64,1/1000>") ==
        "the type was duration<i64,1/1>, is now duration<i64,1/1000>");
  CHECK(message("variant<i64>", "variant<i64,string>") ==
        "the type was variant<i64>, is now variant<i64,string>");
  CHECK(message("record a{x:i64", "i64").starts_with("written schema: expected }"));
}

TEST_CASE("a removed field is refused, unless the caller drops it by name of the option") {
  const auto refused = compare("record a{x:i64,old:string}", "record a{x:i64,renamed:string}");
  CHECK(refused.change == schema_change::incompatible);
  CHECK(refused.message == "field 'old' was string, is gone");

  const auto dropped = compare("record a{x:i64,old:string}", "record a{x:i64,renamed:string}",
                               removed_fields::dropped);
  CHECK(dropped.change == schema_change::evolvable);
  CHECK(dropped.message == "field 'old' dropped; field 'renamed' added");

  const auto opaque =
      compare("record a{x:i64,old:mine}", "record a{x:i64}", removed_fields::dropped);
  CHECK(opaque.change == schema_change::incompatible);
  CHECK(opaque.message == "field 'old' is gone, and bytes of mine cannot be skipped");
}

TEST_CASE("old bytes are read into the new type, new fields keep their defaults") {
  const weir::evolved_decoder<after::user> decoder(weir::codec<before::user>::schema());
  CHECK(decoder.outcome().change == schema_change::evolvable);
  const auto bytes = encoded(example());

  after::user value;
  weir::byte_reader in(bytes);
  REQUIRE(decoder.decode(in, value));

  CHECK(in.at_end());
  CHECK(value.visits == 7);
  CHECK(value.active);
  CHECK(value.name == "ann");
  REQUIRE(value.homes.size() == 2);
  CHECK(is_home(value.homes[0]));
  CHECK(value.homes[1].zip == -1);
  CHECK(is_home(value.named.at("x")));
  REQUIRE(value.work.has_value());
  CHECK(is_home(*value.work));
  CHECK(is_home(value.two[1]));
  CHECK(is_home(std::get<1>(value.tuple)));
  REQUIRE(value.variant.index() == 1);
  CHECK(is_home(std::get<1>(value.variant)));
}

TEST_CASE("the decoder of an unchanged type reads what the codec reads") {
  const weir::evolved_decoder<before::user> decoder(weir::codec<before::user>::schema());
  CHECK(decoder.outcome().change == schema_change::same);
  const auto bytes = encoded(example());

  before::user value;
  weir::byte_reader in(bytes);

  CHECK(decoder.decode(in, value));
  CHECK(in.at_end());
  CHECK(encoded(value) == bytes);
}

TEST_CASE("a record without fields may gain its first one") {
  const weir::evolved_decoder<std::vector<after::nothing>> decoder(
      weir::codec<std::vector<before::nothing>>::schema());
  const auto bytes = encoded(std::vector<before::nothing>(3));

  std::vector<after::nothing> values;
  weir::byte_reader in(bytes);
  REQUIRE(decoder.decode(in, values));

  CHECK(in.at_end());
  REQUIRE(values.size() == 3);
  CHECK(values[2].now_something == 5);
}

TEST_CASE("dropped fields of every kind are skipped") {
  const weir::evolved_decoder<after::last_only> decoder(weir::codec<before::user>::schema(),
                                                        removed_fields::dropped);
  REQUIRE(decoder.outcome().change == schema_change::evolvable);
  const auto bytes = encoded(example());

  after::last_only value;
  weir::byte_reader in(bytes);
  REQUIRE(decoder.decode(in, value));

  CHECK(in.at_end());
  CHECK(std::get<1>(value.variant).zip == 12345);
}

TEST_CASE("truncated bytes of an older schema are malformed") {
  const std::string schema = weir::codec<before::user>::schema();
  const weir::evolved_decoder<after::user> evolving(schema);
  const weir::evolved_decoder<after::last_only> skipping(schema, removed_fields::dropped);
  const auto bytes = encoded(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    weir::byte_reader first{std::span(bytes).first(size)};
    weir::byte_reader second{std::span(bytes).first(size)};
    after::user user;
    after::last_only last;
    CHECK(!evolving.decode(first, user));
    CHECK(!skipping.decode(second, last));
  }
}

TEST_CASE("an array of no bytes in a foreign schema does not spin") {
  const weir::evolved_decoder<after::nothing> decoder(
      "record x{a:array<array<u8,0>,99999999999999999>}", removed_fields::dropped);
  const weir::byte_vector bytes(8);
  after::nothing value;
  weir::byte_reader in(bytes);
  CHECK(!decoder.decode(in, value));
}

TEST_CASE("an incompatible decoder decodes nothing") {
  const weir::evolved_decoder<std::int64_t> decoder("string");
  const weir::byte_vector bytes(8);
  std::int64_t value = 0;
  weir::byte_reader in(bytes);
  CHECK(decoder.outcome().change == schema_change::incompatible);
  CHECK(!decoder.decode(in, value));
}
