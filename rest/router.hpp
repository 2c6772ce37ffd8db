// SPDX-License-Identifier: Apache-2.0
// router answers requests about one job: Flink's paths, and a few of weir's own. It knows neither sockets nor threads.
//
//   request -> access_rules -> path and method -> one look at the job -> document
//
// Owner:      one thread at a time: the server's.
// Invariants: (1) every request is answered, errors as {"errors": [text]}; (2) each answer is made from one look; (3) a
//             GET changes nothing.
// Source:     Flink's REST reference; docs/rest.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/job_observation.hpp"
#include "rest/access_rules.hpp"
#include "rest/document.hpp"
#include "rest/exposition_text.hpp"
#include "rest/host_facts.hpp"
#include "rest/rest_message.hpp"
#include "rest/trigger_table.hpp"

namespace weir::rest {

struct router_options {
  access_rules access{"127.0.0.1", "", ""};
  std::chrono::steady_clock::duration keep_triggers = std::chrono::minutes(5);
  bool may_cancel = true;  ///< web.cancel.enable
  std::function<std::chrono::steady_clock::time_point()> clock;
  std::function<std::string()> new_id;  ///< 32 random hexadecimal digits
};

class router {
 public:
  router(job_controls& job, host_facts host, router_options options);

  rest_response on_request(const rest_request& asked);

  /// Requests whose outcome nobody has heard. Any thread.
  std::size_t unanswered() const { return triggers_.unanswered(); }

 private:
  /// What a path's variables (":jobid") stand for.
  using variables = std::map<std::string, std::string, std::less<>>;
  using handler = std::function<rest_response(const rest_request&, const variables&)>;
  using look_handler = std::function<document(const job_observation&)>;
  using vertex_handler =
      std::function<rest_response(const rest_request&, const job_observation&, std::uint32_t)>;
  using subtask_handler = std::function<rest_response(const rest_request&, const job_observation&,
                                                      const task_reading&)>;
  struct route {
    std::string method;
    std::vector<std::string> segments;
    handler answer;
  };

  void add(const std::string& method, std::string_view pattern, handler answer);
  void add_document(std::string_view pattern, look_handler make);
  void add_vertex(std::string_view pattern, vertex_handler make);
  void add_subtask(std::string_view pattern, subtask_handler make);
  void add_routes();
  void add_checkpoint_routes();
  void add_vertex_routes();
  void add_metric_routes();
  void add_change_routes();

  rest_response dispatch(const rest_request& asked);
  rest_response exceptions(const rest_request& asked);
  rest_response channels(const rest_request& asked);
  rest_response begin(const rest_request& asked, trigger_kind kind);
  rest_response poll(const std::string& id, trigger_kind kind);
  rest_response cancel(const rest_request& asked);
  rest_response crash(const rest_request& asked);

  job_controls& job_;
  std::string job_id_;
  host_facts host_;
  router_options options_;
  trigger_table triggers_;
  exposition_text exposition_;  // the memory of the last one
  std::vector<route> routes_;   // the first that fits answers: fixed names before variables
};

}  // namespace weir::rest
