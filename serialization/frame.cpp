// SPDX-License-Identifier: Apache-2.0
#include "serialization/frame.hpp"

#include <cstring>
#include <string>

#include "weir/core/hash.hpp"

namespace weir {
namespace {

constexpr char magic[4] = {'W', 'E', 'I', 'R'};
constexpr std::size_t covered_header_bytes = 16;  // all before the checksum itself

// The header's own hash is the seed, so that one number covers header and bytes without copying
// them together.
std::uint64_t checksum_of(const std::byte* header, std::span<const std::byte> bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), hash_bytes(header, covered_header_bytes));
}

error damaged(std::string what) {
  return {error_code::corrupt, "frame: " + std::move(what)};
}

}  // namespace

byte_vector seal(std::span<const std::byte> bytes) {
  byte_vector frame;
  frame.reserve(frame_header_bytes + bytes.size());
  byte_writer out(frame);
  out.raw(magic, sizeof magic);
  out.scalar(frame_version);
  out.scalar(std::uint16_t{0});
  out.scalar(std::uint64_t{bytes.size()});
  out.scalar(checksum_of(frame.data(), bytes));
  out.raw(bytes.data(), bytes.size());
  return frame;
}

result<std::span<const std::byte>> open_frame(std::span<const std::byte> frame) {
  if (frame.size() < frame_header_bytes) {
    return damaged("has " + std::to_string(frame.size()) + " bytes, its header alone takes " +
                   std::to_string(frame_header_bytes));
  }
  if (std::memcmp(frame.data(), magic, sizeof magic) != 0) {
    return damaged("does not begin with \"WEIR\"");
  }
  byte_reader in(frame.subspan(sizeof magic));
  const auto version = in.scalar<std::uint16_t>();
  if (version > frame_version) {
    return error{error_code::incompatible, "frame has version " + std::to_string(version) +
                                               ", this program reads up to version " +
                                               std::to_string(frame_version)};
  }
  const auto zero = in.scalar<std::uint16_t>();
  if (version == 0 || zero != 0) return damaged("has an impossible header");
  const auto length = in.scalar<std::uint64_t>();
  const auto checksum = in.scalar<std::uint64_t>();
  const std::span<const std::byte> bytes = frame.subspan(frame_header_bytes);
  if (length != bytes.size()) {
    return damaged("says " + std::to_string(length) + " bytes, there are " +
                   std::to_string(bytes.size()));
  }
  if (checksum != checksum_of(frame.data(), bytes)) return damaged("checksum does not match");
  return bytes;
}

}  // namespace weir
