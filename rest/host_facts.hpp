// SPDX-License-Identifier: Apache-2.0
// host_facts is what the documents tell of the process and its machine, beside the job.
//
// Owner:      a value, read once at the start.
#pragma once

#include <cstdint>
#include <string>

namespace weir::rest {

struct host_facts {
  std::string host;          ///< name of the machine
  std::string task_manager;  ///< id of this process among those of the job
  std::string version;       ///< of weir
  std::string timezone;
  std::int64_t timezone_offset_ms = 0;
  std::uint32_t cores = 1;
  std::uint64_t physical_memory = 0;

  static host_facts of_this_process();
};

}  // namespace weir::rest
