// SPDX-License-Identifier: Apache-2.0
#include "rest/prometheus_text.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <utility>
#include <vector>

#include "rest/metric_values.hpp"
#include "rest/observed_names.hpp"

namespace weir::rest {
namespace {

using labels = std::vector<prometheus::ClientMetric::Label>;

/// Families in the order of their first series.
class metric_families {
 public:
  void add_gauges(const std::string& scope, const metric_values& values, const labels& of) {
    for (const auto& value : values) {
      auto& series = new_series(scope, value.name, value.help, prometheus::MetricType::Gauge, of);
      series.gauge.value = value.number;
    }
  }

  void add_latency(const std::string& scope, const latency_reading& read, const labels& of) {
    auto& series = new_series(scope, "latency",
                              "Seconds from a source's stamp on a batch to the sink that took it.",
                              prometheus::MetricType::Summary, of);
    series.summary.sample_count = read.samples;
    series.summary.sample_sum = read.sum_seconds;
    for (std::size_t i = 0; i < latency_quantiles.size(); ++i) {
      series.summary.quantile.push_back({latency_quantiles[i], read.quantiles[i]});
    }
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  static std::string name_of(const std::string& scope, std::string_view name) {
    std::string made = scope + "_";
    for (const char c : name) {
      const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == ':' || c == '_';
      made += allowed ? c : '_';
    }
    return made;
  }

  prometheus::ClientMetric& new_series(const std::string& scope, std::string_view name,
                                       std::string_view help, prometheus::MetricType type,
                                       const labels& of) {
    const auto [at, is_new] = index_.try_emplace(name_of(scope, name), families_.size());
    if (is_new) {
      families_.emplace_back();
      families_.back().name = at->first;
      families_.back().help = help;
      families_.back().type = type;
    }
    auto& family = families_[at->second];
    family.metric.emplace_back();
    family.metric.back().label = of;
    return family.metric.back();
  }

  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, std::size_t> index_;
};

labels job_labels(const job_observation& seen, const host_facts& host) {
  return {{"host", host.host}, {"job_id", seen.identity->id}, {"job_name", seen.identity->name}};
}

labels task_labels(const job_observation& seen, const host_facts& host, const task_reading& task) {
  const auto& physical = *seen.identity->physical;
  const auto& planned = physical.tasks[task.task.value];
  const std::string attempt = to_string(task.attempt);
  return {{"host", host.host},
          {"tm_id", host.task_manager},
          {"job_id", seen.identity->id},
          {"job_name", seen.identity->name},
          {"task_id", vertex_id(physical, planned.chain)},
          {"task_name", physical.chains[planned.chain].name},
          {"task_attempt_id", physical.task_name(task.task) + "#" + attempt},
          {"task_attempt_num", attempt},
          {"subtask_index", std::to_string(planned.subtask)}};
}

/// What weir counts for a task is what enters its first operator and leaves its last.
void add_operators(metric_families& to, const job_observation& seen, const task_reading& task,
                   const labels& of_task) {
  const std::string scope = "flink_taskmanager_job_task_operator";
  const auto& physical = *seen.identity->physical;
  const auto names = operators_of(physical, physical.tasks[task.task.value].chain);
  const auto labelled = [&](const std::string& name) {
    labels made = of_task;
    made.push_back({"operator_id", operator_id(name)});
    made.push_back({"operator_name", name});
    return made;
  };
  const auto read = [](std::string_view name, std::string_view help, std::uint64_t value) {
    return metric_value{name, help, static_cast<double>(value), {}};
  };
  to.add_gauges(scope,
                {read("numRecordsIn", "Records that the operator has taken.", task.records_in)},
                labelled(names.front()));
  to.add_gauges(scope,
                {read("numRecordsOut", "Records that the operator has sent.", task.records_out)},
                labelled(names.back()));
  if (task.latency) to.add_latency(scope, *task.latency, labelled(names.back()));
  for (const auto& state : task.states) {
    labels made = labelled(state.operator_name);
    made.push_back({"state", state.state});
    to.add_gauges(scope,
                  {read("stateBytes", "Bytes of the slots of a keyed state.", state.bytes),
                   read("stateEntries", "Entries of a keyed state.", state.entries)},
                  made);
  }
}

}  // namespace

std::string prometheus_text(const job_observation& seen, const host_facts& host) {
  metric_families made;
  made.add_gauges("flink_jobmanager", job_manager_metrics(seen), {{"host", host.host}});
  made.add_gauges("flink_jobmanager_job", job_metrics(seen), job_labels(seen, host));
  made.add_gauges("flink_taskmanager", task_manager_metrics(seen),
                  {{"host", host.host}, {"tm_id", host.task_manager}});
  for (const auto& task : seen.tasks) {
    const labels of_task = task_labels(seen, host, task);
    made.add_gauges("flink_taskmanager_job_task", task_metrics(seen, task), of_task);
    add_operators(made, seen, task, of_task);
  }
  return made.text();
}

}  // namespace weir::rest
