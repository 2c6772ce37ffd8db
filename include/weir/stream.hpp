// SPDX-License-Identifier: Apache-2.0
// stream<T> and keyed_stream<K, T>: the fluent, typed way to write a job's graph. Each call adds a named node; nothing
// runs before environment::execute().
//
//   env.from("lines", weir::file_lines("text.txt"))      // stream<std::string>
//      .flat_map("split", split_words)                   // stream<std::string>
//      .key_by([](const std::string& w) -> const std::string& { return w; })
//      .process<count_words>("count")                    // stream<word_count>
//      .to("out", weir::file_sink("out"));
//
// Owner:      the program that builds the graph; streams are cheap handles, valid as long as their environment.
// Invariants: what is wrong with a graph is remembered in it and reported all at once by validate().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/core/graph.hpp"
#include "weir/detail/pipe_units.hpp"
#include "weir/detail/process_units.hpp"
#include "weir/detail/reduce.hpp"
#include "weir/detail/stream_base.hpp"
#include "weir/operators.hpp"
#include "weir/poison.hpp"

namespace weir {

template <class T, class Head, class Pipe>
class fused_stream;
template <class K, class T, class KeyFn>
class keyed_stream;

/// What to() gives: the sink at the end of a stream.
class stream_end : detail::stream_base {
 public:
  using detail::stream_base::stream_base;

  /// Parallel instances of the sink, 1..1024; without it the job's `parallelism.default`.
  stream_end& parallelism(std::uint32_t instances) {
    set_parallelism(instances);
    return *this;
  }
  /// The sink runs in a task of its own.
  stream_end& disable_chaining() {
    allow_chaining(false, false);
    return *this;
  }
};

template <class T>
class stream : public detail::stream_base {
 public:
  using record_type = T;
  using detail::stream_base::stream_base;

  // -- how records travel to the next operator --------------------------------------------------------------------

  /// Subtask i to subtask i; needs the same parallelism on both sides.
  stream forward() const { return with(partitioning::forward); }
  /// In turn to all subtasks: evens out load.
  stream rebalance() const { return with(partitioning::rebalance); }
  /// Every record to every subtask.
  stream broadcast() const {
    static_assert(std::is_copy_constructible_v<T>,
                  "broadcast() needs a record type that can be copied");
    return with(partitioning::broadcast);
  }
  /// The records of both, in no particular order between the two; each keeps its own way to travel.
  stream union_with(const stream& other) const {
    stream both = *this;
    both.join(other);
    return both;
  }

  // -- the operator that made this stream -------------------------------------------------------------------------

  /// Parallel instances of the operator, 1..1024; without it the job's `parallelism.default`.
  stream& parallelism(std::uint32_t instances) {
    set_parallelism(instances);
    return *this;
  }
  /// The operator runs in a task of its own.
  stream& disable_chaining() {
    allow_chaining(false, false);
    return *this;
  }
  /// The operator begins a new chain; later ones may join it.
  stream& start_new_chain() {
    allow_chaining(false, true);
    return *this;
  }

  /// What the operator does about a record on which it fails each time (weir/poison.hpp). Costs the operator its place in
  /// a fused loop.
  stream on_poison(poison::fail_policy policy) const {
    set_poison({poison_rule::action::fail, policy.kills, 0});
    return *this;
  }
  stream on_poison(poison::skip_policy policy) const {
    set_poison({poison_rule::action::skip, policy.kills, 0});
    return *this;
  }
  template <class Sink>
  stream on_poison(poison::dead_letter_policy<Sink> policy) const {
    const auto port = static_cast<std::uint32_t>(this->node().ports.size());
    if (!set_poison({poison_rule::action::dead_letter, policy.kills, port})) return *this;
    this->add_port(detail::port_of<dead_letter>("dead letters"));
    stream<dead_letter>(*this, port).to(std::move(policy.name), std::move(policy.sink));
    return *this;
  }

  // -- operators --------------------------------------------------------------------------------------------------

