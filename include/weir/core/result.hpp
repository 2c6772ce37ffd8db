// SPDX-License-Identifier: Apache-2.0
// result<T> is a value or an error, with the member names of std::expected (which g++ 12 lacks in C++20 mode), so that
// it can become an alias later.
//
// Owner:      a value.
// Invariants: holds exactly one of the two; value() on an error is a broken invariant and throws.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "weir/core/check.hpp"
#include "weir/core/error.hpp"

namespace weir {

template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;

  result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  result(weir::error failure) : content_(std::in_place_index<1>, std::move(failure)) {}

  bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & {
    require_value();
    return *std::get_if<0>(&content_);
  }
  const T& value() const& {
    require_value();
    return *std::get_if<0>(&content_);
  }
  T&& value() && {
    require_value();
    return std::move(*std::get_if<0>(&content_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const weir::error& error() const {
    WEIR_CHECK(!has_value(), "result holds a value");
    return *std::get_if<1>(&content_);
  }

 private:
  void require_value() const {
    if (!has_value()) [[unlikely]] {
      throw invariant_broken("value() of a failed result: " + std::get_if<1>(&content_)->text());
    }
  }
  std::variant<T, weir::error> content_;
};

/// A call without a value: success, or an error.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;

  result() = default;
  result(weir::error failure) : failure_(std::move(failure)) {}

  bool has_value() const noexcept { return !failure_; }
  explicit operator bool() const noexcept { return has_value(); }
  const weir::error& error() const {
    WEIR_CHECK(failure_.has_value(), "result holds no error");
    return *failure_;
  }

 private:
  std::optional<weir::error> failure_;
};

}  // namespace weir
