// SPDX-License-Identifier: Apache-2.0
// snapshot_store keeps a job's checkpoints: chunks are streamed in as blobs while tasks drain, a
// manifest written last makes a checkpoint complete (P12), and what no kept checkpoint needs is
// removed (P18). It also hands out the numbers that must never be used twice: fences, epochs,
// attempts (P5, P22).
//
// Owner:      one thread (the snapshot writer's). Not thread safe. It holds the state directory's
//             lock.
// Invariants: (1) a checkpoint is listed only if its manifest and all its blobs are durable; (2)
//             what begin_term and the reserve calls return was never returned before, across
//             crashes; (3) after any error the store stays usable: at most the blobs of the open
//             transaction are lost, and then their epochs cannot complete.
// Source:     docs/formats.md; PROTOCOL P5, P12, P17, P18. Memory: a write transaction is committed
//             when it holds `transaction_bytes_max`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "serialization/manifest.hpp"
#include "state/snapshot_catalogue.hpp"
#include "state/state_directory.hpp"
#include "state/store_table.hpp"
#include "weir/core/bytes.hpp"
#include "weir/core/chunk.hpp"
#include "weir/core/disk_faults.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/result.hpp"

namespace weir {

struct store_options {
  std::size_t map_bytes = std::size_t{1} << 40;  ///< bound of the file; address space only
  unsigned retained = 2;  ///< complete checkpoints that are kept, at least 2 (P18)
  /// Memory held before a commit. A commit copies it to the page cache in one go, on a core that a
  /// task may be waiting for: 2 MiB take less than a millisecond. Larger ones only sync less often.
  std::size_t transaction_bytes_max = std::size_t{2} << 20;
};

/// What a coordinator's term may use: the blocks are its own, and durable.
struct terms {
  fence_id fence;
  epoch_id first_epoch;  ///< of [first_epoch, first_epoch + block); 0, the initial checkpoint's, is
                         ///< never handed out
  attempt_id first_attempt;
  std::uint64_t block = 0;
};

class snapshot_store {
 public:
  using unix_ms_clock = std::function<std::uint64_t()>;
  /// How many epochs and attempts begin_term reserves. Small, because a restart skips what is left
  /// of them.
  static constexpr std::uint64_t term_block = 16;

  /// Opens or creates the store in `dir` and changes nothing in an existing one.
  /// Errors: in_use, corrupt, incompatible (a newer format, or another job's), invalid_argument
  /// (options), io, no_space.
  static result<std::unique_ptr<snapshot_store>> open(const std::filesystem::path& dir,
                                                      store_options options, std::string job,
                                                      unix_ms_clock clock);
  /// The same on a table of the caller's, with no directory and no lock: whoever has the table sees to it that nobody else
  /// does. An empty table becomes a new store.
  static result<std::unique_ptr<snapshot_store>> open_on(std::unique_ptr<store_table> table,
                                                         store_options options, std::string job,
                                                         unix_ms_clock clock);
  /// Whose snapshots a table holds. Errors: corrupt, incompatible (a newer format).
  static result<std::string> job_of(const store_table& table);
  ~snapshot_store();
  snapshot_store(const snapshot_store&) = delete;
  snapshot_store& operator=(const snapshot_store&) = delete;

  /// From now on writes go wrong as these say.
  void inject(std::shared_ptr<disk_faults> faults);

  // ---- numbers: durable when the call returns ----
  /// Fence + 1 and fresh blocks of epochs and attempts. Also removes orphans of a crash.
  result<terms> begin_term();
  /// The caller owns [returned, returned + count); count >= 1.
  result<epoch_id> reserve_epochs(std::uint64_t count);
  result<attempt_id> reserve_attempts(std::uint64_t count);

  // ---- writing; chunks of several epochs may interleave ----
  /// Stores a chunk; durable at the latest when its epoch completes.
  /// Errors: invalid_argument (epoch not reserved, complete, abandoned), limit (over 4 GiB),
  /// no_space, io.
  result<chunk_ref> put(epoch_id epoch, const chunk& content);
  /// The epoch will not complete; later chunks of it are refused, its blobs go with the next
  /// commit. Idempotent.
  void abandon(epoch_id epoch);
  /// Makes the checkpoint complete and durable, and removes what P18 no longer asks for, in one
  /// transaction. `created_unix_ms` is set by the store. An epoch below one that has completed is
  /// refused; pending ones below are subsumed. Errors: invalid_argument (job, fence, attempt,
  /// epoch), not_found or corrupt (a chunk is not here as it was put), limit, no_space, io.
  result<void> complete(manifest finished);
  /// Gives up a checkpoint that the user owns. Errors: not_found, in_use (pinned), invalid_argument
  /// (the newest one, as its output is released; or one that retention still needs).
  result<void> remove(epoch_id epoch);

