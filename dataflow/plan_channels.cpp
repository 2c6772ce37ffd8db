// SPDX-License-Identifier: Apache-2.0
// Numbers of channels, from either end: all subtasks to all, but for forward, where subtask i only
// reaches subtask i.
#include "dataflow/plan.hpp"
#include "weir/core/check.hpp"

namespace weir {

namespace {

/// Subtasks of the chain at one end of an exchange that a subtask at the other end is connected
/// with.
struct subtask_range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

subtask_range peers(const planned_exchange& exchange, const planned_chain& there,
                    std::uint32_t subtask_here) {
  if (exchange.how == partitioning::forward) return {subtask_here, 1};
  return {0, there.parallelism};
}

/// Number of the first input channel that a task of the chain has from this exchange.
std::uint32_t first_channel(const plan& physical, const planned_chain& receiver,
                            std::uint32_t exchange) {
  std::uint32_t channel = 0;
  for (const auto input : receiver.inputs) {
    if (input == exchange) return channel;
    const auto& before = physical.exchanges[input];
    channel += peers(before, physical.chains[before.from_chain], 0).count;
  }
  WEIR_CHECK(false, "exchange is no input of chain", exchange, receiver.name);
  return channel;
}

}  // namespace

std::vector<channel_end> input_channels(const plan& physical, task_id task) {
  WEIR_CHECK(task.value < physical.tasks.size(), task);
  const auto subtask = physical.tasks[task.value].subtask;
  std::vector<channel_end> channels;
  for (const auto number : physical.chain_of(task).inputs) {
    const auto& exchange = physical.exchanges[number];
    const auto& senders = physical.chains[exchange.from_chain];
    const auto own = exchange.how == partitioning::forward ? 0 : subtask;
    const auto [first, count] = peers(exchange, senders, subtask);
    for (std::uint32_t i = first; i < first + count; ++i) {
      channels.push_back({{senders.first_task.value + i}, own, number});
    }
  }
  return channels;
}

std::vector<channel_end> output_channels(const plan& physical, task_id task,
                                         std::uint32_t exchange) {
  WEIR_CHECK(task.value < physical.tasks.size() && exchange < physical.exchanges.size(), task,
             exchange);
  const auto& link = physical.exchanges[exchange];
  const auto [id, chain, subtask] = physical.tasks[task.value];
  WEIR_CHECK(link.from_chain == chain, "exchange is no output of task", exchange, id);

  const auto& receivers = physical.chains[link.to_chain];
  const auto base = first_channel(physical, receivers, exchange);
  const auto own = link.how == partitioning::forward ? 0 : subtask;
  const auto [first, count] = peers(link, receivers, subtask);
  std::vector<channel_end> channels;
  for (std::uint32_t i = first; i < first + count; ++i) {
    channels.push_back({{receivers.first_task.value + i}, base + own, exchange});
  }
  return channels;
}

}  // namespace weir
