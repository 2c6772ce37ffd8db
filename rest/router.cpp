// SPDX-License-Identifier: Apache-2.0
#include "rest/router.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "rest/job_documents.hpp"
#include "rest/job_summary.hpp"
#include "rest/observed_names.hpp"
#include "rest/request_body.hpp"

namespace weir::rest {
namespace {

constexpr std::size_t segments_max = 16;
constexpr std::uint64_t exceptions_asked_max = 1000;

/// "/a/b/" as a, b; nothing when it has more parts than any path.
std::optional<std::vector<std::string>> segments_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(path.front() == '/' ? 1 : 0);
    const auto end = std::min(path.find('/'), path.size());
    if (end != 0) parts.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
    if (parts.size() > segments_max) return std::nullopt;
  }
  return parts;
}

bool is_id(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

rest_response answer(const document& made) {
  return {200, to_text(made)};
}

rest_response accepted(const document& made) {
  return {202, to_text(made)};
}

document outcome_document(const trigger_table::outcome& of, trigger_kind kind) {
  document made = {{"status", {{"id", of.ended ? "COMPLETED" : "IN_PROGRESS"}}}};
  if (!of.ended) return made;
  const bool stops = kind == trigger_kind::stop;
  document operation = document::object();
  if (*of.ended) {
    const auto epoch = **of.ended;
    operation["checkpointId"] = epoch.value;
  } else {
    operation[stops ? "failure-cause" : "failureCause"] = {
        {"class", to_string(of.ended->error().code)}, {"stack-trace", of.ended->error().text()}};
  }
  made["operation"] = std::move(operation);
  return made;
}

}  // namespace

router::router(job_controls& job, host_facts host, router_options options)
    : job_(job),
      job_id_(job.observe().identity->id),
      host_(std::move(host)),
      options_(std::move(options)),
      triggers_(job, options_.keep_triggers) {
  add_routes();
  add_checkpoint_routes();
  add_metric_routes();
  add_vertex_routes();
  add_change_routes();
}

rest_response router::on_request(const rest_request& asked) {
  if (auto refused = options_.access.check(asked)) return *refused;
  return dispatch(asked);
}

rest_response router::dispatch(const rest_request& asked) {
  auto segments = segments_of(asked.path);
  if (!segments) return refusal(404, "no such path");
  if (!segments->empty() && segments->front() == "v1") segments->erase(segments->begin());
  const std::string method = asked.method == "HEAD" ? "GET" : asked.method;
  std::string allowed;
  for (const auto& each : routes_) {
    if (each.segments.size() != segments->size()) continue;
    variables values;
    bool fits = true;
    for (std::size_t i = 0; fits && i < segments->size(); ++i) {
      const auto& pattern = each.segments[i];
      if (pattern.front() == ':') {
        values[pattern.substr(1)] = (*segments)[i];
      } else {
        fits = pattern == (*segments)[i];
      }
    }
    if (!fits) continue;
    const auto id = values.find("jobid");
    if (id != values.end() && id->second != job_id_) {
      return refusal(404,
                     "job '" + id->second + "' is not known here; /jobs lists the one that is");
    }
    if (each.method == method) return each.answer(asked, values);
    if (allowed.find(each.method) == allowed.npos) {
      allowed += (allowed.empty() ? "" : ", ") + each.method;
    }
  }
  if (allowed.empty()) return refusal(404, "no such path: " + asked.path);
  auto refused = refusal(405, asked.method + " is not allowed here; expected " + allowed);
  refused.allow = allowed;
  return refused;
}

void router::add(const std::string& method, std::string_view pattern, handler answer) {
  routes_.push_back({method, *segments_of(pattern), std::move(answer)});
}

void router::add_document(std::string_view pattern, look_handler make) {
  add("GET", pattern, [this, make = std::move(make)](const rest_request&, const variables&) {
    return answer(make(job_.observe()));
  });
}

void router::add_routes() {
  using look = const job_observation&;
  add_document("/overview", [this](look seen) { return overview_document(seen, host_); });
  add_document("/config", [this](look seen) { return dashboard_config_document(seen, host_); });
  add_document("/jobs", jobs_document);
  add_document("/jobs/overview", jobs_overview_document);
  add_document("/jobmanager/config", job_manager_config_document);
  add_document("/taskmanagers", [this](look seen) { return task_managers_document(seen, host_); });
  add_document("/jobs/:jobid/status", job_status_document);
  add_document("/jobs/:jobid/plan", job_plan_document);
  add_document("/jobs/:jobid/config", job_config_document);
  add_document("/jobs/:jobid/summary", summary_document);
  add("GET", "/jobs/:jobid/exceptions",
      [this](const rest_request& asked, const variables&) { return exceptions(asked); });
}

