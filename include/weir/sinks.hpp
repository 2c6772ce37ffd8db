// SPDX-License-Identifier: Apache-2.0
// The sinks that come with weir: file_sink, print_sink, collect_sink, fold_sink, callback_sink, discard_sink. Give one to
// stream::to.
//
// A sink is a value with describe(), guarantee(), recognises_epochs() and make_unit<T>(uid). One that has a template
// emitter<T> fuses with the operators before it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/collect_sink.hpp"
#include "weir/core/codec.hpp"
#include "weir/core/line_sink.hpp"
#include "weir/core/unit.hpp"
#include "weir/detail/line_unit.hpp"
#include "weir/detail/pipe_units.hpp"
#include "weir/detail/sink_emitters.hpp"

namespace weir {

namespace detail {

template <class Options, auto Make>
class line_sink_spec {
 public:
  line_sink_spec(Options options, std::string what, std::string guarantee, bool recognises)
      : options_(std::move(options)),
        what_(std::move(what)),
        guarantee_(std::move(guarantee)),
        recognises_(recognises) {}
  const std::string& describe() const { return what_; }
  const std::string& guarantee() const { return guarantee_; }
  bool recognises_epochs() const { return recognises_; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<line_unit<T>>(Make(uid, options_));
  }

 private:
  Options options_;
  std::string what_;
  std::string guarantee_;
  bool recognises_;
};

struct no_options {};
inline std::unique_ptr<line_sink> make_print(std::string uid, no_options) {
  return make_print_sink(std::move(uid));
}

}  // namespace detail

/// Lines in part files of a directory. Exactly-once: a part file appears, by rename, when its checkpoint is complete.
inline auto file_sink(file_sink_options options) {
  std::string what = "file_sink(" + options.directory + ")";
  return detail::line_sink_spec<file_sink_options, &make_file_sink>(
      std::move(options), std::move(what),
      "exactly-once: part files appear by rename when their checkpoint is complete", false);
}
inline auto file_sink(std::string directory) {
  file_sink_options options;
  options.directory = std::move(directory);
  return file_sink(std::move(options));
}

/// Lines on standard output, at once. At-least-once: after a crash the lines since the last checkpoint appear again.
inline auto print_sink() {
  return detail::line_sink_spec<detail::no_options, &detail::make_print>(
      {}, "print", "at-least-once: lines since the last checkpoint appear again after a crash",
      false);
}

/// Folds all records of a subtask: fold(A&, const T&) changes the accumulator, on_result(const A&) gets it once the input
/// has ended and the last checkpoint is complete. The accumulator is state: exactly-once.
template <class A, class F>
class fold_sink {
 public:
  template <class T>
  using emitter = detail::fold_emitter<T, A, F>;

  fold_sink(A initial, F fold, std::type_identity_t<std::function<void(const A&)>> on_result)
      : initial_(std::move(initial)), fold_(std::move(fold)), on_result_(std::move(on_result)) {}
  const A& initial() const { return initial_; }
  const F& fold() const { return fold_; }
  const std::function<void(const A&)>& on_result() const { return on_result_; }
  std::string describe() const { return "fold"; }
  std::string guarantee() const {
    return "exactly-once: the accumulator is state; on_result may be called again by a restarted "
           "process";
  }
  bool recognises_epochs() const { return true; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<detail::pipe_unit<T, detail::identity_stage, emitter<T>>>(
        std::in_place, detail::identity_stage{}, uid, *this);
  }

 private:
  A initial_;
  F fold_;
  std::function<void(const A&)> on_result_;
};

/// Calls f(const T&) for every record, from the subtask's thread at the time. At-least-once.
template <class F>
class callback_sink {
 public:
  template <class T>
  using emitter = detail::call_emitter<T, F>;

  explicit callback_sink(F f) : f_(std::move(f)) {}
  const F& function() const { return f_; }
  std::string describe() const { return "callback"; }
  std::string guarantee() const {
    return "at-least-once: records since the last checkpoint are passed again after a crash";
  }
  bool recognises_epochs() const { return false; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<detail::pipe_unit<T, detail::identity_stage, emitter<T>>>(
        std::in_place, detail::identity_stage{}, uid, *this);
  }

 private:
  F f_;
};

/// Drops every record.
class discard_sink {
 public:
  struct nothing {
    template <class T>
    void operator()(const T&) const {}
  };
  template <class T>
  using emitter = detail::call_emitter<T, nothing>;
  nothing function() const { return {}; }
  std::string describe() const { return "discard"; }
  std::string guarantee() const { return "nothing to guarantee: records are dropped"; }
  bool recognises_epochs() const { return true; }
  template <class T>
  std::unique_ptr<operator_unit> make_unit(const std::string& uid) const {
    return std::make_unique<detail::pipe_unit<T, detail::identity_stage, emitter<T>>>(
        std::in_place, detail::identity_stage{}, uid, *this);
  }
};

}  // namespace weir
