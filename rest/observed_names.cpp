// SPDX-License-Identifier: Apache-2.0
#include "rest/observed_names.hpp"

#include "weir/core/hash.hpp"

namespace weir::rest {

std::string_view name_of(observed_job_state state) {
  switch (state) {
    case observed_job_state::created:
      return "INITIALIZING";
    case observed_job_state::running:
      return "RUNNING";
    case observed_job_state::restarting:
      return "RESTARTING";
    case observed_job_state::cancelling:
      return "CANCELLING";
    case observed_job_state::finished:
      return "FINISHED";
    case observed_job_state::failed:
      return "FAILED";
    case observed_job_state::canceled:
      return "CANCELED";
  }
  return "RECONCILING";
}

std::string_view name_of(observed_task_state state) {
  switch (state) {
    case observed_task_state::created:
      return "CREATED";
    case observed_task_state::initializing:
      return "INITIALIZING";
    case observed_task_state::running:
      return "RUNNING";
    case observed_task_state::finished:
      return "FINISHED";
    case observed_task_state::canceled:
      return "CANCELED";
    case observed_task_state::failed:
      return "FAILED";
  }
  return "RECONCILING";
}

std::string_view name_of(observed_checkpoint_state state) {
  switch (state) {
    case observed_checkpoint_state::in_progress:
      return "IN_PROGRESS";
    case observed_checkpoint_state::completed:
      return "COMPLETED";
    case observed_checkpoint_state::failed:
      return "FAILED";
  }
  return "FAILED";
}

std::string operator_id(std::string_view operator_name) {
  const XXH128_hash_t hash = XXH3_128bits(operator_name.data(), operator_name.size());
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (const std::uint64_t half : {hash.high64, hash.low64}) {
    for (int shift = 60; shift >= 0; shift -= 4) id += digits[(half >> shift) & 15];
  }
  return id;
}

std::string vertex_id(const plan& of, std::uint32_t chain) {
  const auto head = of.chains[chain].units.front().nodes.front();
  return operator_id(of.logical->nodes[head].name);
}

std::optional<std::uint32_t> find_vertex(const plan& of, std::string_view id) {
  for (std::uint32_t chain = 0; chain < of.chains.size(); ++chain) {
    if (vertex_id(of, chain) == id) return chain;
  }
  return std::nullopt;
}

std::vector<std::string> operators_of(const plan& of, std::uint32_t chain) {
  std::vector<std::string> names;
  for (const auto& unit : of.chains[chain].units) {
    for (const auto node : unit.nodes) names.push_back(of.logical->nodes[node].name);
  }
  return names;
}

}  // namespace weir::rest