rest_response router::exceptions(const rest_request& asked) {
  std::uint64_t most = 20;
  if (const auto text = asked.parameter("maxExceptions"); asked.query.contains("maxExceptions")) {
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), most);
    if (status != std::errc() || end != text.data() + text.size() || most > exceptions_asked_max) {
      return refusal(400, "maxExceptions=" + std::string(text) +
                              ": expected an integer from 0 to " +
                              std::to_string(exceptions_asked_max));
    }
  }
  return answer(exceptions_document(job_.observe(), host_, most));
}

void router::add_change_routes() {
  add("PATCH", "/jobs/:jobid",
      [this](const rest_request& asked, const variables&) { return cancel(asked); });
  add("POST", "/jobs/:jobid/stop", [this](const rest_request& asked, const variables&) {
    return begin(asked, trigger_kind::stop);
  });
  add("POST", "/jobs/:jobid/checkpoints", [this](const rest_request& asked, const variables&) {
    return begin(asked, trigger_kind::checkpoint);
  });
  add("GET", "/jobs/:jobid/checkpoints/:triggerid",
      [this](const rest_request&, const variables& of) {
        return poll(of.find("triggerid")->second, trigger_kind::checkpoint);
      });
  add("GET", "/jobs/:jobid/savepoints/:triggerid",
      [this](const rest_request&, const variables& of) {
        return poll(of.find("triggerid")->second, trigger_kind::stop);
      });
  add("POST", "/jobs/:jobid/savepoints", [](const rest_request&, const variables&) {
    return refusal(501, "savepoints are not supported yet; POST to .../checkpoints or .../stop");
  });
  add("POST", "/jobs/:jobid/crash",
      [this](const rest_request& asked, const variables&) { return crash(asked); });
}

rest_response router::cancel(const rest_request& asked) {
  if (!options_.may_cancel)
    return refusal(403, "web.cancel.enable = false: the job is not cancelled");
  const auto mode = asked.parameter("mode");
  if (!mode.empty() && mode != "cancel") {
    return refusal(400, "mode=" + std::string(mode) + ": expected cancel");
  }
  job_.cancel();
  return accepted(document::object());
}

rest_response router::begin(const rest_request& asked, trigger_kind kind) {
  constexpr auto text = field_type::text;
  const auto body =
      kind == trigger_kind::stop
          ? request_body::parse(asked.body, {{"targetDirectory", text},
                                             {"drain", field_type::boolean},
                                             {"formatType", text},
                                             {"triggerId", text}})
          : request_body::parse(asked.body, {{"checkpointType", text}, {"triggerId", text}});
  if (!body) return refusal(body.error());
  if (body->text("targetDirectory")) {
    return refusal(400,
                   "targetDirectory is not supported: the last checkpoint stays in the state "
                   "directory, and the next run resumes from it");
  }
  const std::string id = body->text("triggerId").value_or(options_.new_id());
  if (!is_id(id)) {
    return refusal(400, "triggerId '" + id + "': expected 32 hexadecimal digits in lower case");
  }
  if (auto begun = triggers_.begin(id, kind, options_.clock()); !begun) {
    return refusal(begun.error());
  }
  return accepted({{"request-id", id}});
}

rest_response router::poll(const std::string& id, trigger_kind kind) {
  const auto found = triggers_.find(id, kind, options_.clock());
  if (!found) return refusal(404, "no such path, and no request '" + id + "' is known (any more)");
  return answer(outcome_document(*found, kind));
}

rest_response router::crash(const rest_request& asked) {
  const auto body =
      request_body::parse(asked.body, {{"task", field_type::text}, {"fault", field_type::text}});
  if (!body) return refusal(body.error());
  const auto task = body->text("task");
  const auto fault = body->text("fault");
  if (task.has_value() == fault.has_value()) {
    return refusal(400, "expected either a field task (\"count/1\") or a field fault");
  }
  if (auto crashed = job_.crash(task ? *task : *fault); !crashed) return refusal(crashed.error());
  return accepted(document::object());
}

}  // namespace weir::rest
