// SPDX-License-Identifier: Apache-2.0
#include "coordinator/checkpoint_settings.hpp"

#include <string>

namespace weir {

result<checkpoint_settings> checkpoint_settings::from(const configuration& settings) {
  const auto concurrent =
      settings.get_integer("execution.checkpointing.max-concurrent-checkpoints");
  if (concurrent > 1) {
    return error{
        error_code::invalid_argument,
        "execution.checkpointing.max-concurrent-checkpoints = " + std::to_string(concurrent) +
            " is not supported: a task's state holds one frozen image at a time, so a second "
            "checkpoint would be declined by every task that still writes the first; "
            "expected 1"};
  }
  if (settings.get_boolean("execution.checkpointing.unaligned.enabled")) {
    return error{
        error_code::invalid_argument,
        "execution.checkpointing.unaligned.enabled = true is not supported yet: markers do "
        "not overtake records in this version; expected false"};
  }
  checkpoint_settings made;
  made.interval = settings.get_duration("execution.checkpointing.interval");
  made.timeout = settings.get_duration("execution.checkpointing.timeout");
  made.min_pause = settings.get_duration("execution.checkpointing.min-pause");
  made.tolerable_failures = static_cast<std::uint32_t>(
      settings.get_integer("execution.checkpointing.tolerable-failed-checkpoints"));
  made.retained =
      static_cast<std::uint32_t>(settings.get_integer("execution.checkpointing.num-retained"));
  made.mode = settings.get_choice("execution.checkpointing.mode") == "AT_LEAST_ONCE"
                  ? checkpoint_mode::at_least_once
                  : checkpoint_mode::exactly_once;
  return made;
}

}  // namespace weir
