// SPDX-License-Identifier: Apache-2.0
#include "state/stored_state.hpp"

#include <set>
#include <system_error>
#include <utility>

#include "serialization/frame.hpp"
#include "state/store_internals.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;
using namespace detail;

/// Opening again when the job has committed meanwhile; each costs some milliseconds.
constexpr int openings_max = 20;
/// Looks at a running job's directory, each at what is the newest by then.
constexpr int looks_max = 20;

result<fs::path> data_file_in(const fs::path& directory) {
  const std::string name = "state directory " + directory.string();
  std::error_code why;
  if (!fs::exists(directory, why)) return error{error_code::not_found, name + " does not exist"};
  if (!fs::is_directory(directory, why)) {
    return error{error_code::not_found,
                 directory.string() + " is a file, expected a state directory"};
  }
  const fs::path store = directory / "snapshots.mdb";
  if (!fs::exists(store, why)) {
    return error{error_code::not_found,
                 name + " holds no snapshots.mdb: no job has kept state there"};
  }
  return store / "data.mdb";
}

result<std::unique_ptr<snapshot_store>> store_on(std::unique_ptr<lmdb_reader> table) {
  auto job = snapshot_store::job_of(*table);
  if (!job) return job.error();
  return snapshot_store::open_on(std::move(table), {}, std::move(*job),
                                 [] { return std::uint64_t{0}; });
}

}  // namespace

result<stored_state> stored_state::open(const fs::path& directory) {
  const auto data_file = data_file_in(directory);
  if (!data_file) return data_file.error();
  for (int opening = 0; opening < openings_max; ++opening) {
    auto table = lmdb_reader::open(*data_file);
    if (!table) return table.error();
    lmdb_reader* seen = table->get();
    const std::uint64_t transaction = seen->content().transaction;
    auto store = store_on(std::move(*table));
    // The manifests were read after the places of all values: only a quiet file proves anything.
    if (lmdb_reader::moved_on(*data_file, transaction)) continue;
    if (!store) return store.error();
    return stored_state(directory, seen, std::move(*store));
  }
  return error{error_code::in_use, data_file->string() +
                                       " is written to by a running job, faster than it can be "
                                       "looked at; try again, or when the job has ended"};
}

result<int> stored_state::look_at(const fs::path& directory,
                                  const std::function<result<int>(stored_state&)>& look) {
  for (int left = looks_max;; --left) {
    auto state = open(directory);
    if (!state) return state.error();
    auto seen = look(*state);
    if (seen || seen.error().code != error_code::in_use || left == 1) return seen;
  }
}

stored_state::stored_state(fs::path directory, lmdb_reader* table,
                           std::unique_ptr<snapshot_store> store)
    : directory_(std::move(directory)), table_(table), store_(std::move(store)) {}

result<void> stored_state::hold(const std::vector<chunk_ref>& chunks, std::uint64_t bytes_max) {
  std::uint64_t bytes = 0;
  for (const chunk_ref& ref : chunks) bytes += ref.bytes;
  if (bytes > bytes_max) return {};
  for (const chunk_ref& ref : chunks) {
    // What cannot be read is named by whoever reads it.
    static_cast<void>(table_->hold(blob_key(ref.blob)));
  }
  if (!table_->has_moved_on()) return {};
  for (const chunk_ref& ref : chunks) {
    if (const auto read = store_->read(ref); !read) return explain(read.error());
  }
  return {};
}

std::vector<std::uint64_t> stored_state::orphans() const {
  std::set<std::uint64_t> named;
  for (const checkpoint_info& info : store_->checkpoints()) {
    const auto found = store_->load(info.epoch);
    if (!found) continue;
    for_each_chunk(*found, [&](const chunk_ref& ref) { named.insert(ref.blob); });
  }
  std::vector<std::uint64_t> left;
  for (const lmdb_place& place : table_->content().values) {
    const std::uint64_t blob = place.key & number_mask;
    if (place.key >> class_shift == blob_class && !named.contains(blob)) left.push_back(blob);
  }
  return left;
}

result<void> stored_state::check_poison() const {
  auto read = table_->get(poison_key, [](std::span<const std::byte> value) -> result<void> {
    if (const auto opened = open_frame(value); !opened) {
      return prefixed("poison records", opened.error());
    }
    return {};
  });
  if (!read && read.error().code == error_code::not_found) return {};
  return read;
}

error stored_state::explain(error failure) const {
  const bool wrong_bytes = failure.code == error_code::corrupt ||
                           failure.code == error_code::incompatible ||
                           failure.code == error_code::io;
  if (!wrong_bytes || !table_->has_moved_on()) return failure;
  return {error_code::in_use,
          "the job that uses " + directory_.string() +
              " has completed checkpoints and removed older ones while this one was read (" +
              failure.message +
              "); try again, keep more of them (execution.checkpointing.num-retained), or stop the "
              "job"};
}

}  // namespace weir
