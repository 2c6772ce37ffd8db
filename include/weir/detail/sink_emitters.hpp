// SPDX-License-Identifier: Apache-2.0
// fold_emitter and call_emitter are the ends of loops that fuse with the operators before them: fold_sink, callback_sink
// and discard_sink.
//
// Owner:      the task that runs them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/codec.hpp"
#include "weir/core/list_elements.hpp"
#include "weir/core/unit.hpp"

namespace weir::detail {

/// Folds records into one accumulator a subtask, which is part of every snapshot.
template <class T, class A, class F>
class fold_emitter {
 public:
  template <class Sink>
  fold_emitter(const std::string& uid, const Sink& sink)
      : f_(sink.fold()),
        part_(std::make_unique<fold_part>(uid, sink.initial(), sink.on_result())) {}

  void connect(batch_consumer_base*) {}
  void set_time(std::int64_t) {}
  class session {
   public:
    explicit session(fold_emitter& of) : of_(of), local_(std::move(of.part_->accumulator)) {}
    ~session() {
      of_.part_->accumulator = std::move(local_);
      of_.taken_ += taken_;
    }
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    void emit(const T& record) {
      of_.f_(local_, record);
      ++taken_;
    }

   private:
    fold_emitter& of_;
    A local_;
    std::uint64_t taken_ = 0;
  };
  template <class Loop>
  void with_session(Loop&& loop) {
    session folding(*this);
    loop(folding);
  }
  void flush() {}
  void add_parts(std::vector<operator_part*>& parts) { parts.push_back(part_.get()); }
  void attach(unit_host&) {}
  std::uint64_t records_taken() const { return taken_; }
  void on_end() { part_->ended = true; }
  void close() {}

 private:
  struct fold_part final : operator_part {
    fold_part(std::string uid, A initial, std::function<void(const A&)> on_result)
        : operator_part(std::move(uid)),
          accumulator(std::move(initial)),
          report(std::move(on_result)) {}

    bool snapshot(epoch_id epoch, operator_image& out) override {
      if (ended && !final_epoch) final_epoch = epoch;
      list_image image{"accumulator", codec<A>::schema(), list_mode::split, {}};
      image.chunks.push_back({chunk_kind::elements, {}, 1, {}});
      byte_writer writer(image.chunks.back().bytes);
      codec<A>::encode(accumulator, writer);
      out.lists.push_back(std::move(image));
      return true;
    }
    result<void> restore(operator_restore written) override {
      std::uint32_t found = 0;
      for (const auto& list : written.image.lists) {
        auto read = for_each_element<A>(list, "fold sink '" + uid() + "': its accumulator",
                                        [&](A&& written_one) {
                                          accumulator = std::move(written_one);
                                          ++found;
                                        });
        if (!read) return read;
      }
      if (found > 1) {
        return error{
            error_code::incompatible,
            "fold sink '" + uid() +
                "' cannot merge the accumulators of several subtasks: keep its parallelism"};
      }
      return {};
    }
    bool commit(epoch_id epoch) override {
      if (final_epoch && epoch >= *final_epoch && !reported) {
        reported = true;
        if (report) report(accumulator);
      }
      return true;
    }

    A accumulator;
    bool ended = false;
    bool reported = false;
    std::optional<epoch_id> final_epoch;
    std::function<void(const A&)> report;
  };

  F f_;
  std::unique_ptr<fold_part> part_;
  std::uint64_t taken_ = 0;
};

template <class T, class F>
class call_emitter {
 public:
  template <class Sink>
  call_emitter(const std::string&, const Sink& sink) : f_(sink.function()) {}
  void connect(batch_consumer_base*) {}
  void set_time(std::int64_t) {}
  class session {
   public:
    explicit session(call_emitter& of) : of_(of) {}
    ~session() { of_.taken_ += taken_; }
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    void emit(const T& record) {
      of_.f_(record);
      ++taken_;
    }

   private:
    call_emitter& of_;
    std::uint64_t taken_ = 0;
  };
  template <class Loop>
  void with_session(Loop&& loop) {
    session calling(*this);
    loop(calling);
  }
  void flush() {}
  void add_parts(std::vector<operator_part*>&) {}
  void attach(unit_host&) {}
  std::uint64_t records_taken() const { return taken_; }
  void on_end() {}
  void close() {}

 private:
  F f_;
  std::uint64_t taken_ = 0;
};

}  // namespace weir::detail
