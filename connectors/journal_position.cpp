// SPDX-License-Identifier: Apache-2.0
#include "connectors/journal_position.hpp"

namespace weir {

namespace {

constexpr std::uint8_t position_version = 1;
constexpr const char* split_id = "journal";

error corrupt_position(const std::string& what) {
  return {error_code::corrupt, "position in the journal: " + what};
}

}  // namespace

split_position encode_position(const journal_position& position) {
  split_position out{split_id, {}};
  byte_writer writer(out.position);
  writer.scalar(position_version);
  writer.varint(position.generation.value);
  writer.varint(position.line);
  return out;
}

result<journal_position> restored_position(const operator_restore& written) {
  if (written.fresh || written.image.splits.empty()) {
    return journal_position{written.epoch, 0, true};
  }
  const split_position& split = written.image.splits.front();
  if (written.image.splits.size() != 1 || split.id != split_id) {
    return corrupt_position("expected one split 'journal', found " +
                            std::to_string(written.image.splits.size()) + ", the first '" +
                            split.id + "'");
  }
  byte_reader reader(split.position);
  const auto version = reader.scalar<std::uint8_t>();
  if (version > position_version) {
    return error{error_code::incompatible, "position in the journal: version " +
                                               std::to_string(version) + ", expected " +
                                               std::to_string(position_version)};
  }
  const epoch_id generation{reader.varint()};
  const std::uint64_t line = reader.varint();
  if (reader.failed() || !reader.at_end() || version == 0) {
    return corrupt_position("its " + std::to_string(split.position.size()) +
                            " bytes make no sense");
  }
  return journal_position{generation, line, false};
}

void retained_positions::add(epoch_id epoch, std::uint64_t line) {
  if (taken_.size() == size_max) taken_.erase(taken_.begin() + 1);
  taken_.emplace_back(epoch, line);
}

std::optional<std::uint64_t> retained_positions::needed_from(epoch_id oldest) {
  std::optional<std::uint64_t> line;
  while (!taken_.empty() && taken_.front().first <= oldest) {
    line = taken_.front().second;
    if (taken_.size() == 1 || taken_[1].first > oldest) break;
    taken_.pop_front();
  }
  return line;
}

}  // namespace weir
