// SPDX-License-Identifier: Apache-2.0
#include "coordinator/poison_ledger.hpp"

#include <algorithm>

namespace weir {
namespace {

constexpr std::uint8_t ledger_version = 1;

}  // namespace

poison_ledger::verdict poison_ledger::on_kill(const record_kill& kill, attempt_id attempt,
                                              const std::string& why, const poison_rule& rule) {
  const key which{kill.uid, kill.identity};
  if (!entries_.contains(which) && !make_room()) return verdict::full;
  entry& known = entries_[which];
  if (known.attempt < attempt) {
    ++(kill.how == record_kill::evidence::thrown ? known.thrown : known.breadcrumbs);
    known.order = next_order_++;
    known.attempt = attempt;
    known.time_ms = kill.time_ms;
    known.error = why.substr(0, error_bytes_max);
    known.passed = {};
    known.skipped.reset();
  }
  known.convicted = known.kills() >= rule.kills;
  if (!known.convicted) return verdict::again;
  return rule.what == poison_rule::action::fail ? verdict::fails_job : verdict::convicted;
}

/// The record that killed longest ago gives way, among those that may: its count begins anew when it comes again.
bool poison_ledger::make_room() {
  if (entries_.size() < records_max) return true;
  auto oldest = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    const bool needed = at->second.convicted && at->second.passed == epoch_id{};
    if (needed) continue;
    if (oldest == entries_.end() || at->second.order < oldest->second.order) oldest = at;
  }
  if (oldest == entries_.end()) return false;
  entries_.erase(oldest);
  return true;
}

std::uint32_t poison_ledger::kills(const std::string& uid, record_identity identity) const {
  const auto found = entries_.find({uid, identity});
  return found == entries_.end() ? 0 : found->second.kills();
}

void poison_ledger::on_skipped(const std::string& uid, record_identity identity,
                               epoch_id triggered) {
  const auto found = entries_.find({uid, identity});
  if (found == entries_.end() || found->second.skipped) return;
  found->second.skipped = triggered;
}

bool poison_ledger::on_sealed(epoch_id epoch) {
  bool changed = false;
  for (auto& [which, known] : entries_) {
    if (!known.skipped || epoch <= *known.skipped || known.passed != epoch_id{}) continue;
    known.passed = epoch;
    changed = true;
  }
  return changed;
}

bool poison_ledger::on_restore(const std::string& uid, epoch_id from) {
  bool changed = false;
  for (auto at = entries_.lower_bound({uid, 0}); at != entries_.end() && at->first.first == uid;
       ++at) {
    auto& known = at->second;
    known.skipped.reset();
    if (known.passed <= from) continue;
    known.passed = {};  // its skip is undone: the record comes again
    changed = true;
  }
  return changed;
}

std::vector<conviction> poison_ledger::convictions(const std::string& uid,
                                                   const poison_rule& rule) const {
  std::vector<conviction> all;
  if (rule.what == poison_rule::action::fail) return all;
  for (auto at = entries_.lower_bound({uid, 0}); at != entries_.end() && at->first.first == uid;
       ++at) {
    const auto& known = at->second;
    if (known.kills() < rule.kills || known.passed != epoch_id{}) continue;
    all.push_back({at->first.second, known.kills(), known.error, known.time_ms, known.attempt});
  }
  return all;
}

byte_vector poison_ledger::encode() const {
  byte_vector bytes;
  if (entries_.empty()) return bytes;
  byte_writer out(bytes);
  out.scalar(ledger_version);
  out.varint(entries_.size());
  for (const auto& [which, known] : entries_) {
    out.text(which.first);
    out.scalar(which.second);
    out.scalar(known.thrown);
    out.scalar(known.breadcrumbs);
    out.scalar(known.order);
    out.scalar(known.attempt.value);
    out.scalar(known.time_ms);
    out.text(known.error);
    out.scalar(static_cast<std::uint8_t>(known.convicted));
    out.scalar(known.passed.value);
  }
  return bytes;
}

poison_ledger poison_ledger::decode(std::span<const std::byte> bytes) {
  poison_ledger made;
  byte_reader in(bytes);
  if (in.scalar<std::uint8_t>() != ledger_version) return {};
  const auto count = in.varint();
  if (count > records_max) return {};
  for (std::uint64_t i = 0; i < count && !in.failed(); ++i) {
    std::string uid(in.text());
    const auto identity = in.scalar<record_identity>();
    entry known;
    known.thrown = in.scalar<std::uint32_t>();
    known.breadcrumbs = in.scalar<std::uint32_t>();
    known.order = in.scalar<std::uint64_t>();
    known.attempt = {in.scalar<std::uint64_t>()};
    known.time_ms = in.scalar<std::int64_t>();
    known.error = in.text();
    known.convicted = in.scalar<std::uint8_t>() != 0;
    known.passed = {in.scalar<std::uint64_t>()};
    made.next_order_ = std::max(made.next_order_, known.order + 1);
    made.entries_.insert_or_assign({std::move(uid), identity}, std::move(known));
  }
  if (in.failed() || !in.at_end()) return {};
  return made;
}

}  // namespace weir
