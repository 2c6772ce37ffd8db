// SPDX-License-Identifier: Apache-2.0
// Specifies codec<T>, WEIR_RECORD, is_flat and key_hash: exact bytes where they are a format, round
// trips of every built-in type, and what happens on truncated, flipped and random bytes (nothing
// but false).
#include "weir/core/codec.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <random>

namespace outer::inner {

enum class colour : std::uint8_t { red = 1, blue = 2 };

struct word_count {
  std::string word;
  std::int64_t count = 0;
  bool operator==(const word_count&) const = default;
};
WEIR_RECORD(word_count, word, count)

struct point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  bool operator==(const point&) const = default;
};
WEIR_RECORD(point, x, y)

struct swapped {
  std::int32_t x = 0;
  std::int32_t y = 0;
};
WEIR_RECORD(swapped, y, x)

struct padded {
  std::int64_t a = 0;
  std::int16_t b = 0;
};
WEIR_RECORD(padded, a, b)

struct partly {
  std::int64_t stored = 0;
  std::int64_t not_stored = 7;
};
WEIR_RECORD(partly, stored)

struct nothing {
  bool operator==(const nothing&) const = default;
};
WEIR_RECORD(nothing);  // a semicolon may follow

struct derived : word_count {};

struct holder {
  struct nested {
    int a = 0;
  };
};
WEIR_RECORD(holder::nested, a)

struct everything {
  bool flag = false;
  char letter = 'a';
  std::uint8_t small = 0;
  float f = 0;
  double d = 0;
  colour c = colour::red;
  std::string text;
  std::vector<std::byte> bytes;
  std::vector<std::string> words;
  std::vector<point> points;
  std::vector<bool> bits;
  std::array<point, 2> pair_of_points;
  std::array<std::string, 2> two_words;
  std::optional<word_count> maybe;
  std::map<std::string, std::vector<std::int32_t>> lists;
  std::unordered_map<std::uint64_t, std::string> names;
  std::set<std::string> tags;
  std::unordered_set<std::int32_t> numbers;
  std::pair<std::string, std::int32_t> named;
  std::tuple<std::int8_t, std::string, double> triple;
  std::tuple<> empty_tuple;
  std::variant<std::monostate, std::int64_t, word_count> choice;
  std::chrono::milliseconds wait{0};
  weir::epoch_id epoch;
  nothing none;
  bool operator==(const everything&) const = default;
};
WEIR_RECORD(everything, flag, letter, small, f, d, c, text, bytes, words, points, bits,
            pair_of_points, two_words, maybe, lists, names, tags, numbers, named, triple,
            empty_tuple, choice, wait, epoch, none)

struct wide {
  int a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0, a7 = 0, b0 = 0, b1 = 0, b2 = 0,
      b3 = 0, b4 = 0, b5 = 0, b6 = 0, b7 = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0,
      c6 = 0, c7 = 0, d0 = 0, d1 = 0, d2 = 0, d3 = 0, d4 = 0, d5 = 0, d6 = 0, d7 = 0;
};
WEIR_RECORD(wide, a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3,
            c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7)

struct celsius {
  double degrees = 0;
};
struct no_codec {};

}  // namespace outer::inner

template <>
struct weir::codec<outer::inner::celsius> {
  static void encode(const outer::inner::celsius& value, byte_writer& out) {
    out.scalar(static_cast<float>(value.degrees));
  }
  static bool decode(byte_reader& in, outer::inner::celsius& value) {
    value.degrees = static_cast<double>(in.scalar<float>());
    return !in.failed();
  }
  static std::string schema() { return "celsius"; }
};

using namespace outer::inner;

