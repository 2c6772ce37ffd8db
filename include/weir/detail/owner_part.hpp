// SPDX-License-Identifier: Apache-2.0
// owner_part is the durable side of an operator that has a state_owner: its keyed tables and its lists.
//
// Owner:      the task that runs the operator.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/state_owner.hpp"
#include "weir/core/unit.hpp"

namespace weir::detail {

class owner_part final : public operator_part {
 public:
  owner_part(std::string uid, state_owner& owner) : operator_part(std::move(uid)), owner_(owner) {}

  std::vector<keyed_image> keyed() override {
    std::vector<keyed_image> all;
    for (const auto& entry : owner_.keyed_states()) {
      all.push_back({entry.name, entry.schema, entry.image});
    }
    return all;
  }
  bool snapshot(epoch_id, operator_image& out) override {
    for (const auto& entry : owner_.list_states()) out.lists.push_back(entry.store->image());
    return true;
  }
  result<void> restore(operator_restore written) override {
    for (const auto& list : written.image.lists) {
      for (const auto& entry : owner_.list_states()) {
        if (entry.name != list.name) continue;
        if (auto done = entry.store->restore(list); !done) return done.error();
      }
    }
    return {};
  }

 private:
  state_owner& owner_;
};

}  // namespace weir::detail