  // ---- poison records (P19) ----
  /// Keeps these bytes in place of those kept before; durable when it returns.
  result<void> keep_poison(std::span<const std::byte> ledger);
  /// What was kept last; empty when there is nothing, or when it is damaged.
  const byte_vector& poison() const { return poison_; }

  // ---- reading ----
  std::vector<checkpoint_info> checkpoints() const { return catalogue_.newest_first(); }
  /// Errors: not_found (there is none), corrupt or incompatible (it is damaged; the message names
  /// the epoch).
  result<manifest> latest() const;
  result<manifest> load(epoch_id epoch) const;
  /// The newest checkpoint whose manifest and every blob check out (reads them all); `damaged`
  /// receives why newer ones do not, and they no longer count as checkpoints that are kept. Whether
  /// the job may go back to it is P18's question, with released_up_to().
  result<manifest> newest_valid(std::vector<error>& damaged);
  /// Reads every blob of a checkpoint.
  result<void> verify(const manifest& in) const;
  /// Errors: not_found, corrupt, incompatible.
  result<chunk> read(const chunk_ref& ref) const;
  /// The checkpoint that wrote the chunk; reads its header alone. Errors: as read().
  result<epoch_id> written_by(const chunk_ref& ref) const;

  /// The checkpoint and its blobs stay until unpinned as often as pinned; not durable.
  void pin(epoch_id epoch) { catalogue_.pin(epoch); }
  void unpin(epoch_id epoch) { catalogue_.unpin(epoch); }

  /// Highest epoch whose output may have been released by sinks; 0 if none. It is the newest
  /// complete checkpoint, readable or not: `commit n` may leave at once when n is complete, so a
  /// record of "commit n was sent" would have to be durable before it is sent, one more sync a
  /// checkpoint, only to know more in the moment between the two. Counting complete as released
  /// never misses a release (P18). A manifest's key survives damage to the manifest.
  epoch_id released_up_to() const { return catalogue_.newest().value_or(epoch_id{}); }

  /// P18: the oldest checkpoint that is kept, readable or not; 0 if none.
  epoch_id oldest_retained() const { return catalogue_.oldest().value_or(epoch_id{}); }

  const std::string& job() const { return job_; }

  /// A simulated one has none, nor has one that is only looked at.
  bool has_directory() const { return directory_.has_value(); }
  /// REQUIRES: has_directory().
  const std::filesystem::path& directory() const { return directory_->path(); }

 private:
  struct counters {
    fence_id fence;
    std::uint64_t next_epoch = 1;
    std::uint64_t next_attempt = 1;
    epoch_id run_begins;  ///< the initial checkpoint of the newest run
  };

  snapshot_store(std::optional<state_directory> directory, std::unique_ptr<store_table> table,
                 store_options options, std::string job, unix_ms_clock clock);
  static result<std::unique_ptr<snapshot_store>> filled(std::unique_ptr<snapshot_store> store);
  std::string place() const { return directory_ ? directory_->path().string() : table_->name(); }
  result<void> get_blob(const chunk_ref& ref,
                        const std::function<result<void>(std::span<const std::byte>)>& use) const;
  result<void> load_all();
  result<void> load_entry(std::uint64_t key, std::span<const std::byte> value);
  result<void> load_superblock(std::span<const std::byte> value) const;
  result<void> load_counters(std::span<const std::byte> value);
  result<manifest> decode(epoch_id epoch, std::span<const std::byte> value) const;

  result<void> check_completion(const manifest& finished) const;
  result<void> check_stored_headers(const manifest& finished) const;
  result<void> put_counters(const counters& next);
  result<void> write_counters(const counters& next);
  result<void> commit(const manifest* completing);
  result<void> commit(const snapshot_catalogue::removal& removed);
  error lose_transaction(error why);

  // set once
  std::optional<state_directory>
      directory_;  // outlives the table: its lock is the table's only lock
  std::unique_ptr<store_table> table_;
  store_options options_;
  std::string job_;
  unix_ms_clock clock_;

  snapshot_catalogue catalogue_;
  counters counters_;
  byte_vector poison_;
  bool has_superblock_ = false;
  bool has_counters_ = false;
  std::uint64_t next_blob_ = 1;
  // of the open transaction
  std::uint64_t transaction_first_blob_ = 1;
  std::size_t transaction_bytes_ = 0;
};

}  // namespace weir
