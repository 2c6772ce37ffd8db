// SPDX-License-Identifier: Apache-2.0
// The opening of a snapshot store: creation, and reading what is there.
#include <system_error>
#include <utility>

#include "serialization/frame.hpp"
#include "state/injected_table.hpp"
#include "state/lmdb_table.hpp"
#include "state/snapshot_store.hpp"
#include "state/store_internals.hpp"

namespace weir {
namespace {

using namespace detail;
namespace fs = std::filesystem;
using bytes_view = std::span<const std::byte>;

constexpr std::uint32_t store_version = 1;

byte_vector superblock(const std::string& job) {
  byte_vector bytes;
  byte_writer out(bytes);
  out.scalar(store_version);
  out.text(job);
  return seal(bytes);
}

/// The name of the job, from the superblock.
result<std::string> job_in(bytes_view superblock) {
  const auto opened = open_frame(superblock);
  if (!opened) return prefixed("superblock", opened.error());
  byte_reader in(*opened);
  const auto version = in.scalar<std::uint32_t>();
  if (version > store_version) {
    return error{error_code::incompatible, "snapshot store has version " + std::to_string(version) +
                                               ", this program reads up to version " +
                                               std::to_string(store_version)};
  }
  std::string job(in.text());
  if (in.failed() || version == 0)
    return error{error_code::corrupt, "superblock does not have its form"};
  return job;
}

/// Written under another name and renamed when it is whole: a store that exists but is empty or cut
/// is damaged, never new.
result<void> create_store(const fs::path& dir, const fs::path& place, const std::string& job) {
  fs::path draft = place;
  draft += ".new";
  std::error_code why;
  fs::remove_all(draft, why);  // of a creation that was interrupted
  if (auto made = lmdb_table::create(draft, superblock_key, superblock(job)); !made) return made;
  fs::rename(draft, place, why);
  if (why) return error{error_code::io, "cannot rename " + draft.string() + ": " + why.message()};
  return sync_directory(dir);
}

result<void> check_options(const store_options& options) {
  if (options.retained >= 2) return {};
  return error{error_code::invalid_argument, "retained checkpoints is " +
                                                 std::to_string(options.retained) +
                                                 ", at least 2 are kept"};  // P18
}

}  // namespace

result<std::unique_ptr<snapshot_store>> snapshot_store::open(const fs::path& dir,
                                                             store_options options, std::string job,
                                                             unix_ms_clock clock) {
  if (auto allowed = check_options(options); !allowed) return allowed.error();
  auto directory = state_directory::open(dir);
  if (!directory) return directory.error();
  const fs::path place = directory->path() / "snapshots.mdb";
  std::error_code why;
  if (!fs::exists(place, why)) {
    if (auto made = create_store(directory->path(), place, job); !made) return made.error();
  }
  auto table = lmdb_table::open(place, options.map_bytes);
  if (!table) return table.error();
  return filled(std::unique_ptr<snapshot_store>(new snapshot_store(
      std::move(*directory), std::move(*table), options, std::move(job), std::move(clock))));
}

result<std::unique_ptr<snapshot_store>> snapshot_store::open_on(std::unique_ptr<store_table> table,
                                                                store_options options,
                                                                std::string job,
                                                                unix_ms_clock clock) {
  if (auto allowed = check_options(options); !allowed) return allowed.error();
  const auto nothing = [](bytes_view) -> result<void> { return {}; };
  if (!table->get(superblock_key, nothing)) {
    if (auto begun = table->begin(); !begun) return begun.error();
    if (auto put = table->put(superblock_key, superblock(job)); !put) return put.error();
    if (auto committed = table->commit(); !committed) return committed.error();
  }
  return filled(std::unique_ptr<snapshot_store>(new snapshot_store(
      std::nullopt, std::move(table), options, std::move(job), std::move(clock))));
}

result<std::unique_ptr<snapshot_store>> snapshot_store::filled(
    std::unique_ptr<snapshot_store> store) {
  if (auto loaded = store->load_all(); !loaded)
    return prefixed(store->table_->name(), loaded.error());
  return store;
}

snapshot_store::snapshot_store(std::optional<state_directory> directory,
                               std::unique_ptr<store_table> table, store_options options,
                               std::string job, unix_ms_clock clock)
    : directory_(std::move(directory)),
      table_(std::move(table)),
      options_(options),
      job_(std::move(job)),
      clock_(std::move(clock)) {}

snapshot_store::~snapshot_store() = default;

void snapshot_store::inject(std::shared_ptr<disk_faults> faults) {
  table_ = std::make_unique<injected_table>(std::move(table_), std::move(faults));
}

result<void> snapshot_store::load_all() {
  // Blobs have the highest keys, but checkpoints are judged by them: two passes, neither touches a
  // blob's bytes.
  const auto keys = table_->keys();
  if (!keys) return keys.error();
  for (const std::uint64_t key : *keys) {
    if (key >> class_shift != blob_class) continue;
    catalogue_.found_blob(key & number_mask);
    next_blob_ = (key & number_mask) + 1;
  }
  for (const std::uint64_t key : *keys) {
    if (key >> class_shift == blob_class) continue;
    auto loaded = table_->get(key, [&](bytes_view value) { return load_entry(key, value); });
    if (!loaded) return loaded;
  }
  if (!has_superblock_) return error{error_code::corrupt, "the superblock is missing"};
  if (!has_counters_ && catalogue_.newest())
    return error{error_code::corrupt, "the counters are missing"};
  if (catalogue_.newest() && catalogue_.newest()->value >= counters_.next_epoch) {
    return error{error_code::corrupt, "checkpoint " + to_string(*catalogue_.newest()) +
                                          " was never reserved, next is " +
                                          std::to_string(counters_.next_epoch)};
  }
  return {};
}

result<void> snapshot_store::load_entry(std::uint64_t key, bytes_view value) {
  const std::uint64_t kind = key >> class_shift;
  if (key == superblock_key) {
    has_superblock_ = true;
    return load_superblock(value);
  }
  if (key == counters_key) {
    has_counters_ = true;
    return load_counters(value);
  }
  if (key == poison_key) {
    if (const auto opened = open_frame(value)) poison_.assign(opened->begin(), opened->end());
    return {};
  }
  if (kind != manifest_class) {
    return error{error_code::corrupt, "entry with the unknown key " + std::to_string(key)};
  }
  const epoch_id epoch{key & number_mask};
  if (auto decoded = decode(epoch, value)) {
    catalogue_.found_checkpoint(*decoded);
  } else {
    catalogue_.found_damaged(epoch, decoded.error());
  }
  return {};
}

result<std::string> snapshot_store::job_of(const store_table& table) {
  std::string job;
  auto read = table.get(superblock_key, [&](bytes_view value) -> result<void> {
    auto found = job_in(value);
    if (!found) return found.error();
    job = std::move(*found);
    return {};
  });
  if (read) return job;
  const bool missing = read.error().code == error_code::not_found;
  return prefixed(table.name(),
                  missing ? error{error_code::corrupt, "the superblock is missing"} : read.error());
}

result<void> snapshot_store::load_superblock(bytes_view value) const {
  auto job = job_in(value);
  if (!job) return job.error();
  if (*job == job_) return {};
  return error{error_code::incompatible,
               "snapshots belong to job \"" + *job + "\", this is \"" + job_ + "\""};
}

result<void> snapshot_store::load_counters(bytes_view value) {
  const auto opened = open_frame(value);
  if (!opened) return prefixed("counters", opened.error());
  byte_reader in(*opened);
  counters_.fence = {in.scalar<std::uint64_t>()};
  counters_.next_epoch = in.scalar<std::uint64_t>();
  counters_.next_attempt = in.scalar<std::uint64_t>();
  counters_.run_begins = {in.scalar<std::uint64_t>()};
  if (in.failed() || counters_.next_epoch > number_mask) {
    return error{error_code::corrupt, "counters do not have their form"};
  }
  return {};
}

result<manifest> snapshot_store::decode(epoch_id epoch, bytes_view value) const {
  const std::string name = "checkpoint " + to_string(epoch);
  auto decoded = decode_manifest(value);
  if (!decoded) return prefixed(name, decoded.error());
  if (decoded->epoch != epoch || decoded->job != job_) {
    return error{error_code::corrupt, name + ": its manifest is of epoch " +
                                          to_string(decoded->epoch) + " of job \"" + decoded->job +
                                          "\""};
  }
  return decoded;
}

}  // namespace weir
