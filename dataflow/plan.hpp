// SPDX-License-Identifier: Apache-2.0
// plan is the physical job: which nodes form a chain, which tasks there are, how they are connected, and which of them
// must roll back together. It is a pure function of the graph and the default parallelism, so that every process of a
// job computes the same one.
//
// Owner:      made once when a job starts, then immutable and shared by all its tasks.
// Invariants: (1) task ids are dense: chains in graph order, subtasks in order within a chain; (2) an input channel of a
//             task is numbered over its exchanges in `inputs` order, senders in subtask order within an exchange;
//             (3) all chains of a region have channels between them (P15); regions share none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/graph.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// One link of a chain: a unit that stands for `nodes` (more than one when templates fused them).
struct planned_unit {
  std::vector<std::uint32_t> nodes;  ///< graph node indices, in chain order
  unit_factory make;
};

/// All channels between two chains that stem from one edge of the graph.
struct planned_exchange {
  std::uint32_t from_chain = 0;
  std::uint32_t to_chain = 0;
  std::uint32_t from_node = 0;  ///< graph indices of the edge
  std::uint32_t from_port = 0;
  std::uint32_t to_node = 0;
  partitioning how = partitioning::forward;  ///< never automatic
  exchange_factory make;
  /// The last unit of the sending chain was fused with this exchange (graph_edge::fused_tail): it must be connected to
  /// the exchange's own consumer, and is the port's only consumer.
  bool fused = false;
};

struct planned_chain {
  std::string name;  ///< node names joined by " -> "
  std::uint32_t parallelism = 1;
  region_id region;
  std::vector<planned_unit>
      units;  ///< in order; units[i + 1] reads port 0 of the last node of units[i]
  std::vector<std::uint32_t> inputs;   ///< indices of exchanges; empty for a source chain
  std::vector<std::uint32_t> outputs;  ///< indices of exchanges
  bool has_source = false;             ///< it begins with one
  bool has_sink = false;               ///< it ends with one
  task_id first_task;
};

struct planned_task {
  task_id id;
  std::uint32_t chain = 0;
  std::uint32_t subtask = 0;
};

struct plan {
  std::shared_ptr<const graph> logical;
  std::vector<planned_chain> chains;
  std::vector<planned_exchange> exchanges;
  std::vector<planned_task> tasks;
  std::uint32_t region_count = 0;
  std::uint64_t fingerprint = 0;  ///< of names, kinds, edges and states; not of the parallelism

  const planned_chain& chain_of(task_id task) const { return chains[tasks[task.value].chain]; }
  std::string task_name(task_id task) const;  ///< "count/1"
  /// The task of that name, or nothing.
  std::optional<task_id> find_task(std::string_view name) const;
};

struct plan_options {
  std::uint32_t default_parallelism = 1;
  bool chaining = true;
};

/// Everything that is wrong with the graph, each line with the operator's name; empty when it is sound.
std::vector<std::string> validate(const graph& logical, const plan_options& options);

/// Errors: invalid_argument with all lines of validate().
result<plan> make_plan(std::shared_ptr<const graph> logical, const plan_options& options);

/// The plan for people: chains with parallelism, exchanges, and for each source and sink its guarantee and why.
std::string describe(const plan& physical);

/// Channels into one task, and out of it: pure arithmetic on the plan.
struct channel_end {
  task_id peer;
  std::uint32_t peer_channel =
      0;  ///< number of the channel at the other side: of the receiver's inputs, or within the
          ///< sender's exchange
  std::uint32_t exchange = 0;  ///< index in plan.exchanges
};
/// inputs[i] describes input channel i: peer is the sender, peer_channel its channel number within `exchange`.
std::vector<channel_end> input_channels(const plan& physical, task_id task);
/// The channels of one exchange as the sender sees them: peer is the receiver, peer_channel its input channel number.
std::vector<channel_end> output_channels(const plan& physical, task_id task,
                                         std::uint32_t exchange);

}  // namespace weir
