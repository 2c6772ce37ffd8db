// SPDX-License-Identifier: Apache-2.0
// audit_ack compares what a task declares that it sent with what the store holds (P12).
//
// Owner:      a free function over values.
// Invariants: passes exactly when both name the same states, each with the same chunks in the same
//             order.
#pragma once

#include "coordinator/checkpoint_reports.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// error_code::corrupt with operator, state, chunk and both numbers.
result<void> audit_ack(const task_ack& ack);

}  // namespace weir
