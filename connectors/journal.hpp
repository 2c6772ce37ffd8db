// SPDX-License-Identifier: Apache-2.0
// journal is an append-only log of lines on a disk, in segments: what a source that cannot replay
// keeps, to be read again after a crash. Lines have numbers from 0; they become durable in groups.
//
// Owner:      a source's lane; all calls block. Not thread safe.
// Invariants: (1) lines [first_line, lines) are durable; (2) at most one record is on the disk that
//             is not durable, and it is the last: so only the end of the last segment can be torn,
//             and anything else that does not check out is damage; (3) after a failed write the
//             journal is as it was before, or takes no more.
// Source:     P18, P21; docs/formats.md, section "Journal".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/disk.hpp"
#include "connectors/journal_format.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct journal_settings {
  /// The checkpoint at which the job began; a journal of another beginning holds other lines.
  epoch_id generation;
  /// Lines of an earlier beginning go, instead of an error.
  bool drop_older = false;
  /// A segment takes no more records when it is so long.
  std::uint64_t segment_bytes = std::uint64_t{16} << 20;
};

class journal {
 public:
  struct segment {
    std::uint64_t first_line = 0;
    std::uint64_t bytes = 0;
  };

  /// Opens what is there, cuts a torn tail, and makes the rest durable; begins a journal on an empty
  /// disk. Errors: corrupt (names file, offset, expected and found), incompatible (a newer version,
  /// or of another beginning), no_space, io.
  static result<std::unique_ptr<journal>> open(std::unique_ptr<disk> on, journal_settings settings);

  /// Makes a group durable: `record` holds `record_header_bytes` of room, then `lines` lines, each
  /// with its LF. Errors: no_space, io; the journal is then as before.
  result<void> commit(std::string& record, std::uint32_t lines);
  /// The stream has ended: nothing will follow, ever.
  result<void> commit_end();
  /// The peer answers RESUME, so that from now on it always must.
  result<void> commit_peer_spoke();
  /// Removes what holds only lines below this one; the newest segment stays.
  result<void> trim(std::uint64_t below);

  std::uint64_t first_line() const { return segments_.front().first_line; }
  std::uint64_t lines() const { return lines_; }
  bool ended() const { return ended_; }
  bool peer_spoke() const { return peer_spoke_; }
  /// What opening found that a person wants to hear of; empty: nothing.
  const std::string& news() const { return news_; }
  const std::vector<segment>& segments() const { return segments_; }

  /// The content of a segment, whole. Errors: corrupt (shorter than it was), io.
  result<std::string> content(const segment& of) const;
  /// "'dir/name' at offset 5: ..."
  error damage(const segment& of, std::uint64_t offset, const error& what) const;

 private:
  journal(std::unique_ptr<disk> on, journal_settings settings)
      : disk_(std::move(on)), settings_(settings) {}

  result<void> recover();
  result<std::vector<disk_entry>> segment_files();
  result<void> drop_torn_segment(std::vector<disk_entry>& files);
  result<std::optional<segment_header>> header_of(const disk_entry& file, bool last);
  result<void> drop_files(const std::vector<disk_entry>& files);
  result<void> recover_tail();
  void take(const journal_record& record);
  error cannot_follow(epoch_id generation) const;
  result<void> begin_segment();
  result<void> write(std::string& record, std::uint32_t lines);
  result<void> write_note(std::string_view note);
  result<void> append_and_sync(std::string_view bytes);
  void undo_failed_write();

  // set once
  std::unique_ptr<disk> disk_;
  journal_settings settings_;
  std::string news_;

  std::vector<segment> segments_;    // ascending, never empty once open
  std::unique_ptr<disk_file> file_;  // the last one; null after a write that could not be undone
  std::uint64_t lines_ = 0;
  bool ended_ = false;
  bool peer_spoke_ = false;
};

}  // namespace weir
