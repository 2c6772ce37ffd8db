// SPDX-License-Identifier: Apache-2.0
// job_service is all that makes a running job answer HTTP: router, server, and the file that tells where.
//
// Owner:      the handle of the job; the job must outlive it.
// Invariants: (1) a port that the user chose is used or refused, the default one gives way to a free one; (2) whoever asked
//             for a checkpoint or a stop can hear its outcome for `last_word` after the job is over.
// Errors:     io of the file.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "coordinator/job_observation.hpp"
#include "rest/listen_socket.hpp"
#include "rest/rest_settings.hpp"
#include "rest/router.hpp"
#include "rest/server.hpp"
#include "weir/core/result.hpp"

namespace weir::rest {

/// The port of a job that is yet to start.
struct opened_port {
  listen_socket socket;
  std::string notice;  ///< what the user should know about it; mostly empty
};

/// The settings have a port. Errors: in_use when the user chose it and it is taken; invalid_argument, io.
result<opened_port> open_port(const rest_settings& settings);

class job_service {
 public:
  static constexpr std::chrono::milliseconds last_word{1000};

  static result<std::unique_ptr<job_service>> start(job_controls& job,
                                                    const rest_settings& settings, opened_port port,
                                                    const std::filesystem::path& state_directory);
  ~job_service();
  job_service(const job_service&) = delete;
  job_service& operator=(const job_service&) = delete;

  /// "127.0.0.1:8081"
  const std::string& address() const { return address_; }

 private:
  job_service(job_controls& job, const rest_settings& settings, opened_port port,
              std::filesystem::path state_directory);

  std::filesystem::path state_directory_;
  std::string job_id_;
  std::string address_;
  router router_;
  server server_;
};

}  // namespace weir::rest
