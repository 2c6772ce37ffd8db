// SPDX-License-Identifier: Apache-2.0
// What a simulated run shows of the files on its simulated disks.
#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "connectors/part_names.hpp"
#include "simulation/machine_disks.hpp"
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

}  // namespace weir::testing
