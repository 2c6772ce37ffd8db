// SPDX-License-Identifier: Apache-2.0
#include "dataflow/chain_units.hpp"

#include <exception>
#include <map>
#include <utility>

#include "weir/core/check.hpp"

namespace weir {

chain_units::chain_units(const plan& physical, const planned_chain& chain,
                         std::vector<output_gate*> gates) {
  for (const auto& planned : chain.units) units_.push_back(planned.make());
  for (std::size_t i = 0; i < gates.size(); ++i) {
    gates[i]->open(physical.exchanges[chain.outputs[i]].make);
  }
  wire(physical, chain, gates);
  head_ = units_.front()->input();
  if (chain.has_source) {
    source_ = dynamic_cast<source_unit*>(units_.front().get());
    WEIR_CHECK(source_ != nullptr, "chain", chain.name, "begins with no source");
  }
  if (chain.has_sink) sink_ = units_.back().get();
  for (const auto& unit : units_) {
    parts_.insert(parts_.end(), unit->parts().begin(), unit->parts().end());
  }
}

chain_units::~chain_units() = default;

/// Connects each port of each unit's last node: to the next unit, to exchanges, or to a tee in
/// front of several.
void chain_units::wire(const plan& physical, const planned_chain& chain,
                       const std::vector<output_gate*>& gates) {
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const std::uint32_t node = chain.units[i].nodes.back();
    std::map<std::uint32_t, std::vector<batch_consumer_base*>> consumers;
    if (i + 1 < units_.size()) consumers[0].push_back(units_[i + 1]->input());
    for (std::size_t e = 0; e < gates.size(); ++e) {
      const auto& exchange = physical.exchanges[chain.outputs[e]];
      if (exchange.from_node != node) continue;
      consumers[exchange.from_port].push_back(&gates[e]->sender().consumer());
    }
    for (auto& [port, targets] : consumers) {
      if (targets.size() == 1) {
        units_[i]->set_output(port, targets.front());
        continue;
      }
      tees_.push_back(physical.logical->nodes[node].ports[port].make_tee(targets));
      units_[i]->set_output(port, tees_.back().get());
    }
  }
}

void chain_units::attach(unit_host& host) {
  for (const auto& unit : units_) unit->attach(host);
}

void chain_units::open() {
  for (const auto& unit : units_) unit->open();
}

void chain_units::end() {
  for (const auto& unit : units_) unit->on_end();
}

void chain_units::end_again() {
  if (sink_ != nullptr) sink_->on_end();
}

bool chain_units::ready() const {
  for (const auto& unit : units_) {
    if (!unit->ready()) return false;
  }
  return true;
}

bool chain_units::holds_records() const {
  for (const auto& unit : units_) {
    if (unit->holds_records()) return true;
  }
  return false;
}

void chain_units::flush() {
  for (const auto& unit : units_) unit->flush();
}

void chain_units::close() {
  if (std::exchange(closed_, true)) return;
  std::exception_ptr first;
  for (const auto& unit : units_) {
    try {
      unit->close();
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace weir
