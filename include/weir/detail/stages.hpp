// SPDX-License-Identifier: Apache-2.0
// Stages are the record functions of map, filter and flat_map as values that compose: a run of them becomes one inlined
// loop. A stage's apply(x, out) puts its results into out.emit(...).
//
// Owner:      the unit that holds them; copied from the graph's prototype for every attempt.
// Source:     Grizzly (Grulich et al., SIGMOD 2020) on the worth of fusing; here templates do it at compile time.
#pragma once

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weir/core/collector.hpp"

namespace weir::detail {

struct identity_stage {
  static constexpr bool wants_collector = false;
  template <class View>
  static constexpr bool takes = false;

  template <class In, class Emit>
  void apply(In&& record, Emit& out) {
    out.emit(std::forward<In>(record));
  }
};

template <class F>
struct map_stage {
  F f;
  static constexpr bool wants_collector = false;
  template <class View>
  static constexpr bool takes = std::is_invocable_v<F&, View>;

  template <class In, class Emit>
  void apply(In&& record, Emit& out) {
    out.emit(std::invoke(f, std::forward<In>(record)));
  }
};

template <class F>
struct filter_stage {
  F f;
  static constexpr bool wants_collector = false;
  template <class View>
  static constexpr bool takes = false;

  template <class In, class Emit>
  void apply(In&& record, Emit& out) {
    if (std::invoke(f, std::as_const(record))) out.emit(std::forward<In>(record));
  }
};

/// Always the last stage of a run, because F wants a real collector.
template <class F, class Out>
struct flat_map_stage {
  F f;
  static constexpr bool wants_collector = true;
  template <class View>
  static constexpr bool takes = std::is_invocable_v<F&, View, collector<Out>&>;

  template <class In>
  void apply(In&& record, collector<Out>& out) {
    std::invoke(f, std::forward<In>(record), out);
  }
};

/// What one stage of a run emits into: the next stage.
template <class Stage, class Emit>
struct stage_emitter {
  Stage& stage;
  Emit& target;

  template <class Mid>
  void emit(Mid&& mid) {
    stage.apply(std::forward<Mid>(mid), target);
  }
};

template <class First, class Second>
struct compose {
  First first;
  Second second;
  static constexpr bool wants_collector = Second::wants_collector;
  template <class View>
  static constexpr bool takes = std::is_same_v<First, identity_stage> ? Second::template takes<View>
                                                                      : First::template takes<View>;

  template <class In, class Emit>
  void apply(In&& record, Emit& out) {
    stage_emitter<Second, Emit> next{second, out};
    first.apply(std::forward<In>(record), next);
  }
};

/// The parameter types of a callable with one signature: function pointers and classes with one operator().
template <class F>
struct signature : signature<decltype(&F::operator())> {};
template <class R, class... Args>
struct signature<R (*)(Args...)> {
  template <std::size_t I>
  using arg = std::tuple_element_t<I, std::tuple<Args...>>;
};
template <class R, class... Args>
struct signature<R(Args...)> : signature<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct signature<R (C::*)(Args...)> : signature<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct signature<R (C::*)(Args...) const> : signature<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct signature<R (C::*)(Args...) noexcept> : signature<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct signature<R (C::*)(Args...) const noexcept> : signature<R (*)(Args...)> {};

/// Out of a flat_map's function (in, collector<Out>&).
template <class F>
using flat_map_out =
    typename std::remove_cvref_t<typename signature<std::decay_t<F>>::template arg<1>>::value_type;

}  // namespace weir::detail
