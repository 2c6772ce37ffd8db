// SPDX-License-Identifier: Apache-2.0
// Values as text and JSON from their schema alone: by example for each kind of type, against a JSON parser, and with random
// bytes for random schemas (seed printed), which must never crash it.
#include "state_tools/value_writer.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "tests/support/seed.hpp"
#include "weir/core/codec.hpp"

namespace shop {

struct item {
  std::string name;
  std::int32_t count = 0;
};
WEIR_RECORD(item, name, count)

struct order {
  std::uint64_t id = 0;
  std::vector<item> items;
  std::optional<double> discount;
};
WEIR_RECORD(order, id, items, discount)

struct nothing {};
WEIR_RECORD(nothing)

struct money {
  int cents = 0;
};

}  // namespace shop

template <>
struct weir::codec<shop::money> {
  static void encode(const shop::money& value, byte_writer& out) { out.scalar(value.cents); }
  static bool decode(byte_reader& in, shop::money& value) {
    value.cents = in.scalar<int>();
    return !in.failed();
  }
  static std::string schema() { return "money_v1"; }
};

namespace {

using namespace weir;

template <class T>
schema_node type_of() {
  return parse_schema(codec<T>::schema()).value();
}

template <class T>
byte_vector bytes_of(const T& value) {
  byte_vector bytes;
  byte_writer out(bytes);
  codec<T>::encode(value, out);
  return bytes;
}

template <class T>
std::string written(value_style style, const T& value, std::size_t bytes_max = 10'000) {
  std::string out;
  REQUIRE(value_writer(style, bytes_max).write(type_of<T>(), bytes_of(value), out));
  if (style == value_style::json) CHECK(nlohmann::json::accept(out));
  return out;
}
template <class T>
std::string text(const T& value) {
  return written(value_style::text, value);
}
template <class T>
std::string json(const T& value) {
  return written(value_style::json, value);
}

}  // namespace

