// SPDX-License-Identifier: Apache-2.0
// A keyed count for tests of whole jobs: every record emits its key and the key's count so far.
#pragma once

#include <cstdint>

#include "weir/weir.hpp"

namespace weir::test {

struct counted {
  std::uint64_t key = 0;
  std::int64_t count = 0;
};
WEIR_RECORD(counted, key, count)

struct count_keys final : keyed_process<std::uint64_t, std::uint64_t, counted> {
  value_state<std::int64_t> seen{*this, "seen", 0};
  void process(const std::uint64_t& key, context&, collector<counted>& out) override {
    seen.update(seen.value() + 1);
    out.emit({key, seen.value()});
  }
};

}  // namespace weir::test
