// SPDX-License-Identifier: Apache-2.0
// The router's paths below a job: checkpoints, vertices, and all metrics.
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "rest/checkpoint_documents.hpp"
#include "rest/job_documents.hpp"
#include "rest/metric_documents.hpp"
#include "rest/observed_names.hpp"
#include "rest/prometheus_text.hpp"
#include "rest/router.hpp"
#include "rest/vertex_documents.hpp"

namespace weir::rest {
namespace {

constexpr const char* prometheus_type = "text/plain; version=0.0.4; charset=utf-8";
/// Of one text: there may be as many as the square of the tasks.
constexpr std::size_t channels_max = 1024;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || status != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

metric_query query_of(const rest_request& asked) {
  return {std::string(asked.parameter("get")), std::string(asked.parameter("agg")),
          std::string(asked.parameter("subtasks"))};
}

rest_response answer(const document& made) {
  return {200, to_text(made)};
}

rest_response answer(const result<document>& made) {
  return made ? answer(*made) : refusal(made.error());
}

rest_response no_checkpoint(std::string_view id) {
  return refusal(404, "checkpoint '" + std::string(id) +
                          "' is not in the history (web.checkpoints.history entries are kept)");
}

/// Flink's form for a whole vertex: "0.numRecordsIn".
document vertex_metrics(const job_observation& seen, std::uint32_t chain,
                        const metric_query& query) {
  document made = document::array();
  for (const auto& task : tasks_of(seen, chain)) {
    const auto subtask = seen.identity->physical->tasks[task.task.value].subtask;
    for (const auto& value : task_metrics(seen, task)) {
      const std::string id = std::to_string(subtask) + "." + std::string(value.name);
      if (query.get.empty()) {
        made.push_back(document::object({{"id", id}}));
      } else if (("," + query.get + ",").find("," + id + ",") != std::string::npos) {
        made.push_back({{"id", id}, {"value", value.text}});
      }
    }
  }
  return made;
}

rest_response subtask_metrics(const job_observation& seen, std::uint32_t chain,
                              const metric_query& query) {
  const auto tasks = tasks_of(seen, chain);
  const auto chosen = parse_subtasks(query.subtasks, static_cast<std::uint32_t>(tasks.size()));
  if (!chosen) return refusal(chosen.error());
  std::vector<metric_values> values;
  for (const auto subtask : *chosen) values.push_back(task_metrics(seen, tasks[subtask]));
  return answer(aggregated_document(values, query));
}

}  // namespace

void router::add_checkpoint_routes() {
  add_document("/jobs/:jobid/checkpoints", checkpoints_document);
  add_document("/jobs/:jobid/checkpoints/config", checkpoint_config_document);
  add("GET", "/jobs/:jobid/checkpoints/details/:checkpointid",
      [this](const rest_request&, const variables& of) {
        const auto& id = of.find("checkpointid")->second;
        const auto number = number_of(id);
        const auto made = number ? checkpoint_document(job_.observe(), *number) : std::nullopt;
        return made ? answer(*made) : no_checkpoint(id);
      });
  add("GET", "/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid",
      [this](const rest_request&, const variables& of) {
        const auto seen = job_.observe();
        const auto& id = of.find("checkpointid")->second;
        const auto chain = find_vertex(*seen.identity->physical, of.find("vertexid")->second);
        if (!chain) return refusal(404, "vertex '" + of.find("vertexid")->second + "' is unknown");
        const auto number = number_of(id);
        const auto made =
            number ? checkpoint_subtasks_document(seen, *number, *chain) : std::nullopt;
        return made ? answer(*made) : no_checkpoint(id);
      });
}

void router::add_vertex(std::string_view pattern, vertex_handler make) {
  add("GET", pattern,
      [this, make = std::move(make)](const rest_request& asked, const variables& of) {
        const auto seen = job_.observe();
        const auto& id = of.find("vertexid")->second;
        const auto chain = find_vertex(*seen.identity->physical, id);
        if (!chain) return refusal(404, "vertex '" + id + "' is unknown; /jobs/:jobid lists them");
        return make(asked, seen, *chain);
      });
}

void router::add_subtask(std::string_view pattern, subtask_handler make) {
  add("GET", pattern,
      [this, make = std::move(make)](const rest_request& asked, const variables& of) {
        const auto seen = job_.observe();
        const auto chain = find_vertex(*seen.identity->physical, of.find("vertexid")->second);
        if (!chain) return refusal(404, "vertex '" + of.find("vertexid")->second + "' is unknown");
        const auto tasks = tasks_of(seen, *chain);
        const auto index = number_of(of.find("index")->second);
        if (!index || *index >= tasks.size()) {
          return refusal(404, "subtask '" + of.find("index")->second +
                                  "' is unknown; expected 0 to " +
                                  std::to_string(tasks.size() - 1));
        }
        return make(asked, seen, tasks[*index]);
      });
}

void router::add_vertex_routes() {
  using look = const job_observation&;
  add_document("/jobs/:jobid", job_document);
  const std::string vertex = "/jobs/:jobid/vertices/:vertexid";
  add_vertex(vertex, [this](const rest_request&, look seen, std::uint32_t chain) {
    return answer(vertex_document(seen, chain, host_));
  });
  add_vertex(vertex + "/backpressure", [](const rest_request&, look seen, std::uint32_t chain) {
    return answer(backpressure_document(seen, chain));
  });
  add_vertex(vertex + "/watermarks", [](const rest_request&, look seen, std::uint32_t chain) {
    return answer(watermarks_document(seen, chain));
  });
  add_vertex(vertex + "/metrics", [](const rest_request& asked, look seen, std::uint32_t chain) {
    return answer(vertex_metrics(seen, chain, query_of(asked)));
  });
  add_vertex(vertex + "/subtasks/metrics",
             [](const rest_request& asked, look seen, std::uint32_t chain) {
               return subtask_metrics(seen, chain, query_of(asked));
             });
  add_subtask(vertex + "/subtasks/:index/metrics",
              [](const rest_request& asked, look seen, const task_reading& task) {
                return answer(metrics_document(task_metrics(seen, task), query_of(asked)));
              });
  add_subtask(vertex + "/subtasks/:index/channels",
              [](const rest_request&, look seen, const task_reading& task) {
                return answer(channels_document(seen, task));
              });
}

void router::add_metric_routes() {
  using source = metric_values (*)(const job_observation&);
  const auto metrics = [this](const std::string& path, source values) {
    add("GET", path, [this, values](const rest_request& asked, const variables&) {
      return answer(metrics_document(values(job_.observe()), query_of(asked)));
    });
  };
  const auto aggregated = [this](const std::string& path, source values) {
    add("GET", path, [this, values](const rest_request& asked, const variables&) {
      return answer(aggregated_document({values(job_.observe())}, query_of(asked)));
    });
  };
  metrics("/jobmanager/metrics", job_manager_metrics);
  aggregated("/taskmanagers/metrics", task_manager_metrics);
  aggregated("/jobs/metrics", job_metrics);
  metrics("/jobs/:jobid/metrics", job_metrics);
  metrics("/taskmanagers/:taskmanagerid/metrics", task_manager_metrics);
  add("GET", "/taskmanagers/:taskmanagerid", [this](const rest_request&, const variables& of) {
    const auto& id = of.find("taskmanagerid")->second;
    if (id != host_.task_manager) return refusal(404, "task manager '" + id + "' is unknown");
    return answer(task_manager_document(job_.observe(), host_));
  });
  add("GET", "/metrics", [this](const rest_request&, const variables&) {
    return rest_response{200, prometheus_text(job_.observe(), host_, exposition_), prometheus_type};
  });
  add("GET", "/metrics/channels",
      [this](const rest_request& asked, const variables&) { return channels(asked); });
}

rest_response router::channels(const rest_request& asked) {
  auto seen = job_.observe();
  if (asked.query.contains("task")) {
    const auto name = asked.parameter("task");
    const auto task = seen.identity->physical->find_task(name);
    if (!task) {
      return refusal(404, "task '" + std::string(name) + "' is unknown; expected one as count/0");
    }
    seen.tasks = {seen.tasks[task->value]};
  }
  std::size_t count = 0;
  for (const auto& task : seen.tasks) count += task.outputs.size();
  if (count > channels_max) {
    return refusal(400, "the job has " + std::to_string(count) + " channels, more than " +
                            std::to_string(channels_max) +
                            "; expected those of one task to be asked for, with ?task=count/0");
  }
  return {200, channels_text(seen, host_, exposition_), prometheus_type};
}

}  // namespace weir::rest
