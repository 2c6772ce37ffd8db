// SPDX-License-Identifier: Apache-2.0
// graph is the logical job as the user wrote it: named nodes, typed edges, and for each the factories that the typed API
// left behind. The planner (dataflow/plan.hpp) turns it into chains, tasks and exchanges.
//
// Owner:      the environment that builds it; immutable once a job runs, then shared by all its tasks.
// Invariants: what is wrong with a graph is collected (dataflow/plan.hpp: validate), never thrown.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/exchange.hpp"
#include "weir/core/poison.hpp"
#include "weir/core/unit.hpp"

namespace weir {

enum class partitioning : std::uint8_t {
  automatic,  ///< forward when both sides have the same parallelism, else rebalance
  forward,    ///< subtask i to subtask i
  rebalance,  ///< batches in turn to all subtasks
  broadcast,  ///< every record to every subtask
  key,        ///< each record to the owner of its key group
};

constexpr std::string_view to_string(partitioning how) {
  switch (how) {
    case partitioning::automatic:
      return "automatic";
    case partitioning::forward:
      return "forward";
    case partitioning::rebalance:
      return "rebalance";
    case partitioning::broadcast:
      return "broadcast";
    case partitioning::key:
      return "key";
  }
  return "unknown";
}

using unit_factory = std::function<std::unique_ptr<operator_unit>()>;
/// The operator as a loop of its own that knows which record it processes (P19).
using guarded_factory = std::function<std::unique_ptr<operator_unit>(poison_rule)>;
using exchange_factory = std::function<std::unique_ptr<exchange_sender>(exchange_port&)>;
/// Makes one consumer that copies each batch to all of the given ones; they must outlive it.
using tee_factory =
    std::function<std::unique_ptr<batch_consumer_base>(std::vector<batch_consumer_base*>)>;

/// One unit for a run of nodes that templates fused: `covers` nodes, ending with the one that holds this.
struct fused_unit {
  std::uint32_t covers = 1;
  unit_factory make;
};

struct state_description {
  std::string name;
  std::string schema;
  bool keyed = true;
  list_mode mode = list_mode::split;  ///< of a state that is not keyed
};

/// One output of a node: port 0 is the main one.
struct graph_port {
  std::string name;
  const void* type = nullptr;
  std::string record_schema;
  tee_factory make_tee;  ///< empty when the records cannot be copied
};

struct graph_edge {
  std::uint32_t from = 0;
  std::uint32_t port = 0;
  partitioning how = partitioning::automatic;
  exchange_factory make_forward;    ///< for forward, rebalance
  exchange_factory make_broadcast;  ///< empty when the records cannot be copied
  exchange_factory make_key;        ///< set when how == key
  /// The whole fused group before a key exchange as one unit that emits straight into the exchange.
  std::optional<fused_unit> fused_tail;
};

enum class node_kind : std::uint8_t { source, operation, sink };

struct graph_node {
  std::string name;
  node_kind kind = node_kind::operation;
  std::string what;       ///< "map", "file_lines(/tmp/x)": for people
  std::string guarantee;  ///< sources and sinks: what holds at a crash, and why
  bool recognises_epochs =
      true;  ///< sinks: false when output of an epoch might appear twice after a fallback (P18)
  bool bounded = true;            ///< sources
  std::uint32_t parallelism = 0;  ///< 0: the job's
  std::uint32_t parallelism_max = 0xffffffff;
  bool chain_with_input = true;
  bool chain_with_output = true;
  unit_factory make;
  std::optional<fused_unit> fused;
  guarded_factory make_guarded;       ///< empty when the records that it reads have no codec
  std::optional<poison_rule> poison;  ///< a policy was set: never fused
  std::vector<graph_port> ports;
  std::vector<graph_edge> inputs;
  std::vector<state_description> states;
  std::vector<std::string> errors;
};

struct graph {
  std::vector<graph_node> nodes;
  std::vector<std::string> errors;  ///< of no single node
};

}  // namespace weir
