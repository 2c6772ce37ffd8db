// SPDX-License-Identifier: Apache-2.0
// asking is a router over a fake job, and short words for asking it.
//
// Owner:      a test case.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "rest/router.hpp"
#include "tests/rest/fake_job.hpp"

namespace weir::rest {

using pairs = std::multimap<std::string, std::string>;

struct asking {
  explicit asking(job_observation seen = observed_word_count(),
                  access_rules access = {"127.0.0.1", "", ""}, bool may_cancel = true)
      : job(std::move(seen)),
        answers(job, fake_host(), options_with(std::move(access), may_cancel)) {}

  rest_response ask(const std::string& method, const std::string& path, const pairs& query = {},
                    const std::string& body = "") {
    rest_request asked;
    asked.method = method;
    asked.path = path;
    asked.query = query;
    asked.headers = headers;
    asked.body = body;
    return answers.on_request(asked);
  }
  std::string get_text(const std::string& path, const pairs& query = {}) {
    const auto answer = ask("GET", path, query);
    INFO(path << ": " << answer.body);
    CHECK(answer.status == 200);
    return answer.body;
  }
  nlohmann::ordered_json get(const std::string& path, const pairs& query = {}) {
    return nlohmann::ordered_json::parse(get_text(path, query));
  }
  nlohmann::ordered_json post(const std::string& path, const std::string& body = "") {
    const auto answer = ask("POST", path, {}, body);
    INFO(path << ": " << answer.body);
    CHECK(answer.status == 202);
    return nlohmann::ordered_json::parse(answer.body);
  }

  fake_job job;
  std::chrono::steady_clock::time_point now{};
  pairs headers{{"host", "localhost:8081"}, {"x-weir-request", "1"}};
  router answers;

 private:
  router_options options_with(access_rules access, bool may_cancel) {
    router_options made;
    made.may_cancel = may_cancel;
    made.access = std::move(access);
    made.clock = [this] { return now; };
    made.new_id = [this] {
      const auto number = std::to_string(++ids_);
      return std::string(32 - number.size(), '0') + number;
    };
    return made;
  }
  int ids_ = 0;
};

}  // namespace weir::rest
