// SPDX-License-Identifier: Apache-2.0
// The works through weir's public API.
#pragma once

#include "bench/contender.hpp"

namespace weir::bench {

/// Does the work that the settings name as a job in this process. The timed part is from execute()
/// to the job's end; run_result::threads stays 0 unless all of them are busy all the time.
run_result run_weir(const work_settings& settings);

}  // namespace weir::bench
