// SPDX-License-Identifier: Apache-2.0
// The groups of the table of all settings, one function each. A key stands in one of them when weir
// reads it, or when Flink has it and its absence must be explained (no_effect, unsupported).
//
// Owner:      constant data; any thread.
#pragma once

#include "common/configuration_key.hpp"

namespace weir::detail {

configuration_group checkpointing_keys();
configuration_group recovery_keys();
configuration_group restart_keys();
configuration_group job_keys();
configuration_group state_keys();
configuration_group process_keys();
configuration_group http_keys();
configuration_group metrics_keys();
configuration_group injection_keys();
configuration_group cluster_keys();

}  // namespace weir::detail
