// SPDX-License-Identifier: Apache-2.0
#include "connectors/print_sink.hpp"

#include <unistd.h>

#include "connectors/lane_call.hpp"

namespace weir {

void print_sink_unit::open() {
  writer_ = std::make_shared<fd_writer>(fd_, "standard output");
}

void print_sink_unit::close() {
  closed_ = true;
  if (writer_) writer_->stop();
}

void print_sink_unit::hand_on() {
  if (job_runs_ || closed_ || buffers_.open().empty()) return;
  job_runs_ = true;
  auto work = [writer = writer_, text = buffers_.take()]() mutable -> result<std::string> {
    if (auto written = writer->write(text); !written) return written.error();
    return std::move(text);
  };
  host_->submit(
      lane_call(std::move(work), [this](std::string text) { on_written(std::move(text)); }));
}

void print_sink_unit::on_written(std::string text) {
  job_runs_ = false;
  bytes_written_ += text.size();
  buffers_.give_back(std::move(text));
  hand_on();
  host_->wake();
}

bool print_sink_unit::snapshot(epoch_id, operator_image&) {
  marker_bytes_ = bytes_written_ + buffers_.bytes();
  hand_on();
  return bytes_written_ == marker_bytes_;
}

/// When markers overlap because an epoch was aborted, the newest one decides: it includes the rest.
bool print_sink_unit::collect(epoch_id, operator_image&) {
  return bytes_written_ >= marker_bytes_;
}

std::unique_ptr<line_sink> make_print_sink(std::string uid) {
  return std::make_unique<print_sink_unit>(std::move(uid), STDOUT_FILENO);
}

}  // namespace weir
