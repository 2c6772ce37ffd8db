// SPDX-License-Identifier: Apache-2.0
#include "connectors/resume_handshake.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "weir/core/check.hpp"

namespace weir {

namespace {

constexpr std::string_view word = "WEIR ";
/// "WEIR", two numbers of up to 20 digits, blanks and CR: a longer line is no answer.
constexpr std::size_t answer_bytes_max = 64;
/// Of what a peer sent, in a message.
constexpr std::size_t shown_bytes_max = 40;

/// Whether `text` is an answer or may become one: the word, then digits and blanks.
bool has_form(std::string_view text) {
  const std::size_t common = std::min(text.size(), word.size());
  if (text.substr(0, common) != word.substr(0, common)) return false;
  text.remove_prefix(common);
  return text.find_first_not_of("0123456789 \r") == std::string_view::npos;
}

/// A number in decimal as std::to_string writes it, and what follows it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [at, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc()) return std::nullopt;
  const auto size = static_cast<std::size_t>(at - text.data());
  if (text.substr(0, size) != std::to_string(number)) return std::nullopt;
  text.remove_prefix(size);
  return number;
}

std::string shown(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, shown_bytes_max)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > shown_bytes_max ? "...'" : "'");
}

}  // namespace

resume_handshake::resume_handshake(handshake mode, std::uint64_t durable, bool spoke)
    : must_answer_(mode == handshake::required || (mode == handshake::offered && spoke)),
      asks_(mode != handshake::off),
      durable_(durable),
      state_(asks_ ? peer::unknown : peer::plain) {}

std::string resume_handshake::greeting() const {
  return asks_ ? "RESUME " + std::to_string(durable_) + "\n" : std::string();
}

std::string resume_handshake::ack(std::uint64_t durable) {
  return "ACK " + std::to_string(durable) + "\n";
}

result<void> resume_handshake::feed(std::string_view bytes) {
  WEIR_CHECK(state_ == peer::unknown);
  data_.append(bytes);
  const std::size_t newline = data_.find('\n');
  const std::string_view line = std::string_view(data_).substr(0, newline);
  const bool may_be_answer = has_form(line) && line.size() <= answer_bytes_max;
  if (may_be_answer && newline == std::string::npos) return {};
  if (may_be_answer && line.size() > word.size()) {
    if (auto right = judge(line); !right) return right;
    data_.erase(0, newline + 1);
    state_ = peer::speaks;
    return {};
  }
  if (must_answer_) {
    return refused("sent " + shown(line) + " instead of an answer to RESUME, expected 'WEIR 1 " +
                   std::to_string(durable_) + "'");
  }
  state_ = peer::plain;
  return {};
}

result<void> resume_handshake::on_end() {
  if (must_answer_) {
    return refused("closed the connection before it answered RESUME " + std::to_string(durable_));
  }
  state_ = peer::plain;
  return {};
}

result<void> resume_handshake::judge(std::string_view line) {
  const std::string all = shown(line);
  const std::string expected = "expected 'WEIR 1 " + std::to_string(durable_) + "'";
  line.remove_prefix(word.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  const auto version = take_number(line);
  const bool blank = line.starts_with(' ');
  if (blank) line.remove_prefix(1);
  const auto begin = blank ? take_number(line) : std::nullopt;
  if (!version || !begin || !line.empty()) {
    return refused("answered " + all + ", " + expected);
  }
  if (*version != 1) {
    return refused("answered in version " + std::to_string(*version) + " (" + all + "), " +
                   expected);
  }
  if (*begin > durable_) {
    return refused("would skip " + std::to_string(*begin - durable_) + " lines: it answered " +
                   all + ", " + expected);
  }
  if (*begin < durable_) {
    return refused("would repeat " + std::to_string(durable_ - *begin) +
                   " lines, or has no more: it answered " + all + ", " + expected);
  }
  return {};
}

error resume_handshake::refused(const std::string& what) const {
  return {error_code::connection,
          what + (must_answer_ ? "" : " (if its first line is data, set the handshake to off)")};
}

}  // namespace weir
