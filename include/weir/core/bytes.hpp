// SPDX-License-Identifier: Apache-2.0
// byte_writer appends to, and byte_reader takes from, a run of bytes in weir's flat encoding: fixed-size little-endian
// scalars, and LEB128 varints for lengths. Codecs are written in terms of these two.
//
// Owner:      whoever made them; not thread safe.
// Invariants: a reader never reads outside its bytes: after a short or malformed read it is failed() for good, and every
//             later read gives zeros. Nobody needs to check after each field, only once at the end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir {

static_assert(std::endian::native == std::endian::little, "weir's flat encoding is little-endian");

using byte_vector = std::vector<std::byte>;

class byte_writer {
 public:
  explicit byte_writer(byte_vector& out) : out_(out) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void scalar(T value) { raw(&value, sizeof value); }
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<std::byte>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::byte>(value));
  }
  void text(std::string_view value) {
    varint(value.size());
    raw(value.data(), value.size());
  }
  void raw(const void* data, std::size_t size) {
    const std::size_t at = out_.size();
    out_.resize(at + size);
    if (size != 0) std::memcpy(out_.data() + at, data, size);
  }
  std::size_t size() const { return out_.size(); }

 private:
  byte_vector& out_;
};

class byte_reader {
 public:
  byte_reader() = default;
  explicit byte_reader(std::span<const std::byte> bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T> T scalar() {
    T value{};
    if (remaining() < sizeof value) [[unlikely]] {
      fail();
      return value;
    }
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<std::uint64_t>(*at_++);
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail();
    return 0;
  }
  /// A view into the bytes; empty when failed.
  std::string_view text() {
    const auto bytes = take(varint());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::span<const std::byte> take(std::uint64_t size) {
    if (remaining() < size) [[unlikely]] {
      fail();
      return {};
    }
    const std::byte* begin = at_;
    at_ += size;
    return {begin, static_cast<std::size_t>(size)};
  }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  bool at_end() const { return at_ == end_; }
  bool failed() const { return failed_; }
  void fail() {
    failed_ = true;
    at_ = end_;
  }

 private:
  const std::byte* at_ = nullptr;
  const std::byte* end_ = nullptr;
  bool failed_ = false;
};

}  // namespace weir
