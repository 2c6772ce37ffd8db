// SPDX-License-Identifier: Apache-2.0
// keyed_unit and process_unit run a user's operator over batches: the loop is a template over the operator's own type, so
// that process() is called without a virtual call a record, and keys are resolved a block at a time.
//
// Owner:      the task that built it.
// Invariants: a block's keys and hashes stay where they are until leave_block().
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/core/unit.hpp"
#include "weir/detail/key_output.hpp"
#include "weir/detail/owner_part.hpp"
#include "weir/detail/record_guard.hpp"
#include "weir/operators.hpp"

namespace weir::detail {

/// Port 0 is the main collector, the others are the operator's side outputs.
template <class Out>
class output_ports {
 public:
  explicit output_ports(state_owner& owner) : owner_(owner) {}
  void connect(std::uint32_t port, batch_consumer_base* consumer) {
    if (port == 0) {
      main_.set_consumer(static_cast<batch_consumer<Out>*>(consumer));
    } else {
      owner_.side_ports().at(port - 1).set_consumer(consumer);
    }
  }
  void flush() {
    main_.flush();
    for (const auto& side : owner_.side_ports()) side.flush();
  }
  void set_time(std::int64_t time_us) {
    main_.set_time(time_us);
    for (const auto& side : owner_.side_ports()) side.set_time(time_us);
  }
  batch_collector<Out>& main() { return main_; }

 private:
  state_owner& owner_;
  batch_collector<Out> main_;
};

/// The guard of an operator that takes its records by const reference.
template <class Op>
using guard_of = record_guard<typename Op::in_type, typename Op::out_type, taken::by_reference>;

/// What both kinds of unit share: the operator, its outputs, its part. Op is the user's class; Guard runs its loop, and
/// takes the operator's name and `rule...`.
template <class Op, class Guard>
class owned_operator : public operator_unit, public batch_consumer<typename Op::in_type> {
 public:
  template <class... Rule>
  owned_operator(const std::string& uid, const std::function<std::unique_ptr<Op>()>& make,
                 const Rule&... rule)
      : op_(make()), out_(*op_), guard_(uid, rule...), part_(uid, *op_) {}

  batch_consumer_base* input() override { return this; }
  void set_output(std::uint32_t port, batch_consumer_base* consumer) override {
    consumer = guard_.connect(port, consumer);
    if (consumer != nullptr) out_.connect(port, consumer);
  }
  void attach(unit_host& host) override {
    host_ = &host;
    guard_.attach(host);
  }
  void open() override { op_->open(host_->subtask()); }
  void flush() override {
    out_.flush();
    guard_.flush();
  }
  void on_end() override {
    op_->on_end(out_.main());
    flush();
  }
  void close() override { op_->close(); }
  std::span<operator_part* const> parts() override { return parts_; }

 protected:
  /// Before the records of a batch.
  void begin(std::int64_t time_us) {
    out_.set_time(time_us);
    guard_.set_time(time_us);
  }

  std::unique_ptr<Op> op_;
  output_ports<typename Op::out_type> out_;
  Guard guard_;
  unit_host* host_ = nullptr;

 private:
  owner_part part_;
  std::array<operator_part*, 1> parts_{&part_};
};

template <class Op, class Guard = no_guard>
class process_unit final : public owned_operator<Op, Guard> {
 public:
  using owned_operator<Op, Guard>::owned_operator;

  void on_batch(batch<typename Op::in_type>& records) override {
    record_context where;
    where.set_subtask(&this->host_->subtask());
    where.set_time(records.time_us);
    this->begin(records.time_us);
    auto* const first = records.data();
    const auto process = [&](std::uint32_t i) {
      this->op_->Op::process(first[i], where, this->out_.main());
    };
    this->guard_.run(
        first, records.size(), [](std::uint32_t) { return no_key{}; }, process);
    this->flush();
  }
};

template <class Op, class Key, class KeyFn, class Guard = no_guard>
class keyed_unit final : public owned_operator<Op, Guard> {
 public:
  using in_type = typename Op::in_type;
  /// A key function that returns a reference into the record costs no copy of the key.
  static constexpr bool by_reference =
      std::is_lvalue_reference_v<std::invoke_result_t<const KeyFn&, const in_type&>>;

  template <class... Rule>
  keyed_unit(const std::string& uid, const std::function<std::unique_ptr<Op>()>& make, KeyFn key_fn,
             const Rule&... rule)
      : owned_operator<Op, Guard>(uid, make, rule...),
        key_fn_(std::move(key_fn)),
        where_(*this->op_) {
    if constexpr (!by_reference) key_values_ = std::make_unique<Key[]>(probe_block);
  }

  void on_batch(batch<in_type>& records) override {
    where_.set_subtask(&this->host_->subtask());
    where_.set_time(records.time_us);
    this->begin(records.time_us);
    leave_guard leave{*this->op_};
    for (std::uint32_t begin = 0; begin < records.size(); begin += probe_block) {
      const auto n = std::min<std::uint32_t>(probe_block, records.size() - begin);
      run_block(records.data() + begin, n, records.hashes() ? records.hashes() + begin : nullptr);
    }
    this->flush();
  }

 private:
  struct leave_guard {
    Op& op;
    ~leave_guard() { op.leave_block(); }
  };

  void run_block(in_type* records, std::uint32_t n, const std::uint64_t* hashes) {
    for (std::uint32_t i = 0; i < n; ++i) {
      if constexpr (by_reference) {
        keys_[i] = &key_fn_(records[i]);
      } else {
        key_values_[i] = key_fn_(records[i]);
        keys_[i] = &key_values_[i];
      }
      if constexpr (cheap_hash<Key>) hashes_[i] = key_hash(*keys_[i]);
    }
    if constexpr (cheap_hash<Key>) {
      hashes = hashes_.data();
    } else if (hashes == nullptr) {
      for (std::uint32_t i = 0; i < n; ++i) hashes_[i] = key_hash(*keys_[i]);
      hashes = hashes_.data();
    }
    auto& op = *this->op_;
    auto& out = this->out_.main();
    op.enter_block(hashes, keys_.data(), n);
    this->guard_.run(
        records, n, [this](std::uint32_t i) -> const Key& { return *keys_[i]; },
        [&](std::uint32_t i) {
          op.select(i);
          op.Op::process(records[i], where_, out);
        });
  }

  KeyFn key_fn_;
  keyed_context<Key> where_;
  std::array<std::uint64_t, probe_block> hashes_;
  std::array<const Key*, probe_block> keys_;
  std::unique_ptr<Key[]> key_values_;
};

}  // namespace weir::detail
