// SPDX-License-Identifier: Apache-2.0
// address_file is where a running job says at which address it answers HTTP: a file `http-address` in its state directory,
// for the verbs that ask it. A process that is killed leaves it behind, so whoever reads it asks whether the job is there.
//
// Owner:      the runtime of the job writes it, and removes it at the end; anybody may read it.
// Invariants: (1) it appears as a whole, by rename, and only its owner may read it; (2) nobody removes a file that names
//             another run.
// Errors:     io, corrupt; not_found when there is none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "weir/core/result.hpp"

namespace weir::rest {

struct job_address {
  std::string host;
  std::uint16_t port = 0;
  std::string job_id;
  std::string job;    ///< its name
  std::string token;  ///< empty: none is needed
  std::int64_t process = 0;

  /// "127.0.0.1:8081"
  std::string text() const;
};

result<void> write_address(const std::filesystem::path& state_directory, const job_address& of);
result<job_address> read_address(const std::filesystem::path& state_directory);
/// Removes the file if it is of this run.
void remove_address(const std::filesystem::path& state_directory, const std::string& job_id);

}  // namespace weir::rest
