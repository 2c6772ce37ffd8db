// SPDX-License-Identifier: Apache-2.0
#include "state/lmdb_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace weir {
namespace {

/// With this many commits after the one that was read, its pages are still as they were.
constexpr std::uint64_t harmless_commits = 1;

error cannot_read(const std::filesystem::path& file) {
  return {error_code::io, "cannot read " + file.string() + ": " +
                              std::error_code(errno, std::generic_category()).message()};
}

/// Fills `to` from the file; false with errno when the system refuses, or when the file ends (errno 0).
bool read_at(int fd, std::uint64_t offset, std::span<std::byte> to) {
  while (!to.empty()) {
    const ssize_t got = ::pread(fd, to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = 0;
      return false;
    }
    offset += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

bool is_same(const result<std::uint64_t>& a, const result<std::uint64_t>& b) {
  if (a && b) return *a == *b;
  return !a && !b && a.error().message == b.error().message;
}

}  // namespace

result<std::unique_ptr<lmdb_reader>> lmdb_reader::open(const std::filesystem::path& data_file) {
  for (int look = 0; look < looks_max; ++look) {
    const auto before = newest_lmdb_transaction(data_file);
    auto content = read_lmdb_file(data_file);
    if (!content) {
      // What is damaged stays as it is, what a commit was writing does not.
      if (is_same(before, newest_lmdb_transaction(data_file))) return content.error();
      continue;
    }
    if (moved_on(data_file, content->transaction)) continue;
    const int fd = ::open(data_file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return cannot_read(data_file);
    return std::unique_ptr<lmdb_reader>(new lmdb_reader(data_file, std::move(*content), fd));
  }
  return error{error_code::in_use, data_file.string() +
                                       " is written to by a running job, faster than it can be "
                                       "looked at; try again, or when the job has ended"};
}

lmdb_reader::lmdb_reader(std::filesystem::path data_file, lmdb_content content, int fd)
    : data_file_(std::move(data_file)), content_(std::move(content)), fd_(fd) {}

lmdb_reader::~lmdb_reader() {
  ::close(fd_);
}

bool lmdb_reader::moved_on(const std::filesystem::path& data_file, std::uint64_t transaction) {
  const auto newest = newest_lmdb_transaction(data_file);
  return !newest || *newest > transaction + harmless_commits;
}

result<void> lmdb_reader::get(std::uint64_t key,
                              const std::function<result<void>(bytes_view)>& use) const {
  if (const auto held = held_.find(key); held != held_.end()) return use(held->second);
  const auto found = std::lower_bound(
      content_.values.begin(), content_.values.end(), key,
      [](const lmdb_place& place, std::uint64_t wanted) { return place.key < wanted; });
  if (found == content_.values.end() || found->key != key) {
    return error{error_code::not_found,
                 "there is no entry " + std::to_string(key) + " in " + name()};
  }
  buffer_.resize(found->size);
  if (!read_at(fd_, found->offset, buffer_)) return cannot_read(data_file_);
  return use(buffer_);
}

result<void> lmdb_reader::hold(std::uint64_t key) {
  return get(key, [&](bytes_view value) -> result<void> {
    held_.try_emplace(key, value.begin(), value.end());
    return {};
  });
}

result<std::vector<std::uint64_t>> lmdb_reader::keys() const {
  std::vector<std::uint64_t> all;
  all.reserve(content_.values.size());
  for (const lmdb_place& place : content_.values) all.push_back(place.key);
  return all;
}

error lmdb_reader::refused() const {
  return {error_code::invalid_argument, name() + " is open for looking only"};
}

}  // namespace weir