  /// f(T) -> U for every record.
  template <class F>
  auto map(std::string name, F f) const {
    using out_type = std::decay_t<std::invoke_result_t<F&, T>>;
    return start_pipe<out_type>(std::move(name), "map", detail::map_stage<F>{std::move(f)});
  }
  /// Keeps the records for which f(const T&) is true.
  template <class F>
  auto filter(std::string name, F f) const {
    return start_pipe<T>(std::move(name), "filter", detail::filter_stage<F>{std::move(f)});
  }
  /// f(const T&, collector<U>&) emits any number of records for each one.
  template <class F>
  auto flat_map(std::string name, F f) const {
    using out_type = detail::flat_map_out<F>;
    using stage = detail::flat_map_stage<std::decay_t<F>, out_type>;
    stream<out_type> made = add<out_type>(std::move(name), "flat_map");
    made.node().make_guarded = guarded_pipe<out_type>(made.node().name, stage{f});
    made.node().make = pipe_factory(stage{std::move(f)}, detail::batch_emitter<out_type>{});
    return made;
  }
  /// A user-written operator without keys: Op derives from process_function<T, Out>.
  template <class Op, class... Args>
  auto process(std::string name, Args... args) const {
    static_assert(std::is_same_v<typename Op::in_type, T>,
                  "the operator's input type is not this stream's record type");
    auto make = detail::operator_factory<Op>(std::move(args)...);
    auto made = add<typename Op::out_type>(std::move(name), "process");
    made.describe(make);
    const std::string uid = made.node().name;
    made.node().make = [uid, make] {
      return std::make_unique<detail::process_unit<Op>>(uid, make);
    };
    if constexpr (encodable<T>) {
      made.node().make_guarded = [uid, make](poison_rule rule) {
        return std::make_unique<detail::process_unit<Op, detail::guard_of<Op>>>(uid, make, rule);
      };
    }
    return made;
  }
  /// Groups by key: f(const T&) gives the key, by value or as a reference into the record.
  template <class F>
  auto key_by(F f) const {
    using key_type = std::decay_t<std::invoke_result_t<const F&, const T&>>;
    static_assert(encodable<key_type>, "key_by: the key type has no weir::codec");
    return keyed_stream<key_type, T, F>(*this, std::move(f), std::nullopt);
  }
  /// Ends the stream in a sink. `name` is unique in the graph.
  template <class Sink>
  stream_end to(std::string name, Sink sink) const {
    auto& made = add_sink(std::move(name), sink);
    const std::string uid = made.name;
    made.make = [uid, sink] { return sink.template make_unit<T>(uid); };
    return this->end();
  }
  /// The records that the operator emits to its side_output<U> of this name. A name or type that it does not have is an
  /// error of execute().
  template <class U>
  stream<U> side(const std::string& name) const {
    return stream<U>(*this, find_side(name, &type_mark<U>));
  }

 protected:
  stream with(partitioning how) const {
    stream other = *this;
    other.set_partitioning(how);
    return other;
  }
  template <class U>
  stream<U> add(std::string name, std::string what) const {
    stream<U> made(shared_graph(), add_node(std::move(name), node_kind::operation, std::move(what),
                                            detail::edge_factories<T>()));
    made.add_port(detail::port_of<U>(""));
    return made;
  }
  template <class Sink>
  graph_node& add_sink(std::string name, const Sink& sink) const {
    auto& made = node_at(
        add_node(std::move(name), node_kind::sink, sink.describe(), detail::edge_factories<T>()));
    made.guarantee = sink.guarantee();
    made.recognises_epochs = sink.recognises_epochs();
    return made;
  }
  /// The sink that was added last.
  stream_end end() const {
    return {shared_graph(), static_cast<std::uint32_t>(shared_graph()->nodes.size() - 1)};
  }
  template <class Stage, class Emitter>
  static unit_factory pipe_factory(Stage stage, Emitter) {
    return [stage] {
      return std::make_unique<detail::pipe_unit<T, Stage, Emitter>>(std::in_place, stage);
    };
  }
  /// U: what the stage emits.
  template <class U, class Stage>
  static guarded_factory guarded_pipe(const std::string& uid, const Stage& stage) {
    if constexpr (encodable<T>) {
      return [uid, stage](poison_rule rule) {
        return std::make_unique<detail::guarded_pipe_unit<T, Stage, U>>(uid, stage, rule);
      };
    } else {
      return {};
    }
  }
  template <class U, class Stage>
  auto start_pipe(std::string name, std::string what, Stage stage) const {
    stream<U> made = add<U>(std::move(name), std::move(what));
    made.node().make_guarded = guarded_pipe<U>(made.node().name, stage);
    made.node().make = pipe_factory(stage, detail::batch_emitter<U>{});
    return fused_stream<U, detail::batch_head<T>, Stage>(made, {}, std::move(stage), 1);
  }
};

/// A stream whose last operators the compiler knows: the next one fuses with them into one loop, when the planner puts
/// them into one chain. Use it as a stream<T>.
template <class T, class Head, class Pipe>
class fused_stream : public stream<T> {
 public:
  fused_stream(const stream<T>& base, Head head, Pipe pipe, std::uint32_t covers)
      : stream<T>(base), head_(std::move(head)), pipe_(std::move(pipe)), covers_(covers) {}

  fused_stream& parallelism(std::uint32_t instances) {
    this->set_parallelism(instances);
    return *this;
  }
  fused_stream& disable_chaining() {
    this->allow_chaining(false, false);
    return *this;
  }
  fused_stream& start_new_chain() {
    this->allow_chaining(false, true);
    return *this;
  }

