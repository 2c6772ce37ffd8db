// SPDX-License-Identifier: Apache-2.0
// chain_units is the user logic of one task, built and wired for one attempt: the units of its chain, connected to each
// other and to the exchanges by which records leave.
//
// Owner:      the task. Built anew after every failure (P14).
// Invariants: batches enter at the first unit and leave by gates; units are closed once, in order, before destruction.
#pragma once

#include <memory>
#include <vector>

#include "dataflow/output_gate.hpp"
#include "dataflow/plan.hpp"
#include "weir/core/unit.hpp"

namespace weir {

class chain_units {
 public:
  /// Constructs every operator and opens the gates' senders. May throw what user code throws.
  chain_units(const plan& physical, const planned_chain& chain, std::vector<output_gate*> gates);
  ~chain_units();
  chain_units(const chain_units&) = delete;
  chain_units& operator=(const chain_units&) = delete;

  void attach(unit_host& host);
  void open();
  void accept(batch_base& records) { head_->accept(records); }
  /// Tells every unit, in order, that its input has ended.
  void end();
  /// The same where it had ended before a restore, with nothing new since: operators said then what they say at the end,
  /// and it is in the checkpoint; only a sink is told again, as it reports when that checkpoint is complete (P16).
  void end_again();
  bool ready() const;
  void flush();
  bool holds_records() const;
  /// Closes all of them, also when one throws; then throws what the first one threw.
  void close();

  /// The chain's source, or nullptr.
  source_unit* source() const { return source_; }
  bool ends_in_sink() const { return sink_ != nullptr; }
  /// What the chain's sink has taken since it was built; 0 without one.
  std::uint64_t records_written() const { return sink_ == nullptr ? 0 : sink_->records_taken(); }
  const std::vector<operator_part*>& parts() const { return parts_; }

 private:
  void wire(const plan& physical, const planned_chain& chain,
            const std::vector<output_gate*>& gates);

  std::vector<std::unique_ptr<operator_unit>> units_;
  std::vector<std::unique_ptr<batch_consumer_base>> tees_;
  batch_consumer_base* head_ = nullptr;
  source_unit* source_ = nullptr;
  operator_unit* sink_ = nullptr;
  std::vector<operator_part*> parts_;
  bool closed_ = false;
};

}  // namespace weir
