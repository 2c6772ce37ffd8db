// SPDX-License-Identifier: Apache-2.0
#include "connectors/journal_replay.hpp"

#include <algorithm>

namespace weir {

namespace {

/// `text` without its first `lines` lines.
std::string_view behind(std::string_view text, std::uint64_t lines) {
  for (; lines != 0; --lines) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text;
}

}  // namespace

result<replayed_lines> journal_replay::next() {
  while (line_ < from_.lines()) {
    if (offset_ == bytes_.size()) {
      const journal::segment* of = segment_of(line_);
      if (of == nullptr)
        return missing("the journal begins at " + std::to_string(from_.first_line()));
      const bool again = !bytes_.empty() && of->first_line == loaded_.first_line;
      if (again || (!bytes_.empty() && of->first_line != at_line_)) {
        return missing("its file '" + segment_name(loaded_.first_line) + "' ends before it");
      }
      if (auto done = load(*of); !done) return done.error();
    }
    const auto record = open_record(std::string_view(bytes_).substr(offset_), at_line_);
    if (!record) return from_.damage(loaded_, offset_, record.error());
    offset_ += record_header_bytes + record->text.size();
    at_line_ += record->lines;
    if (at_line_ <= line_) continue;
    const std::uint64_t seen = line_ - (at_line_ - record->lines);
    replayed_lines found{std::string(behind(record->text, seen)),
                         static_cast<std::uint32_t>(record->lines - seen)};
    line_ = at_line_;
    if (line_ == from_.lines()) bytes_ = {};
    if (bytes_.empty()) offset_ = 0;
    return found;
  }
  return replayed_lines{};
}

/// The last one that does not begin behind the line.
const journal::segment* journal_replay::segment_of(std::uint64_t line) const {
  const journal::segment* found = nullptr;
  for (const journal::segment& each : from_.segments()) {
    if (each.first_line <= line) found = &each;
  }
  return found;
}

result<void> journal_replay::load(const journal::segment& of) {
  auto bytes = from_.content(of);
  if (!bytes) return bytes.error();
  if (bytes->size() == segment_header_bytes) {
    return missing("its file '" + segment_name(of.first_line) + "' holds no line");
  }
  bytes_ = std::move(*bytes);
  loaded_ = of;
  offset_ = segment_header_bytes;
  at_line_ = of.first_line;
  return {};
}

error journal_replay::missing(const std::string& found) const {
  const journal::segment none{line_, 0};
  return from_.damage(segment_of(line_) != nullptr ? *segment_of(line_) : none, 0,
                      {error_code::corrupt, "expected line " + std::to_string(line_) +
                                                " in the journal, found that " + found});
}

}  // namespace weir