  template <class F>
  auto map(std::string name, F f) const {
    using out_type = std::decay_t<std::invoke_result_t<F&, T>>;
    return extend<out_type>(std::move(name), "map", detail::map_stage<F>{std::move(f)});
  }
  template <class F>
  auto filter(std::string name, F f) const {
    return extend<T>(std::move(name), "filter", detail::filter_stage<F>{std::move(f)});
  }
  template <class F>
  auto flat_map(std::string name, F f) const {
    using out_type = detail::flat_map_out<F>;
    using stage = detail::flat_map_stage<std::decay_t<F>, out_type>;
    stage last{f};
    stream<out_type> made = stream<T>::flat_map(std::move(name), std::move(f));
    made.node().fused = fused_unit{covers_ + 1, fused_factory<detail::batch_emitter<out_type>>(
                                                    detail::compose<Pipe, stage>{pipe_, last})};
    return made;
  }
  template <class F>
  auto key_by(F f) const {
    using key_type = std::decay_t<std::invoke_result_t<const F&, const T&>>;
    static_assert(encodable<key_type>, "key_by: the key type has no weir::codec");
    using emitter = detail::key_emitter<T, key_type, F>;
    return keyed_stream<key_type, T, F>(*this, std::move(f),
                                        fused_unit{covers_, fused_factory<emitter>(pipe_)});
  }
  template <class Sink>
  stream_end to(std::string name, Sink sink) const {
    auto& made = this->add_sink(std::move(name), sink);
    const std::string uid = made.name;
    made.make = [uid, sink] { return sink.template make_unit<T>(uid); };
    if constexpr (requires { typename Sink::template emitter<T>; }) {
      using emitter = typename Sink::template emitter<T>;
      made.fused = fused_unit{covers_ + 1, fused_factory<emitter>(pipe_, uid, sink)};
    }
    return this->end();
  }

 private:
  template <class Emitter, class P, class... Args>
  unit_factory fused_factory(P pipe, Args... args) const {
    return [head = head_, pipe = std::move(pipe), args...] {
      return head.template make<P, Emitter>(pipe, args...);
    };
  }
  template <class U, class Stage>
  auto extend(std::string name, std::string what, Stage stage) const {
    stream<U> made = this->template add<U>(std::move(name), std::move(what));
    made.node().make_guarded = this->template guarded_pipe<U>(made.node().name, stage);
    made.node().make = this->pipe_factory(stage, detail::batch_emitter<U>{});
    using whole = detail::compose<Pipe, Stage>;
    whole pipe{pipe_, std::move(stage)};
    made.node().fused = fused_unit{covers_ + 1, fused_factory<detail::batch_emitter<U>>(pipe)};
    return fused_stream<U, Head, whole>(made, head_, std::move(pipe), covers_ + 1);
  }

  Head head_;
  Pipe pipe_;
  std::uint32_t covers_;
};

/// A stream grouped by key: the operators on it have keyed state. K: the key's type; T: the records' type.
template <class K, class T, class KeyFn = std::function<K(const T&)>>
class keyed_stream {
 public:
  using key_type = K;
  using record_type = T;

  keyed_stream(const stream<T>& input, KeyFn key_fn, std::optional<fused_unit> tail)
      : input_(input), key_fn_(std::move(key_fn)), tail_(std::move(tail)) {
    input_.set_partitioning(partitioning::key);
  }

  /// A user-written operator with keyed state: Op derives from keyed_process<K, T, Out>. The arguments go to its
  /// constructor, each time that it is built.
  template <class Op, class... Args>
  auto process(std::string name, Args... args) const {
    static_assert(std::is_same_v<typename Op::in_type, T>,
                  "the operator's input type is not this stream's record type");
    auto make = detail::operator_factory<Op>(std::move(args)...);
    auto factories = detail::edge_factories<T>();
    factories.key = [key_fn = key_fn_](exchange_port& port) {
      return std::make_unique<detail::key_output<T, K, KeyFn>>(port, key_fn);
    };
    factories.tail = tail_;
    stream<typename Op::out_type> made(
        input_.shared_graph(),
        input_.add_node(std::move(name), node_kind::operation, "keyed process", factories));
    made.add_port(detail::port_of<typename Op::out_type>(""));
    made.describe(make);
    const std::string uid = made.node().name;
    if constexpr (requires { typename Op::key_type; }) {
      static_assert(std::is_same_v<typename Op::key_type, K>,
                    "the operator's key type is not this stream's key type");
      made.node().make = [uid, make, key_fn = key_fn_] {
        return std::make_unique<detail::keyed_unit<Op, K, KeyFn>>(uid, make, key_fn);
      };
      if constexpr (encodable<T>) {
        made.node().make_guarded = [uid, make, key_fn = key_fn_](poison_rule rule) {
          using guarded = detail::keyed_unit<Op, K, KeyFn, detail::guard_of<Op>>;
          return std::make_unique<guarded>(uid, make, key_fn, rule);
        };
      }
    } else {
      made.node().make = [uid, make] {
        return std::make_unique<detail::process_unit<Op>>(uid, make);
      };
      if constexpr (encodable<T>) {
        made.node().make_guarded = [uid, make](poison_rule rule) {
          return std::make_unique<detail::process_unit<Op, detail::guard_of<Op>>>(uid, make, rule);
        };
      }
    }
    return made;
  }
  /// The running reduction of each key: emits f(f(a, b), c) and so on for every record. f(T, T) -> T, associative.
  template <class F>
  stream<T> reduce(std::string name, F f) const {
    return process<detail::reduce_operator<K, T, F>>(std::move(name), std::move(f));
  }

 private:
  stream<T> input_;
  KeyFn key_fn_;
  std::optional<fused_unit> tail_;
};

}  // namespace weir
