// SPDX-License-Identifier: Apache-2.0
#include "state/lmdb_table.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "state/lmdb_check.hpp"
#include "state/lmdb_error.hpp"
#include "state/lmdb_layout.hpp"
#include "state/state_directory.hpp"
#include "weir/core/check.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr unsigned environment_flags = MDB_NOTLS | MDB_NORDAHEAD | MDB_NOLOCK;
constexpr std::size_t inline_value_max =
    1024;  // surely beside its key (LMDB's limit is 2,022 for pages of 4 KiB)

constexpr std::size_t fault_around_bytes = 64 * 1024;  // Linux's default; about a blob as well
constexpr std::size_t mapped_bytes_max = std::size_t{4} << 20;  // some 64 blobs a call of madvise
constexpr std::uintmax_t full_disk_bytes = std::uintmax_t{1}
                                           << 20;  // less than any write worth making

struct key_buffer {
  std::uint64_t stored;
  explicit key_buffer(std::uint64_t key) : stored(__builtin_bswap64(key)) {}
  MDB_val value() { return {sizeof stored, &stored}; }
};

std::uint64_t key_of(const MDB_val& stored) {
  WEIR_CHECK(stored.mv_size == sizeof(std::uint64_t), stored.mv_size);  // check_lmdb_file saw to it
  return __builtin_bswap64(
      detail::load<std::uint64_t>(static_cast<const std::byte*>(stored.mv_data)));
}

std::span<std::byte> view(const MDB_val& value) {
  return {static_cast<std::byte*>(value.mv_data), value.mv_size};
}

}  // namespace

/// The open write transaction, or a read transaction that ends with the object.
class lmdb_table::reading {
 public:
  explicit reading(const lmdb_table& table) : shared_(table.transaction_) {
    if (shared_ == nullptr) code_ = mdb_txn_begin(table.environment_, nullptr, MDB_RDONLY, &own_);
  }
  reading(const reading&) = delete;
  reading& operator=(const reading&) = delete;
  ~reading() {
    if (own_ != nullptr) mdb_txn_abort(own_);
  }
  int code() const { return code_; }
  MDB_txn* get() const { return shared_ != nullptr ? shared_ : own_; }

 private:
  MDB_txn* shared_;
  MDB_txn* own_ = nullptr;
  int code_ = 0;
};

result<void> lmdb_table::create(const fs::path& dir, std::uint64_t key, bytes_view value) {
  std::error_code why;
  if (!fs::create_directory(dir, why)) {
    return error{why == std::errc::no_space_on_device ? error_code::no_space : error_code::io,
                 "cannot create directory " + dir.string() + ": " + why.message()};
  }
  auto table = attach(dir, std::size_t{1} << 20);
  if (!table) return table.error();
  if (auto begun = (*table)->begin(); !begun) return begun;
  if (auto put = (*table)->put(key, value); !put) return put;
  if (auto committed = (*table)->commit(); !committed) return committed;
  return sync_directory(dir);
}

result<std::unique_ptr<lmdb_table>> lmdb_table::open(const fs::path& dir, std::size_t map_bytes) {
  if (auto checked = check_lmdb_file(dir / "data.mdb"); !checked) return checked.error();
  auto table = attach(dir, map_bytes);
  if (!table) return table;
  if (auto found = (*table)->find_map_base(); !found) return found.error();
  return table;
}

/// LMDB's environment in `dir`, which it creates if there is no data file.
result<std::unique_ptr<lmdb_table>> lmdb_table::attach(const fs::path& dir, std::size_t map_bytes) {
  MDB_env* environment = nullptr;
  int code = mdb_env_create(&environment);
  if (code != 0) return error{lmdb_error_code(code), std::string("LMDB: ") + mdb_strerror(code)};
  std::unique_ptr<lmdb_table> table(new lmdb_table(environment, dir, map_bytes));
  code = mdb_env_set_mapsize(environment, map_bytes);
  if (code == 0) code = mdb_env_open(environment, dir.c_str(), environment_flags, 0644);
  if (code != 0) return table->describe(code, "open", 0);
  return table;
}

