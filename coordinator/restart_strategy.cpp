// SPDX-License-Identifier: Apache-2.0
#include "coordinator/restart_strategy.hpp"

#include <algorithm>

#include "common/duration.hpp"
#include "weir/core/check.hpp"

namespace weir {
namespace {

/// `duration` times `factor` >= 0, at most `most`: the product itself might not fit.
std::chrono::nanoseconds scaled(std::chrono::nanoseconds duration, double factor,
                                std::chrono::nanoseconds most) {
  const double product = static_cast<double>(duration.count()) * factor;
  if (product >= static_cast<double>(most.count())) return most;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(product));
}

std::string times(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

restart_decision restart_strategy::on_failure(time_point now, double random01,
                                              std::string_view cause) {
  WEIR_CHECK(random01 >= 0 && random01 < 1, random01);
  if (given_up_) return give_up{*given_up_};
  if (failures_ == 0) {
    first_failure_ = now;
    first_cause_ = cause;
  }
  ++failures_;
  if (const auto bound = refusal(now)) {
    given_up_ = story(*bound, now, cause);
    return give_up{*given_up_};
  }
  const auto delay = next_delay(random01);
  restarted_ = now + delay;
  return restart_after{delay};
}

/// Which bound of the strategy this failure breaks, if any.
std::optional<std::string> restart_strategy::refusal(time_point now) {
  switch (settings_.kind) {
    case restart_kind::none:
      return "it allows no restart";
    case restart_kind::fixed_delay:
      if (failures_ <= settings_.fixed_delay.attempts) return std::nullopt;
      return "it allows " + times(settings_.fixed_delay.attempts, "restart");
    case restart_kind::failure_rate:
      return failure_rate_refusal(now);
    case restart_kind::exponential_delay:
      reset_after_quiet_time(now);
      return exponential_refusal();
  }
  return "it is unknown";
}

std::optional<std::string> restart_strategy::failure_rate_refusal(time_point now) {
  const auto& rate = settings_.failure_rate;
  while (!recent_.empty() && now - recent_.front() >= rate.interval) recent_.pop_front();
  recent_.push_back(now);
  if (recent_.size() <= rate.failures_per_interval) return std::nullopt;
  return "it allows " + times(rate.failures_per_interval, "failure") + " within " +
         print_duration(rate.interval);
}

std::optional<std::string> restart_strategy::exponential_refusal() {
  ++failures_since_reset_;
  const auto most = settings_.exponential_delay.attempts_before_reset;
  if (!most || failures_since_reset_ <= *most) return std::nullopt;
  return "it allows " + times(*most, "restart") + " without " +
         print_duration(settings_.exponential_delay.reset_threshold) + " of quiet between";
}

/// Quiet is counted from when the job was to run again, not from the failure: the wait proves
/// nothing.
void restart_strategy::reset_after_quiet_time(time_point now) {
  if (failures_since_reset_ == 0) return;
  if (now - restarted_ < settings_.exponential_delay.reset_threshold) return;
  failures_since_reset_ = 0;
  backoff_ = std::chrono::nanoseconds(0);
}

std::chrono::nanoseconds restart_strategy::next_delay(double random01) {
  switch (settings_.kind) {
    case restart_kind::none:
      break;
    case restart_kind::fixed_delay:
      return settings_.fixed_delay.delay;
    case restart_kind::failure_rate:
      return settings_.failure_rate.delay;
    case restart_kind::exponential_delay:
      return next_backoff(random01);
  }
  WEIR_CHECK(false, "a strategy without restarts has no delay");
  return {};
}

std::chrono::nanoseconds restart_strategy::next_backoff(double random01) {
  const auto& exponential = settings_.exponential_delay;
  if (failures_since_reset_ == 1)
    return std::chrono::nanoseconds(0);  // a first failure may well be the last
  backoff_ = backoff_.count() == 0
                 ? std::min(exponential.initial_backoff, exponential.max_backoff)
                 : scaled(backoff_, exponential.multiplier, exponential.max_backoff);
  const double jitter = 1.0 + exponential.jitter * (2.0 * random01 - 1.0);
  return scaled(backoff_, jitter, exponential.max_backoff);
}

std::string restart_strategy::story(const std::string& bound, time_point now,
                                    std::string_view cause) const {
  std::string text = "given up after " + times(failures_, "failure");
  if (failures_ > 1) text += " within " + print_rounded(now - first_failure_);
  text += ": restart strategy " + std::string(to_string(settings_.kind)) + ", " + bound;
  text += "; first cause: " + first_cause_;
  if (failures_ > 1) text += "; last cause: " + std::string(cause);
  return text;
}

}  // namespace weir
