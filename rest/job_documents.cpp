// SPDX-License-Identifier: Apache-2.0
#include "rest/job_documents.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rest/observed_facts.hpp"
#include "rest/observed_names.hpp"
#include "rest/observed_settings.hpp"
#include "rest/vertex_documents.hpp"
#include "weir/core/key_group.hpp"

namespace weir::rest {
namespace {

std::int64_t duration_of(const job_observation& seen) {
  if (seen.started == not_known) return not_known;
  return std::max<std::int64_t>((seen.ended == not_known ? seen.now : seen.ended) - seen.started,
                                0);
}

unix_ms last_change(const job_observation& seen) {
  unix_ms last = seen.started;
  for (const auto& [state, when] : seen.timestamps) last = std::max(last, when);
  return last;
}

std::string_view ship_strategy(partitioning how) {
  switch (how) {
    case partitioning::key:
      return "HASH";
    case partitioning::broadcast:
      return "BROADCAST";
    case partitioning::rebalance:
      return "REBALANCE";
    case partitioning::forward:
    case partitioning::automatic:
      return "FORWARD";
  }
  return "FORWARD";
}

document plan_inputs(const plan& of, const planned_chain& chain) {
  document inputs = document::array();
  for (const auto exchange : chain.inputs) {
    inputs.push_back({{"num", inputs.size()},
                      {"id", vertex_id(of, of.exchanges[exchange].from_chain)},
                      {"ship_strategy", ship_strategy(of.exchanges[exchange].how)},
                      {"local_strategy", ""},
                      {"caching", ""},
                      {"exchange", "pipelined_bounded"}});
  }
  return inputs;
}

document plan_document(const job_identity& of) {
  document nodes = document::array();
  for (std::uint32_t chain = 0; chain < of.physical->chains.size(); ++chain) {
    const auto& planned = of.physical->chains[chain];
    nodes.push_back({{"id", vertex_id(*of.physical, chain)},
                     {"parallelism", planned.parallelism},
                     {"operator", ""},
                     {"operator_strategy", ""},
                     {"description", planned.name},
                     {"optimizer_properties", document::object()},
                     {"inputs", plan_inputs(*of.physical, planned)}});
  }
  return {{"jid", of.id}, {"name", of.name}, {"type", "STREAMING"}, {"nodes", std::move(nodes)}};
}

document timestamps_of(const job_observation& seen) {
  document made = document::object();
  for (const auto name : job_state_names) made[std::string(name)] = 0;
  for (const auto& [state, when] : seen.timestamps) made[std::string(name_of(state))] = when;
  return made;
}

document configuration_document(const job_identity& of) {
  document made = document::object();
  for (const auto& [key, value] : of.configuration) made[key] = shown_value(key, value);
  return made;
}

/// Name, and the story; weir adds the record that is blamed, where the job went on, and how long that took.
document exception_entry(const exception_record& thrown, const host_facts& host) {
  document made = {{"exceptionName", to_string(thrown.why.code)},
                   {"stacktrace", thrown.why.text()},
                   {"timestamp", thrown.when},
                   {"failureLabels", document::object()},
                   {"taskName", nullptr},
                   {"endpoint", host.host},
                   {"taskManagerId", host.task_manager},
                   {"concurrentExceptions", document::array()},
                   {"record", nullptr},
                   {"restoredCheckpoint", nullptr},
                   {"untilRunning", whole_ms(thrown.until_running)}};
  if (!thrown.task.empty()) made["taskName"] = thrown.task;
  if (thrown.record) made["record"] = *thrown.record;
  if (thrown.restored_to) made["restoredCheckpoint"] = thrown.restored_to->value;
  return made;
}

/// The same in Flink's old form.
document old_exception_entry(const exception_record& thrown, const host_facts& host) {
  return {{"exception", thrown.why.text()}, {"task", thrown.task},
          {"location", host.host},          {"endpoint", host.host},
          {"timestamp", thrown.when},       {"taskManagerId", host.task_manager}};
}

document resource_of(std::uint64_t memory) {
  constexpr std::uint64_t megabyte = std::uint64_t{1} << 20;
  return {{"cpuCores", 0},          {"taskHeapMemory", memory / megabyte},
          {"taskOffHeapMemory", 0}, {"managedMemory", 0},
          {"networkMemory", 0},     {"extendedResources", document::object()}};
}

}  // namespace

document overview_document(const job_observation& seen, const host_facts& host) {
  const bool over = is_over(seen.state);
  const auto slots = slots_of(seen);
  const auto is = [&](observed_job_state state) { return seen.state == state ? 1 : 0; };
  return {{"taskmanagers", 1},
          {"taskmanagers-blocked", 0},
          {"slots-total", slots},
          {"slots-available", over ? slots : 0},
          {"slots-free-and-blocked", 0},
          {"jobs-running", over ? 0 : 1},
          {"jobs-finished", is(observed_job_state::finished)},
          {"jobs-cancelled", is(observed_job_state::canceled)},
          {"jobs-failed", is(observed_job_state::failed)},
          {"flink-version", "weir " + host.version},
          {"flink-commit", ""}};
}

document dashboard_config_document(const job_observation& seen, const host_facts& host) {
  return {{"refresh-interval", setting_ms(*seen.identity, "web.refresh-interval", 3000)},
          {"timezone-name", host.timezone},
          {"timezone-offset", host.timezone_offset_ms},
          {"flink-version", "weir " + host.version},
          {"flink-revision", ""},
          {"features",
           {{"web-submit", false},
            {"web-cancel", setting(*seen.identity, "web.cancel.enable") != "false"},
            {"web-rescale", false},
            {"web-history", false}}}};
}

document jobs_document(const job_observation& seen) {
  document job = {{"id", seen.identity->id}, {"status", name_of(seen.state)}};
  return {{"jobs", document::array({std::move(job)})}};
}

document jobs_overview_document(const job_observation& seen) {
  document tasks = {{"total", seen.tasks.size()}};
  tasks.update(task_counts(seen.tasks));
  document job = {{"jid", seen.identity->id},
                  {"name", seen.identity->name},
                  {"state", name_of(seen.state)},
                  {"start-time", seen.started},
                  {"end-time", seen.ended},
                  {"duration", duration_of(seen)},
                  {"last-modification", last_change(seen)},
                  {"tasks", std::move(tasks)}};
  return {{"jobs", document::array({std::move(job)})}};
}

document job_document(const job_observation& seen) {
  document vertices = document::array();
  for (std::uint32_t chain = 0; chain < seen.identity->physical->chains.size(); ++chain) {
    vertices.push_back(vertex_entry(seen, chain));
  }
  return {{"jid", seen.identity->id},
          {"name", seen.identity->name},
          {"isStoppable", true},
          {"state", name_of(seen.state)},
          {"job-type", "STREAMING"},
          {"start-time", seen.started},
          {"end-time", seen.ended},
          {"duration", duration_of(seen)},
          {"maxParallelism", key_group_count},
          {"now", seen.now},
          {"timestamps", timestamps_of(seen)},
          {"vertices", std::move(vertices)},
          {"status-counts", task_counts(seen.tasks)},
          {"plan", plan_document(*seen.identity)}};
}

document job_status_document(const job_observation& seen) {
  return {{"status", name_of(seen.state)}};
}

document job_plan_document(const job_observation& seen) {
  return {{"plan", plan_document(*seen.identity)}};
}

document job_config_document(const job_observation& seen) {
  const auto& of = *seen.identity;
  const std::string strategy = setting(of, "restart-strategy.type");
  return {{"jid", of.id},
          {"name", of.name},
          {"execution-config",
           {{"restart-strategy", strategy.empty() ? "exponential-delay" : strategy},
            {"job-parallelism", setting_number(of, "parallelism.default", 1)},
            {"object-reuse-mode", true},
            {"user-config", configuration_document(of)}}}};
}

document job_manager_config_document(const job_observation& seen) {
  document made = document::array();
  for (const auto& [key, value] : seen.identity->configuration) {
    made.push_back({{"key", key}, {"value", shown_value(key, value)}});
  }
  return made;
}

document exceptions_document(const job_observation& seen, const host_facts& host,
                             std::size_t entries_max) {
  document entries = document::array();
  document old_entries = document::array();
  const auto shown = std::min(entries_max, seen.exceptions.size());
  for (std::size_t i = 0; i < shown; ++i) {
    entries.push_back(exception_entry(seen.exceptions[i], host));
    old_entries.push_back(old_exception_entry(seen.exceptions[i], host));
  }
  const bool truncated = seen.exceptions_truncated || shown < seen.exceptions.size();
  document made = {
      {"root-exception", nullptr},
      {"timestamp", nullptr},
      {"all-exceptions", std::move(old_entries)},
      {"truncated", truncated},
      {"exceptionHistory", {{"entries", std::move(entries)}, {"truncated", truncated}}}};
  if (!seen.exceptions.empty()) {
    made["root-exception"] = seen.exceptions.front().why.text();
    made["timestamp"] = seen.exceptions.front().when;
  }
  return made;
}

document task_manager_document(const job_observation& seen, const host_facts& host) {
  const auto slots = slots_of(seen);
  const bool over = is_over(seen.state);
  const auto free = host.physical_memory - std::min(host.physical_memory, seen.memory_bytes);
  document allocated = document::array();
  for (std::uint32_t slot = 0; !over && slot < slots; ++slot) {
    allocated.push_back({{"jobId", seen.identity->id}, {"resource", resource_of(0)}});
  }
  return {{"id", host.task_manager},
          {"path", host.host},
          {"dataPort", 0},
          {"jmxPort", -1},
          {"timeSinceLastHeartbeat", seen.now},
          {"slotsNumber", slots},
          {"freeSlots", over ? slots : 0},
          {"totalResource", resource_of(host.physical_memory)},
          {"freeResource", resource_of(free)},
          {"hardware",
           {{"cpuCores", host.cores},
            {"physicalMemory", host.physical_memory},
            {"freeMemory", free},
            {"managedMemory", 0}}},
          {"allocatedSlots", std::move(allocated)},
          {"metrics", {{"residentMemory", seen.memory_bytes}}}};
}

document task_managers_document(const job_observation& seen, const host_facts& host) {
  document one = task_manager_document(seen, host);
  one.erase("allocatedSlots");
  one.erase("metrics");
  return {{"taskmanagers", document::array({std::move(one)})}};
}

}  // namespace weir::rest
