// SPDX-License-Identifier: Apache-2.0
// Specifies result<T>, error and WEIR_CHECK: which of the two a result holds, that misuse throws
// invariant_broken, and the recovery class of every error code.
#include "weir/core/result.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using weir::error;
using weir::error_code;
using weir::recovery;
using weir::result;

namespace {

result<int> half(int value) {
  if (value % 2 != 0) return error{error_code::invalid_argument, "odd: " + std::to_string(value)};
  return value / 2;
}
result<void> accept(bool ok) {
  if (!ok) return error{error_code::io, "refused"};
  return {};
}

}  // namespace

TEST_CASE("a result is a value or an error") {
  const auto good = half(4);
  CHECK(good.has_value());
  CHECK(bool(good));
  CHECK(*good == 2);

  const auto bad = half(3);
  CHECK(!bad.has_value());
  CHECK(bad.error().code == error_code::invalid_argument);
  CHECK(bad.error().text() == "invalid argument: odd: 3");
}

TEST_CASE("a result without a value is success or an error") {
  CHECK(accept(true).has_value());
  CHECK(!accept(false).has_value());
  CHECK(accept(false).error().message == "refused");
}

TEST_CASE("taking what a result does not hold is a broken invariant") {
  CHECK_THROWS_AS((void)half(3).value(), weir::invariant_broken);
  CHECK_THROWS_WITH((void)half(3).value(), "value() of a failed result: invalid argument: odd: 3");
  CHECK_THROWS_AS((void)half(4).error(), weir::invariant_broken);
  CHECK_THROWS_AS((void)accept(true).error(), weir::invariant_broken);
}

TEST_CASE("a value can be moved out and changed in place") {
  result<std::unique_ptr<int>> owner(std::make_unique<int>(5));
  **owner = 6;
  const std::unique_ptr<int> taken = std::move(owner).value();
  CHECK(*taken == 6);

  result<std::string> text(std::string("abc"));
  text->push_back('d');
  CHECK(*text == "abcd");
  CHECK(text->size() == 4);
}

TEST_CASE("a result may hold a value that is an error's message, and copies are equal") {
  const result<std::string> value(std::string("not an error"));
  const result<std::string> copy = value;
  CHECK(copy.has_value());
  CHECK(*copy == "not an error");
}

TEST_CASE("every error code has a text and one recovery class") {
  for (int code = 0; code <= static_cast<int>(error_code::invariant); ++code) {
    CAPTURE(code);
    CHECK(to_string(static_cast<error_code>(code)) != "unknown error");
  }
  CHECK(weir::recovery_of(error_code::timeout) == recovery::retry);
  CHECK(weir::recovery_of(error_code::user_exception) == recovery::restart_task);
  CHECK(weir::recovery_of(error_code::invariant) == recovery::restart_task);
  CHECK(weir::recovery_of(error_code::incompatible) == recovery::fail_job);
  CHECK(error{error_code::corrupt, "x"}.recovery_class() == recovery::fail_job);
}

TEST_CASE("a broken invariant shows the condition and the values") {
  const auto check = [](int have, int want) { WEIR_CHECK(have == want, "have", have, want); };
  CHECK_NOTHROW(check(1, 1));
  try {
    check(1, 2);
    FAIL("did not throw");
  } catch (const weir::invariant_broken& broken) {
    const std::string text = broken.what();
    CHECK(text.find("have == want") != std::string::npos);
    CHECK(text.find("have 1 2") != std::string::npos);
    CHECK(text.find("result_test.cpp") != std::string::npos);
  }
}
