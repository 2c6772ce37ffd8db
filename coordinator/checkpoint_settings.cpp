// SPDX-License-Identifier: Apache-2.0
#include "coordinator/checkpoint_settings.hpp"

#include "common/duration.hpp"

namespace weir {

checkpoint_settings checkpoint_settings::from(const configuration& settings) {
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

std::string describe(const checkpoint_settings& settings) {
  if (!settings.enabled()) return "Checkpoints: none by time\n";
  const bool exact = settings.mode == checkpoint_mode::exactly_once;
  return "Checkpoints: each " + print_duration(settings.interval) + ", " +
         (exact
              ? "EXACTLY_ONCE\n  markers are aligned on every exchange\n"
              : "AT_LEAST_ONCE\n  markers are aligned on no exchange: after a failure records may "
                "count twice\n");
}

}  // namespace weir
