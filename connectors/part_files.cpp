// SPDX-License-Identifier: Apache-2.0
#include "connectors/part_files.hpp"

#include <utility>

namespace weir {

result<part_files> part_files::open(part_files_options options) {
  if (auto valid = check_sink_identity(options.sink); !valid) return valid.error();
  if (options.share.subtask >= options.share.parallelism) {
    return error{error_code::invalid_argument, "file sink '" + options.sink.uid + "': subtask " +
                                                   std::to_string(options.share.subtask) + " of " +
                                                   std::to_string(options.share.parallelism)};
  }
  auto directory = options.storage ? result<part_directory>(part_directory(options.storage))
                                   : part_directory::open(options.directory);
  if (!directory) return directory.error();
  return part_files(std::move(options), std::move(*directory));
}

result<recovered_parts> part_files::recover(std::span<const commit_intent> all) const {
  recovered_parts recovered;
  for (const commit_intent& intent : all) {
    const auto part = parse_pending(intent.pending_name);
    if (!part || part->sink != options_.sink) {
      return error{error_code::corrupt, "commit intent of '" + intent.pending_name +
                                            "' is not one of file sink '" + options_.sink.uid +
                                            "' with prefix '" + options_.sink.prefix + "'"};
    }
    if (options_.share.covers(part->subtask)) recovered.claimed.push_back(intent);
  }
  const auto removed =
      directory_.remove_leftovers(options_.sink, options_.share, options_.attempt, all);
  if (!removed) return removed.error();
  recovered.removed = *removed;
  return recovered;
}

result<void> part_files::append(std::string_view records, std::chrono::nanoseconds now) {
  if (broken_) return *broken_;
  if (records.empty()) return {};
  const bool full = file_ && current_.bytes != 0 &&
                    (current_.bytes >= options_.roll_bytes ||
                     records.size() > options_.roll_bytes - current_.bytes);
  if (full || is_due(now)) {
    if (auto closed = close_file(); !closed) return closed;
  }
  if (!file_) {
    if (auto started = start_file(now); !started) return started;
  }
  if (auto written = write_all(records); !written) return written;
  current_.bytes += records.size();
  counters_.bytes += records.size();
  return {};
}

result<void> part_files::on_time(std::chrono::nanoseconds now) {
  if (broken_) return *broken_;
  return is_due(now) ? close_file() : result<void>();
}

result<std::vector<commit_intent>> part_files::prepare(epoch_id epoch) {
  WEIR_CHECK(!prepared_ || *prepared_ < epoch, options_.sink.uid, epoch);
  if (broken_) return *broken_;
  if (auto closed = close_file(); !closed) return closed.error();
  std::vector<commit_intent> intents;
  if (!closed_.empty()) {
    if (auto synced = directory_.sync(); !synced) {
      broken_ = synced.error();
      return *broken_;
    }
  }
  for (const pending_file& file : closed_) {
    const final_part part{options_.sink.prefix, options_.share.subtask, epoch, intents.size()};
    intents.push_back({file.name, final_name(part), file.bytes});
  }
  closed_.clear();
  prepared_ = epoch;
  return intents;
}

result<void> part_files::commit(std::span<const commit_intent> intents) {
  auto committed = directory_.commit(intents);
  if (committed) counters_.committed += intents.size();
  return committed;
}

std::uint64_t part_files::open_bytes() const {
  std::uint64_t bytes = file_ ? current_.bytes : 0;
  for (const pending_file& file : closed_) bytes += file.bytes;
  return bytes;
}

bool part_files::is_due(std::chrono::nanoseconds now) const {
  return file_ && current_.bytes != 0 && options_.roll_after.count() > 0 &&
         now - opened_at_ >= options_.roll_after;
}

result<void> part_files::start_file(std::chrono::nanoseconds now) {
  const pending_part part{options_.sink, options_.share.subtask, options_.attempt, next_number_};
  std::string name = pending_name(part);
  auto file = directory_.create_pending(name);
  if (!file) return file.error();
  ++next_number_;
  ++counters_.files;
  file_ = std::move(*file);
  current_ = {std::move(name), 0};
  opened_at_ = now;
  tail_dirty_ = false;
  return {};
}

/// Writes behind what counts, so that a repeated append overwrites what a failed one left.
result<void> part_files::write_all(std::string_view records) {
  auto written = file_->write(current_.bytes, records);
  if (written) return {};
  // Give the space back at once; where that fails too, close_file does it.
  tail_dirty_ = !file_->cut(current_.bytes);
  return written;
}

/// Makes the open file durable and adds it to the epoch's; one without records is removed.
result<void> part_files::close_file() {
  if (!file_) return {};
  if (current_.bytes == 0) {
    // It was created, but each append to it failed.
    file_.reset();
    return directory_.remove_pending(current_.name);
  }
  if (tail_dirty_) {
    if (auto cut = file_->cut(current_.bytes); !cut) return cut;
  }
  tail_dirty_ = false;
  if (auto synced = file_->sync(); !synced) {
    broken_ = synced.error();
    return *broken_;
  }
  file_.reset();
  closed_.push_back(std::move(current_));
  return {};
}

}  // namespace weir
