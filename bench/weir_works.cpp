// SPDX-License-Identifier: Apache-2.0
#include "bench/weir_works.hpp"

namespace weir::bench {

run_result run_weir(const work_settings&) {
  run_result result;
  result.failure = "the works through weir's API are not written yet; use --only hand";
  return result;
}

}  // namespace weir::bench
