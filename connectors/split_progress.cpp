// SPDX-License-Identifier: Apache-2.0
#include "connectors/split_progress.hpp"

#include <algorithm>
#include <string>

namespace weir {

namespace {

constexpr std::uint8_t progress_version = 1;

error corrupt_position(const std::string& id, const std::string& reason) {
  return {error_code::corrupt, "position of split '" + id + "': " + reason};
}

bool is_possible(const split_progress& progress) {
  const file_split& split = progress.split;
  const bool range = split.begin < split.end && split.end <= split.file_size_seen;
  const bool offset = split.begin <= progress.offset && progress.offset <= split.file_size_seen;
  return !split.path.empty() && range && offset && (!progress.done || progress.offset >= split.end);
}

}  // namespace

split_position encode_progress(const split_progress& progress) {
  split_position out{progress.split.id(), {}};
  byte_writer writer(out.position);
  writer.scalar(progress_version);
  writer.text(progress.split.path);
  writer.varint(progress.split.begin);
  writer.varint(progress.split.end);
  writer.varint(progress.split.file_size_seen);
  writer.varint(progress.offset);
  writer.scalar(static_cast<std::uint8_t>(progress.done ? 1 : 0));
  return out;
}

result<split_progress> decode_progress(const split_position& written) {
  byte_reader reader(written.position);
  const auto version = reader.scalar<std::uint8_t>();
  if (reader.failed()) return corrupt_position(written.id, "no bytes");
  if (version != progress_version) {
    return error{error_code::incompatible, "position of split '" + written.id + "': version " +
                                               std::to_string(version) + ", expected " +
                                               std::to_string(progress_version)};
  }
  split_progress progress;
  progress.split.path = reader.text();
  progress.split.begin = reader.varint();
  progress.split.end = reader.varint();
  progress.split.file_size_seen = reader.varint();
  progress.offset = reader.varint();
  const auto done = reader.scalar<std::uint8_t>();
  if (reader.failed()) return corrupt_position(written.id, "it ends too early");
  if (!reader.at_end()) return corrupt_position(written.id, "bytes follow it");
  progress.done = done == 1;
  if (done > 1 || !is_possible(progress) || progress.split.id() != written.id) {
    return corrupt_position(written.id, "its numbers or its path fit no split of that name");
  }
  return progress;
}

std::vector<split_progress> enumerated_share(std::span<const file_split> all,
                                             std::uint64_t split_bytes, std::uint32_t subtask,
                                             std::uint32_t parallelism) {
  std::vector<split_progress> share;
  std::uint64_t file = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != 0 && all[i].path != all[i - 1].path) ++file;
    if ((file + all[i].begin / split_bytes) % parallelism != subtask) continue;
    share.push_back({all[i], all[i].begin, false});
  }
  return share;
}

result<std::vector<split_progress>> restored_share(std::span<const split_position> all,
                                                   std::uint32_t subtask,
                                                   std::uint32_t parallelism) {
  std::vector<const split_position*> order;
  for (const split_position& written : all) order.push_back(&written);
  std::sort(order.begin(), order.end(),
            [](const split_position* a, const split_position* b) { return a->id < b->id; });
  std::vector<split_progress> share;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i != 0 && order[i]->id == order[i - 1]->id) {
      return corrupt_position(order[i]->id, "the checkpoint has it twice");
    }
    auto progress = decode_progress(*order[i]);
    if (!progress) return progress.error();
    if (i % parallelism == subtask) share.push_back(std::move(*progress));
  }
  return share;
}

}  // namespace weir
