// SPDX-License-Identifier: Apache-2.0
// recorded_file is what was done to one file, write by write and sync by sync, and what a disk could hold if the machine had
// stopped at any place in between. record_file() says which file; the calls are noted by the definitions of pwrite and its
// like in the program that records, which precede those of the C library.
//
// Owner:      one test; one thread.
// Model:      a sector of 4 KiB is written as a whole or not at all. A write is durable after the next sync, or, on a
//             descriptor with O_DSYNC, at once; before that any of its sectors may be lost, each for itself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

struct disk_step {
  enum class kind : std::uint8_t { write, sync, cut };
  kind what = kind::write;
  std::uint64_t offset = 0;  ///< of a write; of a cut: the new size
  std::string bytes;
  bool durable = false;        ///< of a write: as soon as it is done
  std::uint64_t promised = 0;  ///< what the program had been told by then
  std::uint64_t under_way = 0;
};

class recorded_file {
 public:
  static constexpr std::size_t sector = 4096;

  explicit recorded_file(std::string before) : before_(std::move(before)) {}

  void add(disk_step step) { steps_.push_back(std::move(step)); }
  const std::vector<disk_step>& steps() const { return steps_; }

  /// After kill -9 in front of step `end`: everything that was written.
  std::string written_before(std::size_t end) const {
    std::string image = before_;
    for (std::size_t i = 0; i < end; ++i) {
      const disk_step& step = steps_[i];
      if (step.what == disk_step::kind::write) put(image, step, 0, step.bytes.size());
      if (step.what == disk_step::kind::cut) image.resize(step.offset);
    }
    return image;
  }
  /// After a loss of power in front of step `end`: what was synced, and those sectors of later writes that `keeps` chooses.
  std::string kept_before(std::size_t end, const std::function<bool()>& keeps) const {
    std::size_t synced = end;
    while (synced > 0 && steps_[synced - 1].what != disk_step::kind::sync) --synced;
    std::string image = written_before(synced);
    for (std::size_t i = synced; i < end; ++i) {
      if (steps_[i].what != disk_step::kind::write) continue;
      put_sectors(image, steps_[i], steps_[i].durable ? [] { return true; } : keeps);
    }
    return image;
  }
  /// The same in the middle of the write `at`, of which `keeps` chooses sectors, too.
  std::string kept_within(std::size_t at, const std::function<bool()>& keeps) const {
    std::string image = kept_before(at, keeps);
    put_sectors(image, steps_[at], keeps);
    return image;
  }
  /// A tear that no sector of the model has: bytes [begin, end) of the write `at`, after all that was before.
  std::string torn_within(std::size_t at, std::size_t begin, std::size_t end) const {
    std::string image = written_before(at);
    put(image, steps_[at], begin, end);
    return image;
  }

 private:
  static void put(std::string& image, const disk_step& step, std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    if (image.size() < step.offset + end) image.resize(step.offset + end, '\0');
    image.replace(step.offset + begin, end - begin, step.bytes, begin, end - begin);
  }
  static void put_sectors(std::string& image, const disk_step& step,
                          const std::function<bool()>& keeps) {
    for (std::size_t begin = 0; begin < step.bytes.size();) {
      const std::size_t in_sector = sector - (step.offset + begin) % sector;
      const std::size_t end = std::min(step.bytes.size(), begin + in_sector);
      if (keeps()) put(image, step, begin, end);
      begin = end;
    }
  }

  std::string before_;
  std::vector<disk_step> steps_;
};

}  // namespace weir::test
