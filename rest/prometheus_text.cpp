// SPDX-License-Identifier: Apache-2.0
#include "rest/prometheus_text.hpp"

#include <charconv>
#include <string_view>

#include "rest/exposition_text.hpp"
#include "rest/metric_values.hpp"
#include "rest/observed_names.hpp"

namespace weir::rest {
namespace {

void add_gauges(exposition_text& to, std::string_view scope, const metric_values& values,
                std::string_view labels) {
  for (const auto& value : values) {
    to.add(scope, value.name, value.help, metric_type::gauge, "", labels, value.number);
  }
}

void add_latency(exposition_text& to, std::string_view scope, const latency_reading& read,
                 const std::string& labels) {
  const auto add = [&](std::string_view suffix, const std::string& of, double value) {
    to.add(scope, "latency", "Seconds from a source's stamp on a batch to the sink that took it.",
           metric_type::summary, suffix, of, value);
  };
  for (std::size_t i = 0; i < latency_quantiles.size(); ++i) {
    char digits[16];
    const auto* end = std::to_chars(digits, digits + sizeof digits, latency_quantiles[i]).ptr;
    add("",
        labels + ",quantile=\"" + std::string(digits, static_cast<std::size_t>(end - digits)) +
            "\"",
        read.quantiles[i]);
  }
  add("_sum", labels, read.sum_seconds);
  add("_count", labels, static_cast<double>(read.samples));
}

metric_labels job_labels(const job_observation& seen, const host_facts& host) {
  return {{"host", host.host}, {"job_id", seen.identity->id}, {"job_name", seen.identity->name}};
}

metric_labels task_labels(const job_observation& seen, const host_facts& host,
                          const task_reading& task) {
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

struct record_count {
  std::uint64_t records = 0;
  double per_second = 0;
};
struct operator_counts {
  std::optional<record_count> in;
  std::optional<record_count> out;
};

/// What is known of each operator of a task's chain: records are counted where a source reads, where they enter and leave
/// by channels, and where a sink takes them.
std::vector<operator_counts> counts_of(const plan& physical, const task_reading& task,
                                       std::size_t operators) {
  const auto& chain = physical.chain_of(task.task);
  const record_count read{task.records_read, task.records_read_per_second};
  const record_count written{task.records_written, task.records_written_per_second};
  std::vector<operator_counts> counts(operators);
  counts.front().in = {task.records_in, task.records_in_per_second};
  if (chain.has_source) counts.front().in = counts.front().out = read;
  counts.back().out = {task.records_out, task.records_out_per_second};
  if (chain.has_sink) counts.back().in = counts.back().out = written;
  return counts;
}

void add_operators(exposition_text& to, const job_observation& seen, const task_reading& task,
                   const std::string& of_task) {
  constexpr std::string_view scope = "flink_taskmanager_job_task_operator";
  const auto& physical = *seen.identity->physical;
  const auto names = operators_of(physical, physical.tasks[task.task.value].chain);
  const auto labelled = [&](const std::string& name) {
    return of_task + "," +
           labels_text({{"operator_id", operator_id(name)}, {"operator_name", name}});
  };
  const auto add = [&](std::string_view name, std::string_view help, const std::string& labels,
                       auto value) {
    to.add(scope, name, help, metric_type::gauge, "", labels, static_cast<double>(value));
  };
  const auto counts = counts_of(physical, task, names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto labels = labelled(names[i]);
    if (const auto& in = counts[i].in) {
      add("numRecordsIn", "Records that the operator has taken.", labels, in->records);
      add("numRecordsInPerSecond", "Records taken a second.", labels, in->per_second);
    }
    if (const auto& out = counts[i].out) {
      add("numRecordsOut", "Records that the operator has sent.", labels, out->records);
      add("numRecordsOutPerSecond", "Records sent a second.", labels, out->per_second);
    }
  }
  if (task.latency) add_latency(to, scope, *task.latency, labelled(names.back()));
  for (const auto& state : task.states) {
    const auto labels = labelled(state.operator_name) + "," + labels_text({{"state", state.state}});
    add("stateBytes", "Bytes of the slots of a keyed state.", labels, state.bytes);
    add("stateEntries", "Entries of a keyed state.", labels, state.entries);
  }
}

}  // namespace

std::string prometheus_text(const job_observation& seen, const host_facts& host,
                            exposition_text& made) {
  made.clear();
  add_gauges(made, "flink_jobmanager", job_manager_metrics(seen),
             labels_text({{"host", host.host}}));
  add_gauges(made, "flink_jobmanager_job", job_metrics(seen), labels_text(job_labels(seen, host)));
  add_gauges(made, "flink_taskmanager", task_manager_metrics(seen),
             labels_text({{"host", host.host}, {"tm_id", host.task_manager}}));
  for (const auto& task : seen.tasks) {
    const auto of_task = labels_text(task_labels(seen, host, task));
    add_gauges(made, "flink_taskmanager_job_task", task_metrics(seen, task), of_task);
    add_operators(made, seen, task, of_task);
  }
  return made.text();
}

std::string channels_text(const job_observation& seen, const host_facts& host,
                          exposition_text& made) {
  made.clear();
  const auto& physical = *seen.identity->physical;
  for (const auto& task : seen.tasks) {
    const auto of_task = labels_text(task_labels(seen, host, task));
    for (const auto& channel : task.outputs) {
      const auto& to = physical.tasks[channel.to.value];
      const auto labels = of_task + "," +
                          labels_text({{"to_task_name", physical.chains[to.chain].name},
                                       {"to_subtask_index", std::to_string(to.subtask)},
                                       {"exchange", std::to_string(channel.exchange)}});
      const auto add = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        made.add("flink_taskmanager_job_task_channel", name, help, metric_type::gauge, "", labels,
                 static_cast<double>(value));
      };
      add("numRecordsOut", "Records sent over a channel.", channel.records);
      add("numBytesOut", "Bytes sent over a channel.", channel.bytes);
      add("numBuffersOut", "Batches sent over a channel.", channel.batches);
      add("buffersInFlight", "Batches sent over a channel that the receiver has not taken.",
          channel.in_flight);
      add("credits", "Most batches that may be in flight on a channel.", channel.credits);
    }
  }
  return made.text();
}

}  // namespace weir::rest
