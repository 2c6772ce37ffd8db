// SPDX-License-Identifier: Apache-2.0
// What a simulated run has on its simulated disks: the files of sinks, and the journals of sources.
#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "connectors/journaled_lines.hpp"
#include "connectors/part_names.hpp"
#include "simulation/machine_disks.hpp"
#include "simulation/simulated_peer.hpp"
#include "weir/testing.hpp"

namespace weir::testing {
namespace {

/// The lines of the part files that are visible in a directory.
class shown_parts final : public committed_output {
 public:
  explicit shown_parts(std::shared_ptr<faulty_parts> in) : in_(std::move(in)) {}

  std::vector<std::string> records() const override {
    std::vector<std::string> lines;
    for (const auto& [name, content] : in_->storage().entries()) {
      if (!parse_final(name)) continue;
      std::istringstream text(content->bytes);
      for (std::string line; std::getline(text, line);) lines.push_back(line);
    }
    return lines;
  }
  epoch_id newest_epoch() const override {
    const auto operations = in_->storage().operations();
    if (operations == seen_at_) return newest_;
    seen_at_ = operations;
    newest_ = {};
    for (const auto& [name, content] : in_->storage().entries()) {
      if (const auto part = parse_final(name)) newest_ = std::max(newest_, part->epoch);
    }
    return newest_;
  }

 private:
  std::shared_ptr<faulty_parts> in_;
  // asked for after each step
  mutable std::optional<std::uint64_t> seen_at_;
  mutable epoch_id newest_;
};

}  // namespace

file_sink_options simulated_run::files(const std::string& name) {
  auto storage = disks_->parts(name);
  auto& place = outputs_[name];
  if (!place) place = std::make_shared<shown_parts>(storage);
  file_sink_options options;
  options.directory = name;
  options.storage = std::move(storage);
  return options;
}

journaled_place simulated_run::place_of(const std::string& name, std::vector<std::string> lines) {
  auto& peer = peers_[name];
  if (!peer) peer = std::make_shared<simulated_peer>(simulated_peer{std::move(lines)});
  return {name, disks_, peer};
}

std::unique_ptr<line_feed> make_simulated_lines(std::string uid, const journaled_place& at) {
  socket_lines_options socket;
  socket.reconnect = false;
  socket.connect_timeout_ms = 3'600'000;  // real time, which must not matter
  journal_options journal;
  journal.with_peer = handshake::required;
  journal.sync_delay = std::chrono::microseconds(0);
  journal.segment_bytes = 512;
  return make_journaled_lines(std::move(uid), socket, journal, [at](intake_settings& settings) {
    settings.open_disk = [at] { return at.disks->journal(at.name); };
    settings.open_session = [at] {
      return std::make_unique<simulated_session>(at.peer, at.disks->draw());
    };
  });
}

}  // namespace weir::testing
