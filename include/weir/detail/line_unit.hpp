// SPDX-License-Identifier: Apache-2.0
// line_unit writes each record as one line of a line_sink (print_sink, file_sink).
//
// Owner:      the task that runs it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "weir/core/line_sink.hpp"
#include "weir/core/text.hpp"
#include "weir/core/unit.hpp"

namespace weir::detail {

/// Writes each record as one line of a line_sink.
template <class T>
class line_unit final : public operator_unit, public batch_consumer<T> {
 public:
  explicit line_unit(std::unique_ptr<line_sink> sink)
      : sink_(std::move(sink)), parts_{sink_.get()} {}

  batch_consumer_base* input() override { return this; }
  void set_output(std::uint32_t, batch_consumer_base*) override {}
  void attach(unit_host& host) override { sink_->attach(host); }
  void open() override { sink_->open(); }
  void on_batch(batch<T>& records) override {
    std::string& text = sink_->buffer();
    for (const auto& record : records) {
      append_text(text, record);
      text.push_back('\n');
    }
    taken_ += records.size();
    sink_->written();
  }
  std::uint64_t records_taken() const override { return taken_; }
  void flush() override { sink_->flush(); }
  bool holds_records() const override { return !sink_->buffer().empty(); }
  bool ready() const override { return sink_->ready(); }
  void close() override { sink_->close(); }
  std::span<operator_part* const> parts() override { return parts_; }

 private:
  std::unique_ptr<line_sink> sink_;
  std::array<operator_part*, 1> parts_;
  std::uint64_t taken_ = 0;
};

}  // namespace weir::detail
