// SPDX-License-Identifier: Apache-2.0
// split_sequence reads the blocks of several splits one after the other.
//
// Owner:      a source's lane; its calls block.
// Invariants: the blocks of a split come in order, the last one marked; done splits give none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "connectors/split_progress.hpp"
#include "connectors/split_reader.hpp"

namespace weir {

struct sequence_block {
  std::size_t index = 0;  ///< of the split
  split_block content;
  std::uint64_t grown_bytes = 0;  ///< of the file, since it was enumerated
};

class split_sequence {
 public:
  explicit split_sequence(std::vector<split_progress> splits) : splits_(std::move(splits)) {}

  /// The next block, read into `buffer`; nothing when all splits were read.
  /// Errors: those of split_reader.
  result<std::optional<sequence_block>> read(char* buffer, std::size_t capacity) {
    while (at_ < splits_.size() && splits_[at_].done) ++at_;
    if (at_ == splits_.size()) return std::optional<sequence_block>();
    if (!reader_) {
      auto opened = split_reader::open(splits_[at_].split, splits_[at_].offset);
      if (!opened) return opened.error();
      reader_ = std::move(*opened);
    }
    const auto block = reader_->read_block(buffer, capacity);
    if (!block) return block.error();
    const sequence_block out{at_, *block, reader_->grown_bytes()};
    if (block->last) {
      reader_.reset();
      ++at_;
    }
    return std::optional<sequence_block>(out);
  }

 private:
  std::vector<split_progress> splits_;
  std::size_t at_ = 0;
  std::optional<split_reader> reader_;
};

}  // namespace weir
