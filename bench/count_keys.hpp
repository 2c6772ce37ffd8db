// SPDX-License-Identifier: Apache-2.0
// count_keys is the counter of keyed-count as an application would write it: each record gives its key's count so far.
#pragma once

#include <cstdint>

#include "bench/works.hpp"
#include "weir/operators.hpp"
#include "weir/state.hpp"

namespace weir::bench {

struct count_keys final : keyed_process<std::uint64_t, keyed_record, keyed_count> {
  value_state<std::uint64_t> seen{*this, "seen", 0};

  void process(const keyed_record& record, context&, collector<keyed_count>& out) override {
    const std::uint64_t count = seen.value() + 1;
    seen.update(count);
    out.emit({record.key, count});
  }
};

}  // namespace weir::bench
