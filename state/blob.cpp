// SPDX-License-Identifier: Apache-2.0
#include "state/blob.hpp"

#include <cstring>
#include <string>

#include "weir/core/check.hpp"
#include "weir/core/hash.hpp"

namespace weir {
namespace {

constexpr std::size_t covered_header_bytes = 24;  // all before the checksum itself

struct blob_header {
  std::uint8_t letter = 'B';
  std::uint8_t version = blob_version;
  std::uint8_t kind = 0;
  std::uint8_t zero = 0;
  std::uint32_t entries = 0;
  std::uint64_t epoch = 0;
  std::uint16_t first_group = 0;
  std::uint16_t last_group = 0;
  std::uint32_t length = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(blob_header) == blob_header_bytes);

std::uint64_t checksum_of(const blob_header& header, std::span<const std::byte> bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(),
                              hash_bytes(&header, covered_header_bytes));
}

error damaged(const chunk_ref& expected, const std::string& what) {
  return {error_code::corrupt, "blob " + std::to_string(expected.blob) + " " + what};
}

/// "entries is 7, expected 8" for a field that differs.
template <class T>
std::string difference(const char* field, T found, T wanted) {
  return std::string("has ") + field + " " + std::to_string(found) + ", expected " +
         std::to_string(wanted);
}

blob_header header_of(epoch_id epoch, const chunk& content) {
  blob_header header;
  header.kind = static_cast<std::uint8_t>(content.kind);
  header.entries = content.entries;
  header.epoch = epoch.value;
  header.first_group = static_cast<std::uint16_t>(content.groups.first);
  header.last_group = static_cast<std::uint16_t>(content.groups.last);
  header.length = static_cast<std::uint32_t>(content.bytes.size());
  header.checksum = checksum_of(header, content.bytes);
  return header;
}

}  // namespace

std::uint64_t blob_checksum(epoch_id epoch, const chunk& content) {
  return header_of(epoch, content).checksum;
}

std::uint64_t write_blob(std::span<std::byte> to, epoch_id epoch, const chunk& content) {
  WEIR_CHECK(to.size() == blob_header_bytes + content.bytes.size(), to.size(),
             content.bytes.size());
  const blob_header header = header_of(epoch, content);
  std::memcpy(to.data(), &header, sizeof header);
  if (!content.bytes.empty()) {
    std::memcpy(to.data() + sizeof header, content.bytes.data(), content.bytes.size());
  }
  return header.checksum;
}

result<void> check_blob_header(std::span<const std::byte> stored, const chunk_ref& expected) {
  blob_header header;
  if (stored.size() < sizeof header) return damaged(expected, "is shorter than its header");
  std::memcpy(&header, stored.data(), sizeof header);
  if (header.letter != 'B') return damaged(expected, "does not begin with 'B'");
  if (header.version > blob_version) {
    return error{error_code::incompatible, "blob " + std::to_string(expected.blob) +
                                               " has version " + std::to_string(header.version) +
                                               ", this program reads up to " +
                                               std::to_string(blob_version)};
  }
  for (const std::size_t length : {stored.size() - sizeof header, std::size_t{header.length}}) {
    if (length != expected.bytes) {
      return damaged(expected, difference<std::size_t>("length", length, expected.bytes));
    }
  }
  if (header.checksum != expected.checksum) {
    return damaged(expected, difference("checksum", header.checksum, expected.checksum));
  }
  if (header.kind != static_cast<std::uint8_t>(expected.kind) ||
      header.entries != expected.entries || header.first_group != expected.groups.first ||
      header.last_group != expected.groups.last) {
    return damaged(expected, "is not the chunk that its manifest describes");
  }
  return {};
}

epoch_id blob_epoch(std::span<const std::byte> stored) {
  blob_header header;
  WEIR_CHECK(stored.size() >= sizeof header, stored.size());
  std::memcpy(&header, stored.data(), sizeof header);
  return {header.epoch};
}

result<chunk> read_blob(std::span<const std::byte> stored, const chunk_ref& expected) {
  if (auto checked = check_blob_header(stored, expected); !checked) return checked.error();
  blob_header header;
  std::memcpy(&header, stored.data(), sizeof header);
  const std::span<const std::byte> bytes = stored.subspan(sizeof header);
  if (const auto found = checksum_of(header, bytes); found != expected.checksum) {
    return damaged(expected, difference("checksum", found, expected.checksum));
  }
  chunk out;
  out.kind = expected.kind;
  out.groups = expected.groups;
  out.entries = expected.entries;
  out.bytes.assign(bytes.begin(), bytes.end());
  return out;
}

}  // namespace weir