lmdb_table::lmdb_table(MDB_env* environment, fs::path dir, std::size_t map_bytes)
    : environment_(environment), data_file_(std::move(dir) / "data.mdb"), map_bytes_(map_bytes) {}

lmdb_table::~lmdb_table() {
  roll_back();
  mdb_env_close(environment_);
}

/// The mapping's address, which LMDB does not tell: from a value that lies beside its key, on a
/// page whose number has been checked. The page number of any other value follows from it.
result<void> lmdb_table::find_map_base() {
  MDB_stat status{};
  if (const int code = mdb_env_stat(environment_, &status); code != 0)
    return describe(code, "read", 0);
  page_bytes_ = status.ms_psize;
  reading transaction(*this);
  if (transaction.code() != 0) return describe(transaction.code(), "read", 0);
  if (const int code = mdb_dbi_open(transaction.get(), nullptr, 0, &tree_); code != 0) {
    return describe(code, "read", 0);
  }
  return for_each([&](std::uint64_t, bytes_view value) -> result<void> {
    if (map_base_ != nullptr || value.size() > inline_value_max) return {};
    const auto in_page = reinterpret_cast<std::uintptr_t>(value.data()) % page_bytes_;
    const std::byte* page = value.data() - in_page;
    map_base_ = page - detail::load<std::uint64_t>(page) * page_bytes_;
    return {};
  });
}

result<void> lmdb_table::begin() {
  if (transaction_ != nullptr) return {};
  int code = mdb_txn_begin(environment_, nullptr, 0, &transaction_);
  if (code != 0) {
    transaction_ = nullptr;
    return describe(code, "begin a write to", 0);
  }
  code = mdb_dbi_open(transaction_, nullptr, 0, &tree_);
  if (code != 0) return fail(code, "begin a write to");
  return {};
}

result<std::span<std::byte>> lmdb_table::append(std::uint64_t key, std::size_t size) {
  WEIR_CHECK(writing());
  key_buffer buffer(key);
  MDB_val stored = buffer.value();
  MDB_val room{size, nullptr};
  const int code = mdb_put(transaction_, tree_, &stored, &room, MDB_APPEND | MDB_RESERVE);
  if (code != 0) return fail(code, "append to", size);
  return view(room);
}

result<void> lmdb_table::put(std::uint64_t key, bytes_view value) {
  // LMDB would keep the pages of a longer value that it replaces, and check_lmdb_file could not
  // count them any more.
  if (auto erased = erase(key); !erased) return erased;
  key_buffer buffer(key);
  MDB_val stored = buffer.value();
  MDB_val content{value.size(), const_cast<std::byte*>(value.data())};
  const int code = mdb_put(transaction_, tree_, &stored, &content, MDB_NOOVERWRITE);
  if (code != 0) return fail(code, "write to", value.size());
  return {};
}

result<void> lmdb_table::erase(std::uint64_t key) {
  WEIR_CHECK(writing());
  key_buffer buffer(key);
  MDB_val stored = buffer.value();
  MDB_val value{};
  int code = mdb_get(transaction_, tree_, &stored, &value);
  if (code == MDB_NOTFOUND) return {};
  touched();
  if (code == 0 && !pages_are_sound(value)) return {};
  if (code == 0) code = mdb_del(transaction_, tree_, &stored, nullptr);
  if (code != 0) return fail(code, "remove from");
  return {};
}

/// LMDB frees as many pages from where as the first page's header says; check_lmdb_file does not
/// read those headers.
bool lmdb_table::pages_are_sound(const MDB_val& value) const {
  if (value.mv_size <= inline_value_max) return true;
  const auto* data = static_cast<const std::byte*>(value.mv_data);
  const bool mapped = data >= map_base_ && data < map_base_ + map_bytes_;
  if (!mapped) return true;  // in this process's memory, written by this transaction
  const auto offset = static_cast<std::size_t>(data - map_base_);
  if (offset % page_bytes_ != detail::page_header_bytes) return true;  // beside its key after all
  const std::byte* page = data - detail::page_header_bytes;
  const std::size_t pages = (detail::page_header_bytes - 1 + value.mv_size) / page_bytes_ + 1;
  return detail::load<std::uint64_t>(page) == offset / page_bytes_ &&
         detail::load<std::uint16_t>(page + 10) == detail::flag_overflow &&
         detail::load<std::uint32_t>(page + 12) == pages;
}

