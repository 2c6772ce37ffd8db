// SPDX-License-Identifier: Apache-2.0
// memory_store is a snapshot store without a disk: it keeps every chunk and every complete checkpoint.
//
// Owner:      a test case; it survives the runs of a simulated job.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "coordinator/checkpoint_reports.hpp"
#include "dataflow/task_ports.hpp"

namespace weir::test {

struct memory_store {
  void put(const snapshot_piece& piece) {
    blobs.push_back(piece.content);
    stored_[{piece.epoch, piece.task, piece.place.part, piece.place.state}].push_back(blobs.size());
  }
  /// What the store reports of a snapshot: the task's declaration, and the chunks that came.
  task_ack ack_of(const snapshot_end& end) {
    task_ack ack{{end.task, end.epoch, end.attempt, {1}}, {}, end.snapshot};
    for (std::uint32_t part = 0; part < ack.stored.operators.size(); ++part) {
      auto& one = ack.stored.operators[part];
      for (std::uint32_t index = 0; index < one.states.size(); ++index) {
        auto& state = one.states[index];
        declared_state declared{one.uid, state.name, {}};
        const auto& numbers = stored_[{end.epoch, end.task, part, index}];
        REQUIRE(numbers.size() == state.chunks.size());
        for (std::size_t i = 0; i < numbers.size(); ++i) {
          auto& ref = state.chunks[i];
          ref.blob = numbers[i];
          declared.chunks.push_back({ref.kind, ref.groups, ref.entries, ref.bytes, ref.checksum});
        }
        ack.declared.push_back(std::move(declared));
      }
    }
    return ack;
  }
  const chunk& read(const chunk_ref& ref) const { return blobs.at(ref.blob - 1); }

  std::vector<chunk> blobs;  // blob n is blobs[n - 1]
  std::map<epoch_id, manifest> manifests;
  std::uint64_t next_epoch = 1;
  std::uint64_t next_attempt = 1;

 private:
  std::map<std::tuple<epoch_id, task_id, std::uint32_t, std::uint32_t>, std::vector<std::uint64_t>>
      stored_;
};

}  // namespace weir::test
