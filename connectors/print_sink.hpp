// SPDX-License-Identifier: Apache-2.0
// print_sink_unit writes lines to a descriptor, as a line_sink. At-least-once: a snapshot is ready
// when everything before its marker is written.
//
// Owner:      the sink task; the fd_writer belongs to the lane jobs, except stop().
// Invariants: one lane job at a time; what comes meanwhile gathers for the next, in order.
// Source:     P11.
#pragma once

#include <memory>
#include <string>

#include "connectors/fd_writer.hpp"
#include "connectors/line_buffers.hpp"
#include "weir/core/line_sink.hpp"

namespace weir {

class print_sink_unit final : public line_sink {
 public:
  /// `fd` stays the caller's; make_print_sink gives 1.
  print_sink_unit(std::string uid, int fd) : line_sink(std::move(uid)), fd_(fd) {}
  ~print_sink_unit() override { close(); }

  void attach(unit_host& host) override { host_ = &host; }
  void open() override;
  std::string& buffer() override { return buffers_.open(); }
  void written() override {
    if (buffers_.is_full_buffer()) hand_on();
  }
  void flush() override { hand_on(); }
  bool ready() const override { return buffers_.has_room(); }
  void close() override;

  bool snapshot(epoch_id epoch, operator_image& out) override;
  bool collect(epoch_id epoch, operator_image& out) override;

 private:
  void hand_on();
  void on_written(std::string text);

  int fd_;
  unit_host* host_ = nullptr;
  std::shared_ptr<fd_writer> writer_;
  line_buffers buffers_;
  bool job_runs_ = false;
  bool closed_ = false;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t marker_bytes_ = 0;  ///< bytes before the newest marker
};

}  // namespace weir
