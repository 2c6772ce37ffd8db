// SPDX-License-Identifier: Apache-2.0
// line_splitter cuts a byte stream, given in blocks, into lines. A line ends with LF; one CR before
// the LF belongs to the end, not to the line. All other bytes, NUL and invalid UTF-8 included, pass
// through as they are.
//
// It is a pull interface: begin_block, then next() until it needs more, so that the caller can stop
// between any two lines and know by consumed() how far it came. feed() and finish(visitor) wrap it
// for callers that take all lines.
//
// Owner:      the task or lane that reads the stream; not thread safe.
// Invariants: (1) consumed() counts exactly the bytes of lines that were handed out or skipped,
// ends included;
//             (2) the carried part of a line never takes more than length_max + 1 bytes (the one is
//             a CR that may turn out to be part of the end); (3) a handed out view lives until the
//             next call.
// Source:     docs/formats.md, lines; the cuts do not depend on how the stream falls into blocks
// (property test).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "weir/core/check.hpp"
#include "weir/core/utf8.hpp"

namespace weir {

/// What happens to a line of more than length_max bytes.
enum class long_line_policy : std::uint8_t {
  truncate,  ///< its first length_max bytes are handed out, the rest is dropped
  skip,      ///< it is dropped
  fail,      ///< next() gives too_long, from then on always
};

/// What happens to the bytes after the last LF when the stream ends.
enum class partial_line_policy : std::uint8_t {
  emit,  ///< they are a line (files)
  drop,  ///< they are dropped and counted (a peer that disconnects in the middle of a line)
};

/// Whether lines are checked to be UTF-8; they are handed out either way.
enum class utf8_check : std::uint8_t { off, count };

struct line_options {
  /// Without the end. 1 MiB: longer ones are nearly always a wrong file, and each source holds one
  /// in memory.
  std::size_t length_max = std::size_t{1} << 20;
  long_line_policy too_long = long_line_policy::truncate;
  utf8_check utf8 = utf8_check::off;
};

struct line_counters {
  std::uint64_t lines = 0;            ///< handed out
  std::uint64_t too_long = 0;         ///< truncated or skipped, or the one that failed
  std::uint64_t invalid = 0;          ///< not UTF-8 (utf8_check::count only)
  std::uint64_t partial_dropped = 0;  ///< cut off by the end of the stream, and dropped
};

enum class line_step : std::uint8_t {
  line,       ///< a line was handed out
  need_more,  ///< the block is used up
  too_long,   ///< a line broke the bound under long_line_policy::fail
};

class line_splitter {
 public:
  explicit line_splitter(line_options options = {}) : options_(options) {}

  /// Gives the next block, which must stay in place until next() gives need_more or the splitter is
  /// reset. The block before it must be used up.
  void begin_block(std::span<const char> block) {
    WEIR_CHECK(at_ == end_, "a block is open with bytes left:", end_ - at_);
    at_ = block.data();
    end_ = at_ + block.size();
  }

  /// The next line of the block.
  line_step next(std::string_view& line) {
    while (!failed_) {
      if (carry_taken_) forget_carry();
      const std::size_t left = static_cast<std::size_t>(end_ - at_);
      const char* newline =
          left == 0 ? nullptr : static_cast<const char*>(std::memchr(at_, '\n', left));
      if (newline == nullptr) return carry_rest();
      const char* begin = at_;
      at_ = newline + 1;
      if (carry_length_ != 0) [[unlikely]] {
        if (take_carried(begin, newline, line)) return line_step::line;
        continue;
      }
      const std::size_t length = static_cast<std::size_t>(newline - begin);
      const bool wanted = accept({begin, length}, length, line);
      if (failed_) [[unlikely]]
        break;
      consumed_ += length + 1;
      if (wanted) [[likely]]
        return line_step::line;
    }
    return line_step::too_long;
  }

  /// Ends the stream: hands out (or drops, and counts) what followed the last LF. line if there was
  /// something to hand out, else need_more. The splitter is then as new, but for its counters and
  /// consumed().
  line_step finish(partial_line_policy policy, std::string_view& line);

  /// All lines of a block to `on_line(std::string_view)`: need_more, or too_long when one failed.
  template <class F>
  line_step feed(std::span<const char> block, F&& on_line) {
    begin_block(block);
    std::string_view line;
    line_step step;
    while ((step = next(line)) == line_step::line) on_line(line);
    return step;
  }
  /// Ends the stream; what followed the last LF goes to `on_line`.
  template <class F>
  line_step finish(F&& on_line) {
    std::string_view line;
    const line_step step = finish(partial_line_policy::emit, line);
    if (step == line_step::line) on_line(line);
    return step;
  }

  /// Bytes of the stream up to the end of the last line that was handed out or skipped.
  std::uint64_t consumed() const { return consumed_; }
  /// Bytes of the unfinished line so far.
  std::uint64_t carried() const { return carry_taken_ ? 0 : carry_length_; }
  const line_counters& counters() const { return counters_; }
  const line_options& options() const { return options_; }

 private:
  /// Trims the CR and applies the bound: `kept` is the line, or its first length_max + 1 bytes;
  /// `length` its whole length. False when the line is not to be handed out.
  bool accept(std::string_view kept, std::uint64_t length, std::string_view& line) {
    if (length == kept.size() && !kept.empty() && kept.back() == '\r') {
      kept.remove_suffix(1);
      --length;
    }
    if (length > options_.length_max) [[unlikely]] {
      if (!accept_too_long(kept)) return false;
    }
    if (options_.utf8 == utf8_check::count && !is_valid_utf8(kept)) ++counters_.invalid;
    ++counters_.lines;
    line = kept;
    return true;
  }
  bool accept_too_long(std::string_view& kept);
  bool take_carried(const char* begin, const char* newline, std::string_view& line);
  line_step carry_rest();
  void append_carry(const char* begin, std::size_t size);
  void forget_carry() {
    carry_.clear();
    carry_length_ = 0;
    carry_taken_ = false;
  }

  line_options options_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::string carry_;  ///< the begin of the unfinished line, at most length_max + 1 bytes
  std::uint64_t carry_length_ = 0;  ///< its whole length so far
  bool carry_taken_ = false;  ///< the line in carry_ was handed out: forget it at the next call
  bool failed_ = false;
  std::uint64_t consumed_ = 0;
  line_counters counters_;
};

}  // namespace weir