namespace {

template <class T>
weir::byte_vector encoded(const T& value) {
  weir::byte_vector bytes;
  weir::byte_writer out(bytes);
  weir::codec<T>::encode(value, out);
  return bytes;
}

template <class T>
std::optional<T> decoded(std::span<const std::byte> bytes) {
  T value{};
  weir::byte_reader in(bytes);
  if (!weir::codec<T>::decode(in, value) || !in.at_end()) return std::nullopt;
  return value;
}

template <class T>
void check_round_trip(const T& value) {
  const auto bytes = encoded(value);
  CHECK(!bytes.empty());
  const auto back = decoded<T>(bytes);
  REQUIRE(back.has_value());
  CHECK(*back == value);
}

weir::byte_vector bytes_of(std::initializer_list<int> values) {
  weir::byte_vector bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

everything example() {
  everything value;
  value.flag = true;
  value.letter = 'z';
  value.small = 200;
  value.f = 1.5f;
  value.d = -0.25;
  value.c = colour::blue;
  value.text = std::string("a\0b", 3);
  value.bytes = bytes_of({1, 2, 255});
  value.words = {"", "one", std::string(300, 'x')};
  value.points = {{1, 2}, {-3, 4}};
  value.bits = {true, false, true};
  value.pair_of_points = {point{5, 6}, point{7, 8}};
  value.two_words = {"p", "q"};
  value.maybe = word_count{"m", 5};
  value.lists = {{"a", {1, 2}}, {"b", {}}};
  value.names = {{1, "x"}, {1ull << 60, "y"}};
  value.tags = {"t", "u"};
  value.numbers = {3, -3};
  value.named = {"n", 9};
  value.triple = {static_cast<std::int8_t>(-1), "t", 2.5};
  value.choice = word_count{"v", 1};
  value.wait = std::chrono::milliseconds(1500);
  value.epoch = {42};
  return value;
}

std::uint64_t test_seed() {
  const char* given = std::getenv("WEIR_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

}  // namespace

TEST_CASE("a type is encodable when all types inside it are") {
  static_assert(weir::encodable<everything>);
  static_assert(weir::encodable<celsius>);
  static_assert(weir::encodable<std::vector<celsius>>);
  static_assert(weir::encodable<wide>);
  static_assert(weir::encodable<holder::nested>);
  static_assert(!weir::encodable<no_codec>);
  static_assert(!weir::encodable<std::map<std::string, std::vector<no_codec>>>);
  static_assert(!weir::encodable<std::string_view>, "it would dangle");
  static_assert(!weir::encodable<int*>);
  static_assert(!weir::encodable<long double>);
  static_assert(!weir::encodable<derived>, "a derived type is not cut down to its base");
}

TEST_CASE("numbers are little-endian and strings have a varint length before them") {
  CHECK(encoded(std::int32_t{-2}) == bytes_of({0xfe, 0xff, 0xff, 0xff}));
  CHECK(encoded(std::uint64_t{0x0102}) == bytes_of({2, 1, 0, 0, 0, 0, 0, 0}));
  CHECK(encoded(true) == bytes_of({1}));
  CHECK(encoded(colour::blue) == bytes_of({2}));
  CHECK(encoded(std::string("hi")) == bytes_of({2, 'h', 'i'}));
  CHECK(encoded(std::string(200, 'x')).size() == 202);
}

TEST_CASE("a record is its fields in the declared order, and nothing else") {
  CHECK(encoded(word_count{"a", 1}) == bytes_of({1, 'a', 1, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(encoded(point{1, 2}) == bytes_of({1, 0, 0, 0, 2, 0, 0, 0}));
  CHECK(encoded(swapped{1, 2}) == bytes_of({2, 0, 0, 0, 1, 0, 0, 0}));
  CHECK(encoded(padded{1, 2}) == bytes_of({1, 0, 0, 0, 0, 0, 0, 0, 2, 0}));
  CHECK(encoded(partly{1, 2}).size() == 8);
  CHECK(encoded(nothing{}) == bytes_of({0}));
}

TEST_CASE("containers are a length and the elements") {
  CHECK(encoded(std::vector<std::uint16_t>{1, 2}) == bytes_of({2, 1, 0, 2, 0}));
  CHECK(encoded(std::optional<std::uint8_t>{}) == bytes_of({0}));
  CHECK(encoded(std::optional<std::uint8_t>{9}) == bytes_of({1, 9}));
  CHECK(encoded(std::map<std::uint8_t, bool>{{5, true}}) == bytes_of({1, 5, 1}));
  CHECK(encoded(std::pair<std::uint8_t, std::uint8_t>{1, 2}) == bytes_of({1, 2}));
  CHECK(encoded(std::variant<std::monostate, std::uint8_t>{std::uint8_t{7}}) == bytes_of({1, 7}));
}

TEST_CASE("every built-in type reads back what it wrote") {
  check_round_trip(example());
  check_round_trip(everything{});
  check_round_trip(std::numeric_limits<std::int64_t>::min());
  check_round_trip(std::numeric_limits<double>::infinity());
  check_round_trip(std::vector<std::vector<std::vector<std::string>>>{{{"a"}, {}}, {}});
  check_round_trip(std::vector<nothing>(1000));
  check_round_trip(std::vector<std::monostate>(1000));
  check_round_trip(std::chrono::duration<double, std::ratio<60>>(1.5));
  CHECK(decoded<celsius>(encoded(celsius{36.5}))->degrees == 36.5);
  CHECK(decoded<partly>(encoded(partly{1, 2}))->not_stored == 7);
}

TEST_CASE("the schema describes the bytes as text") {
  CHECK(weir::codec<word_count>::schema() == "record word_count{word:string,count:i64}");
  CHECK(weir::codec<holder::nested>::schema() == "record holder::nested{a:i32}");
  CHECK(weir::codec<nothing>::schema() == "record nothing{}");
  CHECK(weir::codec<std::map<std::string, std::vector<char>>>::schema() ==
        "map<string,list<char>>");
  CHECK(weir::codec<std::unordered_map<int, bool>>::schema() == "map<i32,bool>");
  CHECK(weir::codec<std::vector<std::byte>>::schema() == "bytes");
  CHECK(weir::codec<std::array<float, 3>>::schema() == "array<f32,3>");
  CHECK(weir::codec<std::tuple<>>::schema() == "tuple<>");
  CHECK(weir::codec<std::tuple<long, long long, std::uint16_t>>::schema() == "tuple<i64,i64,u16>");
  CHECK(weir::codec<std::variant<std::monostate, double>>::schema() == "variant<unit,f64>");
  CHECK(weir::codec<std::optional<celsius>>::schema() == "optional<celsius>");
  CHECK(weir::codec<std::chrono::seconds>::schema() == "duration<i64,1/1>");
  CHECK(weir::codec<weir::task_id>::schema() == "u32");
  CHECK(weir::codec<colour>::schema() == "u8");
}

TEST_CASE("flat is exactly what has the same bytes in memory, for any value of the bytes") {
  static_assert(weir::is_flat<std::int64_t> && weir::is_flat<double> && weir::is_flat<colour>);
  static_assert(weir::is_flat<point> && weir::is_flat<std::array<point, 4>> && weir::is_flat<wide>);
  static_assert(weir::is_flat<weir::epoch_id> && weir::is_flat<std::chrono::nanoseconds>);
  static_assert(!weir::is_flat<bool>, "a byte 2 is no bool");
  static_assert(!weir::is_flat<padded> && !weir::is_flat<swapped> && !weir::is_flat<partly>);
  static_assert(!weir::is_flat<nothing> && !weir::is_flat<word_count> && !weir::is_flat<celsius>);
  static_assert(!weir::is_flat<std::string> && !weir::is_flat<std::vector<int>>);
  static_assert(!weir::is_flat<no_codec>);

  const point value{3, -4};
  const auto bytes = encoded(value);
  REQUIRE(bytes.size() == sizeof value);
  CHECK(std::memcmp(bytes.data(), &value, sizeof value) == 0);
}

TEST_CASE("every truncation is malformed") {
  const auto bytes = encoded(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(!decoded<everything>(std::span(bytes).first(size)).has_value());
  }
}

TEST_CASE("a length beyond the bytes is malformed and takes no memory") {
  // 2^63 - 1 elements
  const auto huge = bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0});

  CHECK(!decoded<std::string>(huge));
  CHECK(!decoded<std::vector<std::byte>>(huge));
  CHECK(!decoded<std::vector<std::array<std::uint64_t, 16>>>(huge));
  CHECK(!decoded<std::vector<std::string>>(huge));
  CHECK(!decoded<std::vector<nothing>>(huge));
  CHECK(!decoded<std::set<std::uint64_t>>(huge));
  CHECK(!decoded<std::map<std::string, int>>(huge));
}

TEST_CASE("bytes that no encoder writes are malformed") {
  CHECK(!decoded<bool>(bytes_of({2})));
  CHECK(!decoded<std::optional<std::uint8_t>>(bytes_of({2, 1})));
  CHECK(!decoded<std::variant<bool, char>>(bytes_of({2, 1})));
  CHECK(!decoded<std::monostate>(bytes_of({1})));
  CHECK(!decoded<nothing>(bytes_of({1})));
  CHECK(!decoded<std::set<std::uint8_t>>(bytes_of({2, 5, 5})));
  CHECK(!decoded<std::unordered_map<std::uint8_t, bool>>(bytes_of({2, 5, 0, 5, 0})));
}

TEST_CASE("random bytes never crash a decoder") {
  const std::uint64_t seed = test_seed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto good = encoded(example());
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    for (std::size_t flips = random() % 4 + 1; flips != 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    if (const auto value = decoded<everything>(bytes)) CHECK(decoded<everything>(encoded(*value)));
  }
}

TEST_CASE("the hash of a number is that of its bits, zero-extended") {
  CHECK(weir::key_hash(std::int32_t{-1}) == weir::hash_scalar(0xffff'ffffu));
  CHECK(weir::key_hash(std::int64_t{-1}) == weir::hash_scalar(~0ull));
  CHECK(weir::key_hash(std::uint8_t{200}) == weir::hash_scalar(200));
  CHECK(weir::key_hash(true) == weir::hash_scalar(1));
  CHECK(weir::key_hash(colour::blue) == weir::hash_scalar(2));
}

TEST_CASE("the hash of a string is that of its characters, of other keys that of their bytes") {
  CHECK(weir::key_hash(std::string("word")) == weir::hash_bytes("word"));
  CHECK(weir::key_hash(std::string_view("word")) == weir::key_hash(std::string("word")));
  CHECK(weir::key_hash(std::string()) == weir::hash_bytes(""));
  const auto hash_of_codec = [](const auto& key) {
    const auto bytes = encoded(key);
    return weir::hash_bytes(bytes.data(), bytes.size());
  };
  CHECK(weir::key_hash(word_count{"a", 1}) == hash_of_codec(word_count{"a", 1}));
  CHECK(weir::key_hash(point{1, 2}) == hash_of_codec(point{1, 2}));
  CHECK(weir::key_hash(weir::epoch_id{3}) == hash_of_codec(weir::epoch_id{3}));
  const std::pair<std::string, std::int64_t> pair{"a", 5};
  CHECK(weir::key_hash(pair) == hash_of_codec(pair));
}

TEST_CASE("key hashes are part of the format: these values never change in version 1") {
  static_assert(weir::key_hash_version == 1);
  CHECK(weir::key_hash(std::uint64_t{0}) == 0x4155da4c9a5cac7cULL);
  CHECK(weir::key_hash(std::int64_t{1'000'000}) == 0x2a73d23171890711ULL);
  CHECK(weir::key_hash(std::string("abc")) == 0x78af5f94892f3950ULL);
  CHECK(weir::key_hash(point{1, 2}) == 0x389e2c8892d5450ULL);
}

TEST_CASE("what may be unequal in bytes and equal in value is no key") {
  static_assert(weir::detail::is_canonical<std::tuple<std::string, std::map<int, colour>>>());
  static_assert(!weir::detail::is_canonical<std::vector<double>>());
  static_assert(!weir::detail::is_canonical<std::pair<int, std::unordered_set<int>>>());
  static_assert(!weir::detail::is_canonical<std::chrono::duration<float>>());
}
