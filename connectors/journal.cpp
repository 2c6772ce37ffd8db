// SPDX-License-Identifier: Apache-2.0
#include "connectors/journal.hpp"

#include <algorithm>
#include <utility>

#include "weir/core/check.hpp"

namespace weir {

result<std::unique_ptr<journal>> journal::open(std::unique_ptr<disk> on,
                                               journal_settings settings) {
  std::unique_ptr<journal> made(new journal(std::move(on), settings));
  if (auto done = made->recover(); !done) return done.error();
  return made;
}

// -- opening -----------------------------------------------------------------------------------

result<void> journal::recover() {
  auto files = segment_files();
  if (!files) return files.error();
  if (auto done = drop_torn_segment(*files); !done) return done;
  bool older = false;
  for (const disk_entry& entry : *files) {
    const auto header = header_of(entry, false);
    if (!header) return header.error();
    if ((*header)->generation != settings_.generation) {
      if ((*header)->generation > settings_.generation || !settings_.drop_older) {
        return cannot_follow((*header)->generation);
      }
      older = true;
    }
    segments_.push_back({(*header)->first_line, entry.size});
    peer_spoke_ = (*header)->peer_spoke;
  }
  if (older) {
    if (auto done = drop_files(*files); !done) return done;
  }
  if (segments_.empty()) return begin_segment();
  return recover_tail();
}

/// In the order of their lines.
result<std::vector<disk_entry>> journal::segment_files() {
  auto files = disk_->list();
  if (!files) return files.error();
  std::erase_if(*files, [](const disk_entry& entry) { return !first_line_of(entry.name); });
  std::sort(files->begin(), files->end(),
            [](const disk_entry& a, const disk_entry& b) { return a.name < b.name; });
  return files;
}

/// The newest segment may have been cut off by a crash while it was made; it has no records then.
result<void> journal::drop_torn_segment(std::vector<disk_entry>& files) {
  if (files.empty()) return {};
  const auto header = header_of(files.back(), true);
  if (!header) return header.error();
  if (*header) return {};
  if (auto gone = disk_->remove(files.back().name); !gone) return gone;
  files.pop_back();
  return disk_->sync_entries();
}

/// Nothing: torn, which only the last one may be.
result<std::optional<segment_header>> journal::header_of(const disk_entry& file, bool last) {
  std::string bytes(segment_header_bytes, '\0');
  const auto got = disk_->read(file.name, 0, bytes.data(), bytes.size());
  if (!got) return got.error();
  bytes.resize(*got);
  const auto header = decode_header(bytes);
  const std::uint64_t by_name = *first_line_of(file.name);
  if (header && header->first_line == by_name) return std::optional(*header);
  const bool can_be_torn = last && file.size <= segment_header_bytes;
  if (!header && can_be_torn && header.error().code == error_code::corrupt) {
    return std::optional<segment_header>();
  }
  if (!header) return damage({by_name, file.size}, 0, header.error());
  return damage(
      {by_name, file.size}, 0,
      {error_code::corrupt, "expected line " + std::to_string(by_name) + " as its first, found " +
                                std::to_string(header->first_line)});
}

error journal::cannot_follow(epoch_id generation) const {
  return {error_code::incompatible,
          "journal '" + disk_->path() + "' belongs to a job that began at checkpoint " +
              to_string(generation) + ", this one began at " + to_string(settings_.generation) +
              "; if its lines are not needed, remove the directory"};
}

result<void> journal::drop_files(const std::vector<disk_entry>& files) {
  for (const disk_entry& entry : files) {
    if (auto gone = disk_->remove(entry.name); !gone) return gone;
    if (auto synced = disk_->sync_entries(); !synced) return synced;
  }
  news_ = "dropped the journal of an earlier beginning of the job, " +
          std::to_string(files.size()) + " files";
  segments_.clear();
  peer_spoke_ = false;
  return {};
}

result<void> journal::recover_tail() {
  segment& last = segments_.back();
  lines_ = last.first_line;
  const auto bytes = content(last);
  if (!bytes) return bytes.error();
  std::string_view left = std::string_view(*bytes).substr(segment_header_bytes);
  while (!left.empty()) {
    const auto record = open_record(left, lines_);
    if (!record) {
      const std::uint64_t at = bytes->size() - left.size();
      // What follows a torn record was never written: one record at a time is not durable.
      if (find_record(left.substr(1), lines_, bytes->size())) {
        return damage(last, at, record.error());
      }
      news_ += (news_.empty() ? "" : "; ") + damage(last, at, record.error()).message +
               ": a write that the last crash cut off, " + std::to_string(left.size()) +
               " bytes dropped";
      break;
    }
    take(*record);
    left.remove_prefix(record_header_bytes + record->text.size());
  }
  last.bytes = bytes->size() - left.size();
  auto file = disk_->open(segment_name(last.first_line), last.bytes);
  if (!file) return file.error();
  // Also what is whole, and the file's own entry, may not have been synced before the process ended.
  if (auto synced = (*file)->sync(); !synced) return synced;
  if (auto synced = disk_->sync_entries(); !synced) return synced;
  file_ = std::move(*file);
  return {};
}

void journal::take(const journal_record& record) {
  lines_ += record.lines;
  if (record.lines != 0) return;
  ended_ = ended_ || record.text == note_end;
  peer_spoke_ = peer_spoke_ || record.text == note_spoke;
}

// -- writing -----------------------------------------------------------------------------------

result<void> journal::begin_segment() {
  const std::string name = segment_name(lines_);
  auto file = disk_->create(name);
  if (!file) return file.error();
  const std::string header = encode_header({settings_.generation, lines_, peer_spoke_});
  auto done = (*file)->append(header);
  if (done) done = (*file)->sync();
  if (done) done = disk_->sync_entries();
  if (!done) {
    (void)disk_->remove(name);  // a header without its records is taken for torn, if that fails
    return done;
  }
  file_ = std::move(*file);
  segments_.push_back({lines_, header.size()});
  return {};
}

result<void> journal::commit(std::string& record, std::uint32_t lines) {
  WEIR_CHECK(lines != 0 && !ended_, lines, ended_);
  return write(record, lines);
}

result<void> journal::commit_end() {
  if (ended_) return {};
  if (auto written = write_note(note_end); !written) return written;
  ended_ = true;
  return {};
}

result<void> journal::commit_peer_spoke() {
  if (peer_spoke_) return {};
  if (auto written = write_note(note_spoke); !written) return written;
  peer_spoke_ = true;
  return {};
}

result<void> journal::write_note(std::string_view note) {
  std::string record(record_header_bytes, '\0');
  record += note;
  return write(record, 0);
}

result<void> journal::write(std::string& record, std::uint32_t lines) {
  if (!file_) {
    return error{error_code::io, "journal '" + disk_->path() +
                                     "' takes no more: a failed write could not be undone"};
  }
  const segment& last = segments_.back();
  if (last.bytes >= settings_.segment_bytes && last.first_line != lines_) {
    if (auto begun = begin_segment(); !begun) return begun;
  }
  seal_record(record, lines_, lines);
  if (auto written = append_and_sync(record); !written) {
    undo_failed_write();
    return written;
  }
  segments_.back().bytes += record.size();
  lines_ += lines;
  return {};
}

result<void> journal::append_and_sync(std::string_view bytes) {
  if (auto written = file_->append(bytes); !written) return written;
  return file_->sync();
}

/// What was written but not synced must not be found by a later opening, which would take it for
/// durable: after a sync that failed, the kernel may hold it in memory only, for good.
void journal::undo_failed_write() {
  file_.reset();
  auto file = disk_->open(segment_name(segments_.back().first_line), segments_.back().bytes);
  if (file && (*file)->sync()) file_ = std::move(*file);
}

result<void> journal::trim(std::uint64_t below) {
  while (segments_.size() > 1 && segments_[1].first_line <= below) {
    if (auto gone = disk_->remove(segment_name(segments_.front().first_line)); !gone) return gone;
    segments_.erase(segments_.begin());
    // One at a time, oldest first: a crash leaves no gap.
    if (auto synced = disk_->sync_entries(); !synced) return synced;
  }
  return {};
}

// -- reading -----------------------------------------------------------------------------------

result<std::string> journal::content(const segment& of) const {
  std::string bytes(of.bytes, '\0');
  const auto got = disk_->read(segment_name(of.first_line), 0, bytes.data(), bytes.size());
  if (!got) return got.error();
  if (*got < bytes.size() || *got < segment_header_bytes) {
    return damage(of, *got,
                  {error_code::corrupt, "expected " + std::to_string(bytes.size()) +
                                            " bytes, found " + std::to_string(*got)});
  }
  return bytes;
}

error journal::damage(const segment& of, std::uint64_t offset, const error& what) const {
  return {what.code, "journal file '" + disk_->path() + "/" + segment_name(of.first_line) +
                         "', offset " + std::to_string(offset) + ": " + what.message};
}

}  // namespace weir
