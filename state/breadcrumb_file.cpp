// SPDX-License-Identifier: Apache-2.0
#include "state/breadcrumb_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>
#include <utility>

#include "weir/core/hash.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t magic = 0x31425243'52494557;  // "WEIRCRB1"

struct header {
  std::uint64_t magic = 0;
  std::uint64_t slots = 0;
  std::uint64_t ended_in_order = 0;
  std::uint64_t unused[5] = {};
};
static_assert(sizeof(header) == 64);

fs::path file_in(const fs::path& directory) {
  return directory / "breadcrumbs";
}

error io_failure(const char* action, const fs::path& path, int why) {
  const std::error_code code(why, std::generic_category());
  return {why == ENOSPC ? error_code::no_space : error_code::io,
          std::string("cannot ") + action + " " + path.string() + ": " + code.message()};
}

std::vector<std::byte> read_all(const fs::path& path) {
  std::vector<std::byte> bytes;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return bytes;
  struct stat status {};
  if (::fstat(fd, &status) == 0 && status.st_size > 0 && status.st_size < (1 << 26)) {
    bytes.resize(static_cast<std::size_t>(status.st_size));
    const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  }
  ::close(fd);
  return bytes;
}

}  // namespace

/// A cache line each: tasks on different threads write them.
struct alignas(64) breadcrumb_file::word {
  record_watch::breadcrumb identity;
  std::uint64_t attempt;
  std::uint64_t task;
  std::uint64_t uid_hash;
};

std::optional<std::vector<breadcrumb>> breadcrumb_file::left_in(const fs::path& directory) {
  std::error_code why;
  if (!fs::exists(file_in(directory), why)) return std::nullopt;
  const auto bytes = read_all(file_in(directory));
  header head;
  if (bytes.size() < sizeof head) return std::vector<breadcrumb>{};
  std::memcpy(&head, bytes.data(), sizeof head);
  const auto whole = (bytes.size() - sizeof head) / sizeof(word);
  if (head.magic == magic && head.ended_in_order != 0) return std::nullopt;
  if (head.magic != magic || head.slots != whole) return std::vector<breadcrumb>{};
  std::map<std::uint64_t, breadcrumb> last_of_task;
  for (std::size_t i = 0; i < whole; ++i) {
    std::uint64_t fields[4];  // identity, attempt, task, uid_hash
    static_assert(sizeof(record_watch::breadcrumb) == sizeof fields[0]);
    std::memcpy(fields, bytes.data() + sizeof head + i * sizeof(word), sizeof fields);
    if (fields[0] != 0) last_of_task[fields[2]] = {fields[3], fields[0], {fields[1]}};
  }
  std::vector<breadcrumb> found;
  for (const auto& [task, one] : last_of_task) found.push_back(one);
  return found;
}

result<std::shared_ptr<breadcrumb_file>> breadcrumb_file::create(const fs::path& directory,
                                                                 std::vector<breadcrumb_slot> slots,
                                                                 bool laid) {
  const fs::path path = file_in(directory);
  remove(
      directory);  // never written over: a process that is just ending still has its own file mapped
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return io_failure("open", path, errno);
  const std::size_t bytes = sizeof(header) + slots.size() * sizeof(word);
  const int refused = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  if (refused != 0) {
    ::close(fd);
    return io_failure("allocate", path, refused);
  }
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  const int failure = errno;
  ::close(fd);
  if (mapped == MAP_FAILED) return io_failure("map", path, failure);
  auto* words = reinterpret_cast<word*>(static_cast<std::byte*>(mapped) + sizeof(header));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    new (&words[i]) word{{0}, 0, slots[i].task.value, hash_bytes(slots[i].uid)};
  }
  const header head{magic, slots.size(), 0, {}};
  std::memcpy(mapped, &head, sizeof head);
  return std::shared_ptr<breadcrumb_file>(
      new breadcrumb_file(std::move(slots), mapped, bytes, laid));
}

void breadcrumb_file::remove(const fs::path& directory) {
  std::error_code why;
  fs::remove(file_in(directory), why);  // one that stays costs the next start a careful beginning
}

breadcrumb_file::breadcrumb_file(std::vector<breadcrumb_slot> slots, void* mapped,
                                 std::size_t bytes, bool laid)
    : slots_(std::move(slots)), mapped_(mapped), bytes_(bytes), laid_(laid) {}

breadcrumb_file::~breadcrumb_file() {
  ::munmap(mapped_, bytes_);
}

void breadcrumb_file::end_in_order() {
  static_cast<header*>(mapped_)->ended_in_order = 1;
}

record_watch::breadcrumb* breadcrumb_file::lay(task_id task, const std::string& uid,
                                               attempt_id attempt) {
  if (!laid_.load(std::memory_order_relaxed)) return nullptr;
  auto* words = reinterpret_cast<word*>(static_cast<std::byte*>(mapped_) + sizeof(header));
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].task != task || slots_[i].uid != uid) continue;
    words[i].identity.store(0, std::memory_order_relaxed);
    words[i].attempt = attempt.value;
    return &words[i].identity;
  }
  return nullptr;
}

}  // namespace weir