result<void> lmdb_table::commit() {
  WEIR_CHECK(writing());
  release_map();
  const int code = mdb_txn_commit(std::exchange(transaction_, nullptr));  // ends it in every case
  if (code == EIO && disk_is_full()) return describe(ENOSPC, "commit to", 0);
  if (code != 0) return describe(code, "commit to", 0);
  return {};
}

/// LMDB reports a write that was cut short by a full disk as EIO.
bool lmdb_table::disk_is_full() const {
  std::error_code why;
  const fs::space_info space = fs::space(data_file_.parent_path(), why);
  return !why && space.available < full_disk_bytes;
}

/// Every page that was looked at, and those around it that the kernel maps with it, count as this
/// process's resident memory. A store's reads are rare and sequential: nothing is gained by keeping
/// them mapped.
void lmdb_table::touched() const {
  touched_bytes_ += fault_around_bytes;
  if (touched_bytes_ >= mapped_bytes_max) release_map();
}

/// The pages stay in the system's cache, and pointers into the mapping stay good.
void lmdb_table::release_map() const {
  touched_bytes_ = 0;
  MDB_envinfo status{};
  if (map_base_ == nullptr || mdb_env_info(environment_, &status) != 0) return;
  const std::size_t size = std::min((status.me_last_pgno + 1) * page_bytes_, map_bytes_);
  ::madvise(const_cast<std::byte*>(map_base_), size, MADV_DONTNEED);  // only advice: may fail
}

void lmdb_table::roll_back() {
  if (transaction_ != nullptr) mdb_txn_abort(std::exchange(transaction_, nullptr));
}

result<void> lmdb_table::get(std::uint64_t key,
                             const std::function<result<void>(bytes_view)>& use) const {
  reading transaction(*this);
  if (transaction.code() != 0) return describe(transaction.code(), "read", 0);
  key_buffer buffer(key);
  MDB_val stored = buffer.value();
  MDB_val value{};
  const int code = mdb_get(transaction.get(), tree_, &stored, &value);
  if (code != 0) return describe(code, "read", 0);
  touched();
  return use(view(value));
}

result<void> lmdb_table::for_each(
    const std::function<result<void>(std::uint64_t, bytes_view)>& use) const {
  reading transaction(*this);
  MDB_cursor* cursor = nullptr;
  int code = transaction.code();
  if (code == 0) code = mdb_cursor_open(transaction.get(), tree_, &cursor);
  if (code != 0) return describe(code, "read", 0);
  const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> closer(cursor, mdb_cursor_close);
  MDB_val key{};
  MDB_val value{};
  while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    if (auto used = use(key_of(key), view(value)); !used) return used;
  }
  if (code != MDB_NOTFOUND) return describe(code, "read", 0);
  return {};
}

result<std::vector<std::uint64_t>> lmdb_table::keys() const {
  std::vector<std::uint64_t> found;
  auto read = for_each([&](std::uint64_t key, bytes_view) -> result<void> {
    found.push_back(key);
    return {};
  });
  if (!read) return read.error();
  return found;
}

error lmdb_table::fail(int code, const std::string& action, std::size_t bytes) {
  roll_back();
  return describe(code, action, bytes);
}

error lmdb_table::describe(int code, const std::string& action, std::size_t bytes) const {
  std::string text = "cannot " + action + " " + data_file_.string() + ": " + mdb_strerror(code);
  if (lmdb_error_code(code) == error_code::no_space) {
    std::error_code ignored;
    const fs::space_info space = fs::space(data_file_.parent_path(), ignored);
    text += "; the file has " + std::to_string(fs::file_size(data_file_, ignored)) +
            " of at most " + std::to_string(map_bytes_) + " bytes, the disk " +
            std::to_string(space.available) + " free";
    if (bytes != 0) text += ", " + std::to_string(bytes) + " are needed";
  }
  return {lmdb_error_code(code), std::move(text)};
}

}  // namespace weir
