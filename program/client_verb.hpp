// SPDX-License-Identifier: Apache-2.0
// client_verb is a verb of the command line that asks a running job over HTTP, or tells it to do something: `status`,
// `checkpoints`, `exceptions`, `crash`, `checkpoint`, `stop`, `cancel`.
//
// Owner:      main(), on its thread.
// Errors:     of run(): connection and not_found mean that no job is there (exit code 5), invalid_argument that it refuses
//             (2), everything else that what was asked for has failed (1).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rest/document.hpp"
#include "rest/job_client.hpp"
#include "weir/core/result.hpp"

namespace CLI {
class App;
}

namespace weir {

class client_verb {
 public:
  virtual ~client_verb() = default;
  virtual std::string name() const = 0;
  /// One line of help.
  virtual std::string purpose() const = 0;
  /// Lines "word_count status --why", without the program's name.
  virtual std::vector<std::string> examples() const = 0;
  virtual void add_options(CLI::App&) {}
  /// The text to print, with its newline.
  virtual result<std::string> run(rest::job_client& job) = 0;
};

std::unique_ptr<client_verb> make_status_verb();
std::unique_ptr<client_verb> make_checkpoints_verb();
std::unique_ptr<client_verb> make_exceptions_verb();
std::unique_ptr<client_verb> make_crash_verb();
std::unique_ptr<client_verb> make_checkpoint_verb();
std::unique_ptr<client_verb> make_stop_verb();
std::unique_ptr<client_verb> make_cancel_verb();

/// Polls what was begun at `path` until it is over; the checkpoint's number. `cause`: the field that says why it failed.
result<std::uint64_t> wait_for_trigger(rest::job_client& job, const std::string& path,
                                       const std::string& cause);

}  // namespace weir
