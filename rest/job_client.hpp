// SPDX-License-Identifier: Apache-2.0
// job_client asks a running job over HTTP: what the verbs of the command line are made of.
//
// Owner:      one thread.
// Errors:     connection: nobody answers, or the answer broke off; otherwise what the job says, as invalid_argument (4xx)
//             or io (5xx).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "rest/address_file.hpp"
#include "rest/document.hpp"
#include "weir/core/result.hpp"

namespace weir::rest {

class job_client {
 public:
  /// The job whose state directory this is. not_found when none runs there: no file, or one that a process left behind.
  static result<job_client> at_directory(const std::filesystem::path& state_directory);
  /// The job that answers at "HOST:PORT". `token`: of weir.rest.token; may be empty.
  static result<job_client> at_address(const std::string& address, const std::string& token);

  job_client(job_client&&) noexcept;
  ~job_client();

  const job_address& address() const { return address_; }

  /// `path` below the job's own: "/checkpoints".
  result<document> get(const std::string& path) const;
  result<document> post(const std::string& path, const std::string& body) const;
  result<document> patch(const std::string& path) const;

 private:
  explicit job_client(job_address address);
  result<void> find_job();
  result<document> ask(const std::string& method, const std::string& path,
                       const std::string& body) const;

  class connection;
  job_address address_;
  std::unique_ptr<connection> connection_;
};

}  // namespace weir::rest
