// SPDX-License-Identifier: Apache-2.0
// A key as a user writes it becomes the bytes of its codec; what does not parse is refused with the place and what was
// expected there.
#include "state_tools/key_text.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "state_tools/value_writer.hpp"
#include "weir/core/codec.hpp"

namespace shop {

struct place {
  std::string town;
  std::uint8_t ward = 0;
};
WEIR_RECORD(place, town, ward)

struct money {};

}  // namespace shop

namespace {

using namespace weir;

template <class T>
schema_node type_of() {
  return parse_schema(codec<T>::schema()).value();
}

template <class T>
void check_key(const std::string& text, const T& value) {
  CAPTURE(text);
  byte_vector wanted;
  byte_writer out(wanted);
  codec<T>::encode(value, out);
  const auto found = encode_key(type_of<T>(), text);
  if (!found) FAIL(found.error().text());
  CHECK(*found == wanted);
}

/// What is printed as JSON can be given back as a key.
template <class T>
void check_round_trip(const T& value) {
  byte_vector bytes;
  byte_writer out(bytes);
  codec<T>::encode(value, out);
  std::string printed;
  REQUIRE(value_writer(value_style::json).write(type_of<T>(), bytes, printed));
  check_key(printed, value);
}

std::string refusal(const std::string& schema, const std::string& text) {
  const auto found = encode_key(parse_schema(schema).value(), text);
  if (found) FAIL("was read: " << text);
  CHECK(found.error().code == error_code::invalid_argument);
  return found.error().message;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("strings are taken as they are, numbers in decimal") {
  check_key("the", std::string("the"));
  check_key("", std::string());
  check_key("\"quoted\" {not json", std::string("\"quoted\" {not json"));
  check_key("x", 'x');
  check_key("-12", std::int64_t{-12});
  check_key("18446744073709551615", std::numeric_limits<std::uint64_t>::max());
  check_key("-128", std::int8_t{-128});
  check_key("true", true);
}

TEST_CASE("other keys are JSON, as a dump prints them") {
  check_key(R"({"town":"Ulm","ward":3})", shop::place{"Ulm", 3});
  check_key(R"({"ward":3,"town":"Ulm"})", shop::place{"Ulm", 3});
  check_round_trip(shop::place{"Ulm", 255});
  check_round_trip(std::vector<shop::place>{{"a", 1}, {"b", 2}});
  check_round_trip(std::tuple<int, std::string>{-1, "x"});
  check_round_trip(std::map<std::string, int>{{"a", 1}});
  check_round_trip(std::set<std::string>{"b", "a"});
  check_round_trip(std::array<int, 3>{1, 2, 3});
  check_round_trip(std::optional<int>{});
  check_round_trip(std::optional<int>{7});
  check_round_trip(std::variant<int, std::string>{"x"});
  check_round_trip(std::vector<std::string>{"\xc3("});
  check_round_trip(std::chrono::milliseconds(15));
  check_round_trip(std::vector<std::byte>{std::byte{1}, std::byte{255}});
  check_round_trip(std::monostate{});
  check_round_trip(std::tuple<>{});
}

TEST_CASE("what does not parse is refused, with the place and what was expected there") {
  CHECK(has(refusal("i64", "the"), "key 'the': expected i64 as JSON"));
  CHECK(has(refusal("i64", "1.5"), "expected an integer from -9223372036854775808"));
  CHECK(has(refusal("u8", "256"), "an integer from 0 to 255"));
  CHECK(has(refusal("i32", "2147483648"), "an integer from -2147483648 to 2147483647"));
  CHECK(has(refusal("i32", "-2147483649"), "an integer from -2147483648"));
  CHECK(has(refusal("u8", "-1"), "an integer from 0 to 255"));
  CHECK(has(refusal("i64", "9223372036854775808"), "an integer"));
  CHECK(has(refusal("bool", "1"), "true or false"));
  CHECK(has(refusal("char", "xy"), "one byte"));
  CHECK(has(refusal("f64", "1"), "floating point"));
  CHECK(has(refusal("record place{town:string,ward:u8}", R"({"town":"Ulm"})"), "a field 'ward'"));
  CHECK(has(refusal("record place{town:string,ward:u8}", R"({"town":"Ulm","ward":"x"})"),
            "at .ward: expected an integer"));
  CHECK(has(refusal("record place{town:string,ward:u8}", R"({"town":"a","ward":1,"x":1})"),
            "no other fields"));
  CHECK(has(refusal("list<record p{a:i64}>", R"([{"a":1},{"a":[]}])"), "at [1].a:"));
  CHECK(has(refusal("tuple<i64,i64>", "[1]"), "an array of 2"));
  CHECK(has(refusal("variant<i64,string>", R"({"index":2,"value":1})"), "{\"index\":i"));
  CHECK(has(refusal("bytes", "\"x\""), "$hex"));
  CHECK(has(refusal("bytes", R"({"$hex":"0"})"), "pairs of digits"));
  CHECK(has(refusal("money_v1", "1"), "a type that weir knows"));
  CHECK(has(refusal("list<i64>", std::string(100'000, '[')), "as JSON"));
  CHECK(has(refusal("string", std::string((1 << 20) + 1, 'x')), "at most 1 MiB"));
}
