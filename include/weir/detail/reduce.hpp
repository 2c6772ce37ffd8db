// SPDX-License-Identifier: Apache-2.0
// reduce_operator is what keyed_stream::reduce adds: the running reduction of each key.
//
// Owner:      the task that runs it.
#pragma once

#include <utility>

#include "weir/operators.hpp"

namespace weir::detail {

template <class K, class T, class F>
class reduce_operator final : public keyed_process<K, T, T> {
 public:
  explicit reduce_operator(F reduce) : reduced_(*this, "reduced", std::move(reduce)) {}

  void process(const T& record, keyed_context<K>&, collector<T>& out) override {
    out.emit(reduced_.add(record));
  }

 private:
  reducing_state<T, F> reduced_;
};

}  // namespace weir::detail
