// SPDX-License-Identifier: Apache-2.0
#include "simulation/memory_table.hpp"

#include <iterator>
#include <set>
#include <utility>

#include "state/store_internals.hpp"
#include "weir/core/check.hpp"

namespace weir {

result<void> memory_table::begin() {
  writing_ = true;
  return {};
}

std::size_t memory_disk::checkpoints() const {
  const auto first = durable.lower_bound(detail::manifest_key({}));
  const auto end = durable.lower_bound((detail::manifest_class + 1) << detail::class_shift);
  return static_cast<std::size_t>(std::distance(first, end));
}

std::optional<epoch_id> memory_disk::damage_newest() {
  std::optional<epoch_id> newest;
  std::optional<epoch_id> before;
  for (const auto& [key, value] : durable) {
    const epoch_id epoch{key & detail::number_mask};
    if (key >> detail::class_shift != detail::manifest_class || damaged.contains(epoch)) continue;
    before = newest;
    newest = epoch;
  }
  if (!before) return {};
  durable.at(detail::manifest_key(*newest)).back() ^= std::byte{1};
  damaged.insert(*newest);
  return before;
}

bool memory_table::fails_now() {
  if (disk_->failing_writes != 0) {
    --disk_->failing_writes;
    return true;
  }
  if (disk_->fails_one_in == 0 || disk_->fails_left == 0) return false;
  if (disk_->fate->operations() % disk_->fails_one_in != 0) return false;
  --disk_->fails_left;
  return true;
}

template <class Effect>
result<void> memory_table::write(const char* what, Effect effect) {
  auto done = disk_->fate->operation([&](bool inside) -> result<void> {
    if (fails_now()) {
      ++disk_->failed_writes;
      return error{error_code::io, std::string("cannot ") + what + " the simulated disk"};
    }
    effect(inside);
    return {};
  });
  if (!done) roll_back();
  return done;
}

result<std::span<std::byte>> memory_table::append(std::uint64_t key, std::size_t size) {
  WEIR_CHECK(writing_, key);
  byte_vector* value = nullptr;
  auto done = write("append to", [&](bool) {
    value = &changes_[key].emplace();
    value->resize(size);
  });
  if (!done) return done.error();
  return std::span<std::byte>(*value);
}

result<void> memory_table::put(std::uint64_t key, bytes_view value) {
  WEIR_CHECK(writing_, key);
  return write("write to", [&](bool) { changes_[key].emplace(value.begin(), value.end()); });
}

result<void> memory_table::erase(std::uint64_t key) {
  WEIR_CHECK(writing_, key);
  return write("remove from", [&](bool) { changes_[key] = std::nullopt; });
}

result<void> memory_table::commit() {
  WEIR_CHECK(writing_);
  auto done = write("sync", [&](bool inside) {
    if (!inside || disk_->keeps_cut_commit) make_durable();
  });
  if (done) roll_back();
  return done;
}

void memory_table::make_durable() {
  for (auto& [key, value] : changes_) {
    if (!value) {
      disk_->durable.erase(key);
      continue;
    }
    if (key >> detail::class_shift == detail::manifest_class)
      disk_->manifests.push_back({key & detail::number_mask});
    disk_->durable[key] = std::move(*value);
  }
}

void memory_table::roll_back() {
  changes_.clear();
  writing_ = false;
}

const byte_vector* memory_table::find(std::uint64_t key) const {
  if (const auto changed = changes_.find(key); changed != changes_.end())
    return changed->second ? &*changed->second : nullptr;
  const auto found = disk_->durable.find(key);
  return found == disk_->durable.end() ? nullptr : &found->second;
}

result<void> memory_table::get(std::uint64_t key,
                               const std::function<result<void>(bytes_view)>& use) const {
  const byte_vector* value = find(key);
  if (value == nullptr)
    return error{error_code::not_found, "no entry " + std::to_string(key) + " in " + name()};
  return use(*value);
}

result<std::vector<std::uint64_t>> memory_table::keys() const {
  std::set<std::uint64_t> all;
  for (const auto& [key, value] : disk_->durable) all.insert(key);
  for (const auto& [key, value] : changes_) {
    if (value) {
      all.insert(key);
    } else {
      all.erase(key);
    }
  }
  return std::vector<std::uint64_t>(all.begin(), all.end());
}

}  // namespace weir
