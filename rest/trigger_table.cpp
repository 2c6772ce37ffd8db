// SPDX-License-Identifier: Apache-2.0
#include "rest/trigger_table.hpp"

#include <iterator>
#include <utility>

namespace weir::rest {

result<void> trigger_table::begin(const std::string& id, trigger_kind kind, clock::time_point now) {
  look(now);
  if (const auto known = entries_.find(id); known != entries_.end()) {
    if (known->second.kind == kind) return {};
    return error{error_code::invalid_argument,
                 "triggerId '" + id + "' is that of another kind of request"};
  }
  if (!make_room()) {
    return error{error_code::limit,
                 std::to_string(triggers_max) + " requests are in progress; expected fewer"};
  }
  entry begun;
  begun.kind = kind;
  begun.request = kind == trigger_kind::stop ? job_.stop() : job_.checkpoint_now();
  if (begun.request == 0) {
    begun.ended = error{error_code::invalid_argument,
                        "the job refuses: it is over, or about to end (see its log)"};
    begun.ended_at = now;
  }
  entries_.emplace(id, std::move(begun));
  ++unanswered_;
  return {};
}

std::optional<trigger_table::outcome> trigger_table::find(const std::string& id, trigger_kind kind,
                                                          clock::time_point now) {
  look(now);
  const auto known = entries_.find(id);
  if (known == entries_.end() || known->second.kind != kind) return std::nullopt;
  if (known->second.ended && !std::exchange(known->second.told, true)) --unanswered_;
  return outcome{known->second.ended};
}

/// Asks the job for outcomes, and forgets what has been over for long enough.
void trigger_table::look(clock::time_point now) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    auto& each = at->second;
    if (!each.ended) {
      each.ended = job_.outcome_of(each.request);
      if (each.ended) each.ended_at = now;
    }
    at = each.ended && now - each.ended_at > keep_ ? forget(at) : std::next(at);
  }
}

trigger_table::entries::iterator trigger_table::forget(entries::iterator at) {
  if (!at->second.told) --unanswered_;
  return entries_.erase(at);
}

/// Whether there is room for one more, after the one that has been over for longest gave way.
bool trigger_table::make_room() {
  if (entries_.size() < triggers_max) return true;
  auto oldest = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (!at->second.ended) continue;
    if (oldest == entries_.end() || at->second.ended_at < oldest->second.ended_at) oldest = at;
  }
  if (oldest == entries_.end()) return false;
  forget(oldest);
  return true;
}

}  // namespace weir::rest
