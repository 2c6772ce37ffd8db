// SPDX-License-Identifier: Apache-2.0
#include "bench/hand/hand_works.hpp"

namespace weir::bench {

run_result run_hand(const work_settings& settings) {
  switch (settings.which) {
    case work::keyed_count:
      return run_hand_keyed_count(settings);
    case work::stateless:
      return run_hand_stateless(settings);
    case work::word_count:
      return settings.words == word_loop::simd ? run_hand_word_count_simd(settings)
                                               : run_hand_word_count(settings);
  }
  return {};
}

}  // namespace weir::bench
