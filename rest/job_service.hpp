// SPDX-License-Identifier: Apache-2.0
// job_service is all that makes a running job answer HTTP: router, server, and the file that tells where.
//
// Owner:      the handle of the job; the job must outlive it.
// Invariants: (1) a port that the user chose is used or refused, the default one gives way to a free one; (2) whoever asked
//             for a checkpoint or a stop can hear its outcome for `last_word` after the job is over.
// Errors:     in_use, invalid_argument, io of the address and of the file.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/job_observation.hpp"
#include "rest/rest_settings.hpp"
#include "rest/router.hpp"
#include "rest/server.hpp"
#include "weir/core/result.hpp"

namespace weir::rest {

class job_service {
 public:
  static constexpr std::chrono::milliseconds last_word{1000};

  /// The settings have a port.
  static result<std::unique_ptr<job_service>> start(job_controls& job,
                                                    const rest_settings& settings,
                                                    const std::filesystem::path& state_directory);
  ~job_service();
  job_service(const job_service&) = delete;
  job_service& operator=(const job_service&) = delete;

  std::uint16_t port() const { return server_->port(); }
  /// What the user should know about the start, a sentence each.
  const std::vector<std::string>& notices() const { return notices_; }

 private:
  job_service(job_controls& job, const rest_settings& settings,
              std::filesystem::path state_directory);
  result<void> listen(const rest_settings& settings);

  std::filesystem::path state_directory_;
  std::string job_id_;
  router router_;
  std::vector<std::string> notices_;
  std::unique_ptr<server> server_;
};

}  // namespace weir::rest
