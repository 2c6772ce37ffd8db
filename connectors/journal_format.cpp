// SPDX-License-Identifier: Apache-2.0
#include "connectors/journal_format.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "weir/core/check.hpp"
#include "weir/core/hash.hpp"

namespace weir {

namespace {

constexpr std::string_view magic = "WEIRJRNL";
constexpr std::string_view suffix = ".journal";
constexpr std::size_t name_digits = 20;
constexpr std::size_t covered_bytes = 16;  // of a record's header, all before its checksum

template <class T>
T scalar_at(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class T>
void append_scalar(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::uint64_t checksum_of(std::string_view header, std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(),
                              hash_bytes(header.substr(0, covered_bytes)));
}

error damaged(std::string what) {
  return {error_code::corrupt, std::move(what)};
}

}  // namespace

std::string encode_header(const segment_header& header) {
  std::string bytes(magic);
  append_scalar(bytes, journal_version);
  append_scalar(bytes, static_cast<std::uint16_t>(header.peer_spoke ? 1 : 0));
  append_scalar(bytes, std::uint32_t{0});
  append_scalar(bytes, header.generation.value);
  append_scalar(bytes, header.first_line);
  append_scalar(bytes, hash_bytes(bytes));
  return bytes;
}

result<segment_header> decode_header(std::string_view bytes) {
  if (bytes.size() < segment_header_bytes) {
    return damaged("expected a header of " + std::to_string(segment_header_bytes) +
                   " bytes, found " + std::to_string(bytes.size()));
  }
  if (!bytes.starts_with(magic)) return damaged("expected \"WEIRJRNL\" at its begin");
  const auto version = scalar_at<std::uint16_t>(bytes, 8);
  if (version > journal_version) {
    return error{error_code::incompatible, "journal of version " + std::to_string(version) +
                                               ", this program reads up to version " +
                                               std::to_string(journal_version)};
  }
  const auto found = scalar_at<std::uint64_t>(bytes, 32);
  const std::uint64_t expected = hash_bytes(bytes.substr(0, 32));
  if (found != expected) {
    return damaged("expected checksum " + std::to_string(expected) + " of its header, found " +
                   std::to_string(found));
  }
  return segment_header{{scalar_at<std::uint64_t>(bytes, 16)},
                        scalar_at<std::uint64_t>(bytes, 24),
                        scalar_at<std::uint16_t>(bytes, 10) == 1};
}

std::string segment_name(std::uint64_t first_line) {
  std::string digits = std::to_string(first_line);
  digits.insert(0, name_digits - digits.size(), '0');
  return digits.append(suffix);
}

std::optional<std::uint64_t> first_line_of(std::string_view name) {
  if (name.size() != name_digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t line = 0;
  const char* end = name.data() + name_digits;
  const auto [at, failed] = std::from_chars(name.data(), end, line);
  if (failed != std::errc() || at != end) return std::nullopt;
  return line;
}

void seal_record(std::string& record, std::uint64_t first_line, std::uint32_t lines) {
  WEIR_CHECK(record.size() >= record_header_bytes, record.size());
  const std::string_view text = std::string_view(record).substr(record_header_bytes);
  std::string header;
  append_scalar(header, static_cast<std::uint32_t>(text.size()));
  append_scalar(header, lines);
  append_scalar(header, first_line);
  append_scalar(header, checksum_of(header, text));
  std::copy(header.begin(), header.end(), record.begin());
}

result<journal_record> open_record(std::string_view bytes, std::uint64_t first_line) {
  if (bytes.size() < record_header_bytes) {
    return damaged("expected a record's header of " + std::to_string(record_header_bytes) +
                   " bytes, found " + std::to_string(bytes.size()) + " bytes");
  }
  const auto length = scalar_at<std::uint32_t>(bytes, 0);
  const auto number = scalar_at<std::uint64_t>(bytes, 8);
  if (number != first_line) {
    return damaged("expected a record that begins with line " + std::to_string(first_line) +
                   ", found " + std::to_string(number));
  }
  if (length > bytes.size() - record_header_bytes) {
    return damaged("expected " + std::to_string(length) + " bytes of a record, found " +
                   std::to_string(bytes.size() - record_header_bytes));
  }
  const std::string_view text = bytes.substr(record_header_bytes, length);
  const std::uint64_t expected = checksum_of(bytes, text);
  const auto found = scalar_at<std::uint64_t>(bytes, covered_bytes);
  if (found != expected) {
    return damaged("expected checksum " + std::to_string(expected) + " of line " +
                   std::to_string(first_line) + "'s record, found " + std::to_string(found));
  }
  return journal_record{scalar_at<std::uint32_t>(bytes, 4), text};
}

std::optional<std::size_t> find_record(std::string_view bytes, std::uint64_t first_line,
                                       std::uint64_t lines_max) {
  for (std::size_t at = 0; at + record_header_bytes <= bytes.size(); ++at) {
    const auto number = scalar_at<std::uint64_t>(bytes, at + 8);
    if (number - first_line >= lines_max) continue;
    if (open_record(bytes.substr(at), number)) return at;
  }
  return std::nullopt;
}

}  // namespace weir