TEST_CASE("numbers are exact, in both styles") {
  CHECK(text(std::int64_t{-5}) == "-5");
  CHECK(json(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(json(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(text(std::int8_t{-1}) == "-1");
  CHECK(text(std::uint8_t{200}) == "200");
  CHECK(text(std::uint16_t{60000}) == "60000");
  CHECK(json(0.1) == "0.1");
  CHECK(json(1.5f) == "1.5");
  CHECK(json(std::numeric_limits<double>::infinity()) == "\"inf\"");
  CHECK(text(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(json(std::numeric_limits<double>::quiet_NaN()) == "\"nan\"");
  CHECK(json(true) == "true");
  CHECK(text('x') == "\"x\"");
}

TEST_CASE("strings keep every byte: by escapes as text, as hex in JSON when they are no UTF-8") {
  CHECK(text(std::string("a\tb\n\"c\\")) == R"("a\tb\n\"c\\")");
  CHECK(json(std::string("a\tb\n\"c\\\x01")) == "\"a\\tb\\n\\\"c\\\\\\u0001\"");
  CHECK(json(std::string("Grüße, 世界 🌊")) == "\"Grüße, 世界 🌊\"");
  CHECK(text(std::string("\xc3")) == R"("\xc3")");
  CHECK(json(std::string("\xc3(")) == R"({"$hex":"c328"})");
  for (const char* no_utf8 : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                              "\xf4\x90\x80\x80", "\xff"}) {
    CHECK(json(std::string(no_utf8)).starts_with("{\"$hex\""));
  }
  CHECK(json(std::vector<std::byte>{std::byte{0x0a}, std::byte{0x1b}}) == R"({"$hex":"0a1b"})");
}

TEST_CASE("records have the names of their fields, and nest") {
  const shop::order order{7, {{"nail", 100}, {"screw", -1}}, 0.5};
  CHECK(text(order) ==
        R"({id:7,items:[{name:"nail",count:100},{name:"screw",count:-1}],discount:0.5})");
  CHECK(
      json(order) ==
      R"({"id":7,"items":[{"name":"nail","count":100},{"name":"screw","count":-1}],"discount":0.5})");
  CHECK(json(shop::order{}) == R"({"id":0,"items":[],"discount":null})");
  CHECK(json(shop::nothing{}) == "{}");
}

TEST_CASE("containers, optional, variant, tuple and durations") {
  using either = std::variant<int, std::string>;
  CHECK(json(std::map<std::string, int>{{"a", 1}, {"b", 2}}) ==
        R"([{"key":"a","value":1},{"key":"b","value":2}])");
  CHECK(text(std::map<std::string, int>{{"a", 1}}) == R"({"a":1})");
  CHECK(json(std::set<int>{3, 1}) == "[1,3]");
  CHECK(json(std::array<int, 3>{1, 2, 3}) == "[1,2,3]");
  CHECK(text(std::tuple<int, std::string>{1, "x"}) == R"((1,"x"))");
  CHECK(text(std::tuple<>{}) == "()");
  CHECK(json(either("x")) == R"({"index":1,"value":"x"})");
  CHECK(text(either(5)) == "#0 5");
  CHECK(text(std::optional<int>{}) == "none");
  CHECK(text(std::chrono::milliseconds(15)) == "15 ms");
  CHECK(text(std::chrono::nanoseconds(1)) == "1 ns");
  CHECK(text(std::chrono::microseconds(1)) == "1 us");
  CHECK(text(std::chrono::seconds(1)) == "1 s");
  CHECK(text(std::chrono::minutes(1)) == "1 min");
  CHECK(text(std::chrono::hours(1)) == "1 h");
  CHECK(text(std::chrono::duration<int, std::ratio<86400>>(1)) == "1 x 86400/1 s");
  CHECK(json(std::chrono::hours(2)) == "2");
  CHECK(json(std::monostate{}) == "null");
}

TEST_CASE("what is too long is cut, and says how long it is") {
  const std::string long_text(5'000, 'a');
  CHECK(written(value_style::json, long_text, 100) == R"({"$cut_bytes":5002})");
  const std::string cut = written(value_style::text, long_text, 100);
  CHECK(cut.size() < 150);
  CHECK(cut.ends_with("... (cut, 5002 bytes)"));
  const std::vector<std::string> many(10'000, "x");
  CHECK(written(value_style::text, many, 100).size() < 150);
  CHECK(written(value_style::json, many, 100) == R"({"$cut_bytes":20002})");
}

TEST_CASE("bytes of unknown form, and names: bounded, and never broken JSON") {
  const byte_vector bytes(10, std::byte{0xab});
  const auto hex = [&](value_style style, std::size_t bytes_max) {
    std::string out;
    value_writer(style, bytes_max).write_hex(bytes, out);
    return out;
  };
  CHECK(hex(value_style::text, 10) == "xabababababababababab");
  CHECK(hex(value_style::text, 2) == "xabab... (cut, 10 bytes)");
  CHECK(hex(value_style::json, 2) == R"({"$hex":"abab","$cut_bytes":10})");
  std::string name;
  value_writer(value_style::json).write_string("\xff", name);
  CHECK(name == R"({"$hex":"ff"})");
}

TEST_CASE("a type of the application's own is not known, nor is one that holds it") {
  CHECK_FALSE(value_writer::knows(type_of<shop::money>()));
  CHECK_FALSE(value_writer::knows(type_of<std::vector<shop::money>>()));
  CHECK(value_writer::knows(type_of<shop::order>()));
}

TEST_CASE("bytes that are no such value are refused: too few, too many, impossible ones") {
  const value_writer values(value_style::json);
  std::string out;
  auto bytes = bytes_of(shop::order{7, {{"nail", 100}}, 0.5});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(values.write(type_of<shop::order>(), std::span(bytes).first(size), out));
  }
  bytes.push_back({});
  CHECK_FALSE(values.write(type_of<shop::order>(), bytes, out));
  CHECK_FALSE(values.write(type_of<bool>(), bytes_of(std::uint8_t{2}), out));
  CHECK_FALSE(values.write(type_of<std::optional<int>>(), bytes_of(std::uint8_t{2}), out));
  CHECK_FALSE(values.write(type_of<std::variant<int>>(), bytes_of(std::uint8_t{1}), out));
}

TEST_CASE("no bytes crash it, whatever the schema") {
  const std::uint64_t seed = test::print_seed();
  std::mt19937_64 random(seed);
  const std::vector<schema_node> types = {
      type_of<shop::order>(),
      type_of<std::map<std::string, std::vector<shop::item>>>(),
      type_of<std::variant<std::monostate, std::set<int>, std::array<double, 4>>>(),
      parse_schema("array<u8,99999999999999999999>").value(),
      parse_schema("list<list<list<list<unit>>>>").value(),
      parse_schema("array<array<unit,1000000>,1000000>").value()};
  int well_formed = 0;
  for (int i = 0; i < 20'000; ++i) {
    byte_vector bytes(random() % 40);
    for (std::byte& one : bytes) one = static_cast<std::byte>(random() % (i % 2 == 0 ? 4 : 256));
    for (const auto style : {value_style::text, value_style::json}) {
      std::string out;
      const bool ok = value_writer(style, 200).write(types[i % types.size()], bytes, out);
      well_formed += ok ? 1 : 0;
      CHECK(out.size() < 1000);
      if (ok && style == value_style::json) CHECK(nlohmann::json::accept(out));
    }
  }
  CHECK(well_formed > 0);
}
