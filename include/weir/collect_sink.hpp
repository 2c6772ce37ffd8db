// SPDX-License-Identifier: Apache-2.0
// collect_sink puts records into a collection of the program, exactly once within one process: they appear when their
// checkpoint is complete.
//
// Owner:      the collection is shared between program and tasks, and has a lock; the sink's task owns the rest.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/core/codec.hpp"
#include "weir/core/unit.hpp"

namespace weir {

/// A collection that a collect_sink fills, shared with the program. Thread safe.
template <class T>
class collected {
 public:
  /// A copy of what was committed so far, in no particular order between subtasks.
  std::vector<T> records() const {
    const std::lock_guard hold(mutex_);
    return records_;
  }
  std::size_t size() const {
    const std::lock_guard hold(mutex_);
    return records_.size();
  }
  /// The newest epoch of which any subtask has shown records; 0: none.
  epoch_id newest_epoch() const {
    const std::lock_guard hold(mutex_);
    epoch_id newest;
    for (const auto& [subtask, epoch] : committed_) newest = std::max(newest, epoch);
    return newest;
  }
  /// Adds the records of one epoch of one subtask, unless it has them already (a repeated commit).
  void add(std::uint32_t subtask, epoch_id epoch, const std::vector<T>& records) {
    const std::lock_guard hold(mutex_);
    auto& last = committed_[subtask];
    if (epoch <= last) return;
    last = epoch;
    records_.insert(records_.end(), records.begin(), records.end());
  }

 private:
  mutable std::mutex mutex_;
  std::vector<T> records_;
  std::map<std::uint32_t, epoch_id> committed_;
};

namespace detail {
template <class T>
class collect_unit final : public operator_unit, public batch_consumer<T> {
 public:
  collect_unit(const std::string& uid, std::shared_ptr<collected<T>> target)
      : part_(uid, std::move(target)) {}

  batch_consumer_base* input() override { return this; }
  void set_output(std::uint32_t, batch_consumer_base*) override {}
  void attach(unit_host& host) override { part_.host = &host; }
  void on_batch(batch<T>& records) override {
    for (auto& record : records) part_.open.push_back(std::move(record));
    taken_ += records.size();
  }
  std::uint64_t records_taken() const override { return taken_; }
  std::span<operator_part* const> parts() override { return parts_; }

 private:
  struct pending {
    std::uint32_t subtask;
    epoch_id epoch;
    std::vector<T> records;
  };
  struct collect_part final : operator_part {
    collect_part(std::string uid, std::shared_ptr<collected<T>> into)
        : operator_part(std::move(uid)), target(std::move(into)) {}

    bool snapshot(epoch_id epoch, operator_image& out) override {
      if (!open.empty()) unconfirmed.push_back({host->subtask().index, epoch, std::move(open)});
      open.clear();
      for (const auto& intent : unconfirmed) {  // P17: every intent that is not confirmed
        byte_vector bytes;
        byte_writer writer(bytes);
        writer.scalar(intent.subtask);
        writer.scalar(intent.epoch.value);
        codec<std::vector<T>>::encode(intent.records, writer);
        out.intents.push_back(std::move(bytes));
      }
      return true;
    }
    result<void> restore(operator_restore written) override {
      for (const auto& bytes : written.image.intents) {
        byte_reader reader(bytes);
        pending intent{reader.scalar<std::uint32_t>(), {reader.scalar<std::uint64_t>()}, {}};
        if (!codec<std::vector<T>>::decode(reader, intent.records) || reader.failed()) {
          return error{error_code::corrupt,
                       "collect sink '" + uid() + "': an intent does not decode"};
        }
        if (intent.subtask % host->subtask().parallelism != host->subtask().index) continue;
        unconfirmed.push_back(std::move(intent));
      }
      return {};
    }
    bool commit(epoch_id epoch) override {
      while (!unconfirmed.empty() && unconfirmed.front().epoch <= epoch) {
        auto& intent = unconfirmed.front();
        target->add(intent.subtask, intent.epoch, intent.records);
        unconfirmed.pop_front();
      }
      return true;
    }

    std::shared_ptr<collected<T>> target;
    unit_host* host = nullptr;
    std::vector<T> open;
    std::deque<pending> unconfirmed;
  };

  collect_part part_;
  std::array<operator_part*, 1> parts_{&part_};
  std::uint64_t taken_ = 0;
};
}  // namespace detail

/// Records into a collection of the program. Exactly-once within one process: they appear when their checkpoint is
/// complete.
template <class T>
class collect_sink {
 public:
  explicit collect_sink(std::shared_ptr<collected<T>> target) : target_(std::move(target)) {}
  std::string describe() const { return "collect"; }
  std::string guarantee() const {
    return "exactly-once within one process: records appear when their checkpoint is complete";
  }
  bool recognises_epochs() const { return false; }
  template <class U>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    static_assert(std::is_same_v<U, T>, "collect_sink: the stream has another record type");
    return std::make_unique<detail::collect_unit<T>>(uid, target_);
  }

 private:
  std::shared_ptr<collected<T>> target_;
};

}  // namespace weir
