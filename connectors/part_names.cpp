// SPDX-License-Identifier: Apache-2.0
#include "connectors/part_names.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <limits>

namespace weir {

namespace {

constexpr std::uint8_t intent_version = 1;
constexpr std::string_view pending_suffix = ".pending";
/// NAME_MAX of Linux; beyond it no file can be created.
constexpr std::size_t name_length_max = 255;
constexpr std::size_t prefix_length_max = 100;
constexpr std::string_view hex_digits = "0123456789ABCDEF";

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', hex_digits[byte >> 4], hex_digits[byte & 15]};
    }
  }
  return out;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const std::size_t high = hex_digits.find(text[i + 1]);
    const std::size_t low = hex_digits.find(text[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

std::string padded(std::uint64_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(digits.size() < width ? width - digits.size() : 0, '0') + digits;
}

/// A decimal number without sign; nothing if it is malformed or does not fit.
template <std::unsigned_integral T>
bool to_number(std::string_view text, T& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc() && end == text.data() + text.size();
}

/// Takes the part behind the last '-' off `name`; empty when there is none.
std::string_view take_last_field(std::string_view& name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view field = name.substr(dash + 1);
  name = name.substr(0, dash);
  return field;
}

error corrupt_intent(std::string_view reason) {
  return {error_code::corrupt, "commit intent: " + std::string(reason)};
}

bool is_valid_prefix(std::string_view prefix) {
  const auto is_bad = [](char c) { return c == '/' || static_cast<unsigned char>(c) < 32; };
  return !prefix.empty() && prefix.size() <= prefix_length_max && prefix.front() != '.' &&
         std::none_of(prefix.begin(), prefix.end(), is_bad);
}

}  // namespace

result<void> check_sink_identity(const sink_identity& sink) {
  if (!is_valid_prefix(sink.prefix)) {
    return error{error_code::invalid_argument,
                 "file sink '" + sink.uid + "': prefix '" + sink.prefix +
                     "' is not usable, expected 1 to " + std::to_string(prefix_length_max) +
                     " bytes without '/' and control characters, not beginning with '.'"};
  }
  if (sink.uid.empty()) {
    return error{error_code::invalid_argument, "a file sink has an empty uid"};
  }
  constexpr auto max32 = std::numeric_limits<std::uint32_t>::max();
  constexpr auto max64 = std::numeric_limits<std::uint64_t>::max();
  const std::size_t longest = pending_name({sink, max32, {max64}, max64}).size();
  if (longest > name_length_max) {
    return error{error_code::invalid_argument,
                 "file sink '" + sink.uid + "' with prefix '" + sink.prefix +
                     "': names of pending files would take " + std::to_string(longest) +
                     " bytes, expected at most " + std::to_string(name_length_max)};
  }
  return {};
}

std::string pending_name(const pending_part& part) {
  return "." + part.sink.prefix + "-" + escape(part.sink.uid) + "-" + std::to_string(part.subtask) +
         "-a" + to_string(part.attempt) + "-" + std::to_string(part.number) +
         std::string(pending_suffix);
}

std::string final_name(const final_part& part) {
  return part.prefix + "-" + padded(part.subtask, 5) + "-" + padded(part.epoch.value, 10) + "-" +
         padded(part.number, 3);
}

std::optional<pending_part> parse_pending(std::string_view name) {
  if (name.size() > name_length_max || !name.starts_with('.') || !name.ends_with(pending_suffix)) {
    return std::nullopt;
  }
  std::string_view rest = name.substr(1, name.size() - 1 - pending_suffix.size());
  pending_part part;
  if (!to_number(take_last_field(rest), part.number)) return std::nullopt;
  const std::string_view attempt = take_last_field(rest);
  if (!attempt.starts_with('a') || !to_number(attempt.substr(1), part.attempt.value)) {
    return std::nullopt;
  }
  if (!to_number(take_last_field(rest), part.subtask)) return std::nullopt;
  const auto uid = unescape(take_last_field(rest));
  if (!uid || uid->empty() || !is_valid_prefix(rest)) return std::nullopt;
  part.sink = {std::string(rest), *uid};
  if (pending_name(part) != name) return std::nullopt;  // a second spelling, such as leading zeros
  return part;
}

std::optional<final_part> parse_final(std::string_view name) {
  if (name.size() > name_length_max) return std::nullopt;
  std::string_view rest = name;
  final_part part;
  if (!to_number(take_last_field(rest), part.number) ||
      !to_number(take_last_field(rest), part.epoch.value) ||
      !to_number(take_last_field(rest), part.subtask) || !is_valid_prefix(rest)) {
    return std::nullopt;
  }
  part.prefix = rest;
  if (final_name(part) != name) return std::nullopt;
  return part;
}

void encode_intent(const commit_intent& intent, byte_vector& out) {
  byte_writer writer(out);
  writer.scalar(intent_version);
  writer.text(intent.pending_name);
  writer.text(intent.final_name);
  writer.varint(intent.bytes);
}

result<commit_intent> decode_intent(std::span<const std::byte> bytes) {
  byte_reader reader(bytes);
  const auto version = reader.scalar<std::uint8_t>();
  if (reader.failed()) return corrupt_intent("no bytes");
  if (version != intent_version) {
    return error{error_code::incompatible, "commit intent: version " + std::to_string(version) +
                                               ", expected " + std::to_string(intent_version)};
  }
  commit_intent intent;
  intent.pending_name = reader.text();
  intent.final_name = reader.text();
  intent.bytes = reader.varint();
  if (reader.failed()) return corrupt_intent("it ends too early");
  if (!reader.at_end()) return corrupt_intent("bytes follow it");
  const auto pending = parse_pending(intent.pending_name);
  const auto final = parse_final(intent.final_name);
  if (!pending || !final || pending->sink.prefix != final->prefix ||
      pending->subtask != final->subtask) {
    return corrupt_intent("its names are not those of a pending file and its part");
  }
  return intent;
}

}  // namespace weir
