// SPDX-License-Identifier: Apache-2.0
#include "state_tools/position_fields.hpp"

#include <algorithm>

#include "connectors/journal_position.hpp"
#include "connectors/part_names.hpp"
#include "connectors/split_progress.hpp"

namespace weir {
namespace {

/// A residue class of a generator: the rows of it that were emitted.
bool is_residue_class(const source_split& split) {
  const bool is_number =
      !split.id.empty() && split.id.size() <= 4 &&
      std::all_of(split.id.begin(), split.id.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number && split.position.size() == sizeof(std::uint64_t);
}

}  // namespace

std::vector<stored_field> fields_of(const source_split& split) {
  if (is_residue_class(split)) {
    return {{"rows", byte_reader(split.position).scalar<std::uint64_t>()}};
  }
  if (split.id == "journal") {
    operator_restore restore;
    restore.fresh = false;
    restore.image.splits.push_back({split.id, split.position});
    if (const auto found = restored_position(restore)) {
      return {{"generation", found->generation.value}, {"line", found->line}};
    }
  }
  if (const auto found = decode_progress({split.id, split.position})) {
    return {{"path", found->split.path},  {"begin", found->split.begin},
            {"end", found->split.end},    {"file_size_seen", found->split.file_size_seen},
            {"next_byte", found->offset}, {"done", found->done}};
  }
  return {};
}

std::vector<stored_field> fields_of_intent(std::span<const std::byte> intent) {
  if (const auto found = decode_intent(intent)) {
    return {
        {"pending", found->pending_name}, {"final", found->final_name}, {"bytes", found->bytes}};
  }
  return {};
}

}  // namespace weir
