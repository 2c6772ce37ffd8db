// SPDX-License-Identifier: Apache-2.0
#include "connectors/line_splitter.hpp"

#include <algorithm>

namespace weir {

line_step line_splitter::finish(partial_line_policy policy, std::string_view& line) {
  if (failed_) return line_step::too_long;
  if (carry_taken_) forget_carry();
  WEIR_CHECK(at_ == end_, "finish with an open block, bytes left:", end_ - at_);
  if (carry_length_ == 0) return line_step::need_more;
  std::string_view kept = carry_;
  bool wanted = policy == partial_line_policy::emit;
  if (!wanted) {
    ++counters_.partial_dropped;
  } else if (carry_length_ > options_.length_max) {
    // Without an LF a CR at the end is part of the line.
    wanted = accept_too_long(kept);
    if (failed_) return line_step::too_long;
  }
  consumed_ += carry_length_;
  carry_taken_ = true;
  if (!wanted) return line_step::need_more;
  if (options_.utf8 == utf8_check::count && !is_valid_utf8(kept)) ++counters_.invalid;
  ++counters_.lines;
  line = kept;
  return line_step::line;
}

bool line_splitter::accept_too_long(std::string_view& kept) {
  ++counters_.too_long;
  if (options_.too_long == long_line_policy::truncate) {
    kept = kept.substr(0, options_.length_max);
    return true;
  }
  failed_ = options_.too_long == long_line_policy::fail;
  return false;
}

bool line_splitter::take_carried(const char* begin, const char* newline, std::string_view& line) {
  append_carry(begin, static_cast<std::size_t>(newline - begin));
  const bool wanted = accept(carry_, carry_length_, line);
  if (failed_) return false;
  consumed_ += carry_length_ + 1;
  carry_taken_ = true;
  return wanted;
}

line_step line_splitter::carry_rest() {
  append_carry(at_, static_cast<std::size_t>(end_ - at_));
  at_ = end_;
  // Longer than the bound even if its last byte is a CR: no need to wait for the end.
  if (options_.too_long == long_line_policy::fail && carry_length_ > options_.length_max + 1) {
    ++counters_.too_long;
    failed_ = true;
    return line_step::too_long;
  }
  return line_step::need_more;
}

void line_splitter::append_carry(const char* begin, std::size_t size) {
  if (size == 0) return;
  carry_length_ += size;
  const std::size_t room = options_.length_max + 1 - carry_.size();
  carry_.append(begin, std::min(size, room));
}

}  // namespace weir
