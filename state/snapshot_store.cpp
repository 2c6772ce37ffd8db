// SPDX-License-Identifier: Apache-2.0
#include "state/snapshot_store.hpp"

#include <limits>
#include <utility>

#include "serialization/frame.hpp"
#include "state/blob.hpp"
#include "state/store_internals.hpp"
#include "weir/core/check.hpp"

namespace weir {
namespace {

using namespace detail;
using bytes_view = std::span<const std::byte>;

constexpr std::size_t blob_bytes_max =
    std::numeric_limits<std::uint32_t>::max() - blob_overhead_bytes;

}  // namespace

// ---- numbers ----

result<terms> snapshot_store::begin_term() {
  counters next = counters_;
  next.fence = next.fence.next();
  next.next_epoch += term_block;
  next.next_attempt += term_block;
  const terms granted{next.fence, {counters_.next_epoch}, {counters_.next_attempt}, term_block};
  if (auto written = write_counters(next); !written) return written.error();
  return granted;
}

result<epoch_id> snapshot_store::reserve_epochs(std::uint64_t count) {
  WEIR_CHECK(count >= 1 && count <= number_mask - counters_.next_epoch, count);
  counters next = counters_;
  next.next_epoch += count;
  const epoch_id first{counters_.next_epoch};
  if (auto written = write_counters(next); !written) return written.error();
  return first;
}

result<attempt_id> snapshot_store::reserve_attempts(std::uint64_t count) {
  WEIR_CHECK(count >= 1, count);
  counters next = counters_;
  next.next_attempt += count;
  const attempt_id first{counters_.next_attempt};
  if (auto written = write_counters(next); !written) return written.error();
  return first;
}

/// Into the open transaction.
result<void> snapshot_store::put_counters(const counters& next) {
  byte_vector bytes;
  byte_writer out(bytes);
  out.scalar(next.fence.value);
  out.scalar(next.next_epoch);
  out.scalar(next.next_attempt);
  out.scalar(next.run_begins.value);
  if (auto put = table_->put(counters_key, seal(bytes)); !put) return lose_transaction(put.error());
  return {};
}

/// Durable when it returns; shares the commit with whatever blobs wait in the open transaction.
result<void> snapshot_store::write_counters(const counters& next) {
  if (auto begun = table_->begin(); !begun) return begun;
  if (auto put = put_counters(next); !put) return put;
  if (auto committed = commit(nullptr); !committed) return committed;
  counters_ = next;
  return {};
}

result<void> snapshot_store::keep_poison(std::span<const std::byte> ledger) {
  if (auto begun = table_->begin(); !begun) return begun;
  // Erased before: a long value that a shorter one replaces in place is nothing that the check of the file expects.
  if (auto erased = table_->erase(poison_key); !erased) return lose_transaction(erased.error());
  if (auto put = table_->put(poison_key, seal(ledger)); !put) return lose_transaction(put.error());
  if (auto committed = commit(nullptr); !committed) return committed;
  poison_.assign(ledger.begin(), ledger.end());
  return {};
}

// ---- writing ----

result<chunk_ref> snapshot_store::put(epoch_id epoch, const chunk& content) {
  WEIR_CHECK(content.groups.first < key_group_count && content.groups.last < key_group_count,
             content.groups.first, content.groups.last);
  if (epoch.value >= counters_.next_epoch) {  // P5
    return error{error_code::invalid_argument,
                 "checkpoint " + to_string(epoch) + " was never reserved"};
  }
  if (auto allowed = catalogue_.may_write(epoch); !allowed) return allowed.error();
  if (content.bytes.size() > blob_bytes_max) {
    return error{error_code::limit, "chunk of " + std::to_string(content.bytes.size()) +
                                        " bytes, at most " + std::to_string(blob_bytes_max) +
                                        " can be stored"};
  }
  const std::size_t size = blob_header_bytes + content.bytes.size();
  if (transaction_bytes_ != 0 && transaction_bytes_ + size > options_.transaction_bytes_max) {
    if (auto committed = commit(nullptr); !committed) return committed.error();
  }
  if (auto begun = table_->begin(); !begun) return begun.error();
  auto room = table_->append(blob_key(next_blob_), size);
  if (!room) return lose_transaction(room.error());

  chunk_ref ref{content.kind,
                next_blob_++,
                content.groups,
                content.entries,
                static_cast<std::uint32_t>(content.bytes.size()),
                0};
  ref.checksum = write_blob(*room, epoch, content);
  transaction_bytes_ += size;
  catalogue_.written(epoch, ref);
  return ref;
}

void snapshot_store::abandon(epoch_id epoch) {
  catalogue_.abandon(epoch);
}

result<void> snapshot_store::complete(manifest finished) {
  if (auto checked = check_completion(finished); !checked) return checked;
  if (auto checked = catalogue_.verify(finished); !checked) return checked;  // P12
  if (auto checked = check_stored_headers(finished); !checked) return checked;
  finished.created_unix_ms = clock_();
  auto bytes = encode_manifest(finished);
  if (!bytes) return bytes.error();
  if (auto begun = table_->begin(); !begun) return begun;
  if (auto put = table_->put(manifest_key(finished.epoch), *bytes); !put)
    return lose_transaction(put.error());
  counters next = counters_;
  if (finished.kind == checkpoint_kind::initial) {
    next.run_begins = finished.epoch;
    if (auto put = put_counters(next); !put) return put;
  }
  if (auto committed = commit(&finished); !committed) return committed;
  counters_ = next;
  catalogue_.completed(finished);
  return {};
}

result<void> snapshot_store::check_completion(const manifest& finished) const {
  const auto refuse = [&](const std::string& why) {
    return error{error_code::invalid_argument,
                 "checkpoint " + to_string(finished.epoch) + " " + why};
  };
  if (finished.job != job_)
    return refuse("is of job \"" + finished.job + "\", not \"" + job_ + "\"");
  if (finished.fence != counters_.fence) {
    return refuse("is of fence " + to_string(finished.fence) + ", the store's is " +
                  to_string(counters_.fence));
  }
  if (finished.epoch.value >= counters_.next_epoch) return refuse("was never reserved");  // P5
  if (finished.attempt.value >= counters_.next_attempt) {
    return refuse("is of attempt " + to_string(finished.attempt) + ", which was never reserved");
  }
  return {};
}

/// P12: what this epoch wrote is in the table as it was put. Blobs of older epochs were checked
/// when those completed.
result<void> snapshot_store::check_stored_headers(const manifest& finished) const {
  std::optional<error> failure;
  for_each_chunk(finished, [&](const chunk_ref& ref) {
    if (failure || !catalogue_.is_blob_of(finished.epoch, ref.blob)) return;
    auto checked = table_->get(blob_key(ref.blob),
                               [&](bytes_view stored) { return check_blob_header(stored, ref); });
    if (!checked) failure = prefixed("checkpoint " + to_string(finished.epoch), checked.error());
  });
  if (failure) return *failure;
  return {};
}

result<void> snapshot_store::remove(epoch_id epoch) {
  const checkpoint_info* found = catalogue_.find(epoch);
  const std::string name = "checkpoint " + to_string(epoch);
  if (found == nullptr) return error{error_code::not_found, name + " does not exist"};
  if (catalogue_.is_pinned(epoch)) return error{error_code::in_use, name + " is being read"};
  if (epoch == catalogue_.newest() || found->kind != checkpoint_kind::savepoint) {
    return error{error_code::invalid_argument,
                 name + (epoch == catalogue_.newest() ? " is the newest one"
                                                      : " belongs to retention, not to the user")};
  }
  if (auto begun = table_->begin(); !begun) return begun;
  return commit(catalogue_.plan_without(epoch, options_.retained));
}

result<void> snapshot_store::commit(const manifest* completing) {
  return commit(catalogue_.plan(completing, options_.retained));
}

result<void> snapshot_store::commit(const snapshot_catalogue::removal& removed) {
  for (const epoch_id epoch : removed.checkpoints) {
    if (auto erased = table_->erase(manifest_key(epoch)); !erased)
      return lose_transaction(erased.error());
  }
  for (const std::uint64_t blob : removed.blobs) {
    if (auto erased = table_->erase(blob_key(blob)); !erased)
      return lose_transaction(erased.error());
  }
  if (auto committed = table_->commit(); !committed) return lose_transaction(committed.error());
  catalogue_.apply(removed);
  transaction_first_blob_ = next_blob_;
  transaction_bytes_ = 0;
  return {};
}

/// Numbers of lost blobs are not given out again, so an old reference can never meet a new blob.
error snapshot_store::lose_transaction(error why) {
  table_->roll_back();
  catalogue_.lost_from(transaction_first_blob_);
  transaction_first_blob_ = next_blob_;
  transaction_bytes_ = 0;
  return why;
}

// ---- reading ----

result<manifest> snapshot_store::latest() const {
  const auto newest = catalogue_.newest();
  if (!newest) return error{error_code::not_found, "there is no checkpoint in " + place()};
  return load(*newest);
}

result<manifest> snapshot_store::load(epoch_id epoch) const {
  const checkpoint_info* found = catalogue_.find(epoch);
  if (found == nullptr) {
    return error{error_code::not_found,
                 "there is no checkpoint " + to_string(epoch) + " in " + place()};
  }
  if (found->damage) return *found->damage;
  manifest out;
  auto loaded = table_->get(manifest_key(epoch), [&](bytes_view stored) -> result<void> {
    auto decoded = decode(epoch, stored);
    if (!decoded) return decoded.error();
    out = std::move(*decoded);
    return {};
  });
  if (!loaded) return loaded.error();
  return out;
}

result<manifest> snapshot_store::newest_valid(std::vector<error>& damaged) {
  for (const checkpoint_info& info : catalogue_.newest_first()) {
    if (info.epoch < counters_.run_begins) break;  // what is older belongs to another run
    auto loaded = load(info.epoch);
    auto verified = loaded ? verify(*loaded) : result<void>(loaded.error());
    if (verified) return loaded;
    damaged.push_back(verified.error());
    catalogue_.mark_damaged(info.epoch, verified.error());  // it counts for nothing in P18's two
  }
  return error{error_code::not_found,
               damaged.empty() ? "there is no checkpoint in " + place()
                               : "no checkpoint of this run in " + place() + " can be read"};
}

result<void> snapshot_store::verify(const manifest& in) const {
  std::optional<error> failure;
  for_each_chunk(in, [&](const chunk_ref& ref) {
    if (failure) return;
    if (auto content = read(ref); !content) {
      failure = prefixed("checkpoint " + to_string(in.epoch), content.error());
    }
  });
  if (failure) return *failure;
  return {};
}

result<void> snapshot_store::get_blob(const chunk_ref& ref,
                                      const std::function<result<void>(bytes_view)>& use) const {
  auto done = table_->get(blob_key(ref.blob & number_mask), use);
  if (done || done.error().code != error_code::not_found) return done;
  return error{error_code::not_found, "blob " + std::to_string(ref.blob) + " is not in " + place()};
}

result<chunk> snapshot_store::read(const chunk_ref& ref) const {
  chunk out;
  auto done = get_blob(ref, [&](bytes_view stored) -> result<void> {
    auto content = read_blob(stored, ref);
    if (!content) return content.error();
    out = std::move(*content);
    return {};
  });
  if (!done) return done.error();
  return out;
}

result<epoch_id> snapshot_store::written_by(const chunk_ref& ref) const {
  epoch_id epoch;
  auto done = get_blob(ref, [&](bytes_view stored) -> result<void> {
    if (auto checked = check_blob_header(stored, ref); !checked) return checked;
    epoch = blob_epoch(stored);
    return {};
  });
  if (!done) return done.error();
  return epoch;
}

}  // namespace weir
