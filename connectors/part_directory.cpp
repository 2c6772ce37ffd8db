// SPDX-License-Identifier: Apache-2.0
#include "connectors/part_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <unordered_set>

#include "connectors/os_error.hpp"

namespace weir {

namespace {

struct dir_closer {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

result<void> sync_path(const std::string& path) {
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return os_error(errno, "cannot open directory '" + path + "'");
  if (::fsync(fd.get()) != 0) return os_error(errno, "cannot sync directory '" + path + "'");
  return {};
}

/// mkdir -p, with each new entry durable in its parent.
result<void> make_directory(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0777) == 0) {
    const auto parent = path.parent_path();
    return sync_path(parent.empty() ? "." : parent.string());
  }
  if (errno == EEXIST) return {};  // whether it is a directory shows when it is opened
  const int number = errno;
  if (number == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    if (auto made = make_directory(path.parent_path()); !made) return made;
    if (::mkdir(path.c_str(), 0777) == 0) return sync_path(path.parent_path().string());
    if (errno == EEXIST) return {};
    return os_error(errno, "cannot make output directory '" + path.string() + "'");
  }
  return os_error(number, "cannot make output directory '" + path.string() + "'");
}

/// Size and identity of a regular file in a directory, nothing when it does not exist.
result<std::optional<struct stat>> look_at(int directory, const std::string& path,
                                           const std::string& name) {
  struct stat about {};
  if (::fstatat(directory, name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0) {
    return std::optional<struct stat>(about);
  }
  if (errno == ENOENT) return std::optional<struct stat>();
  return os_error(errno, "cannot look at '" + path + "/" + name + "'");
}

bool holds(const struct stat& about, std::uint64_t bytes) {
  return S_ISREG(about.st_mode) && static_cast<std::uint64_t>(about.st_size) == bytes;
}

}  // namespace

result<part_directory> part_directory::open(const std::string& path) {
  std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
  if (normal.empty()) {
    return error{error_code::invalid_argument, "the path of the output directory is empty"};
  }
  if (!normal.has_filename()) normal = normal.parent_path();
  if (auto made = make_directory(normal); !made) return made.error();
  unique_fd fd(::open(normal.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return os_error(errno, "cannot open output directory '" + path + "'");
  // Before the job runs, rather than at its first record. It also finds a read-only file system.
  if (::faccessat(fd.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    return os_error(errno, "output directory '" + path + "' is not writable");
  }
  return part_directory(normal.string(), std::move(fd));
}

error part_directory::failed(const std::string& verb, const std::string& name, int number) const {
  return os_error(number, "cannot " + verb + " '" + path_ + "/" + name + "'");
}

result<unique_fd> part_directory::create_pending(const std::string& name) const {
  unique_fd fd(::openat(fd_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (fd) return fd;
  if (errno == EEXIST) {
    return error{error_code::in_use, "pending file '" + path_ + "/" + name +
                                         "' exists: another process runs the same attempt"};
  }
  return failed("create", name, errno);
}

result<void> part_directory::remove_pending(const std::string& name) const {
  if (::unlinkat(fd_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return failed("remove", name, errno);
}

result<void> part_directory::sync() const {
  if (::fsync(fd_.get()) == 0) return {};
  return os_error(errno, "cannot sync output directory '" + path_ + "'");
}

result<void> part_directory::commit(std::span<const commit_intent> intents) const {
  if (intents.empty()) return {};
  for (const commit_intent& intent : intents) {
    if (auto committed = commit_one(intent); !committed) return committed;
  }
  // Also when all were done before: that process may have ended between its renames and its sync.
  return sync();
}

result<void> part_directory::commit_one(const commit_intent& intent) const {
  const auto pending = look_at(fd_.get(), path_, intent.pending_name);
  if (!pending) return pending.error();
  if (!pending->has_value()) return finish_found(intent);
  if (!holds(**pending, intent.bytes)) {
    return error{error_code::corrupt, "pending file '" + path_ + "/" + intent.pending_name +
                                          "' has " + std::to_string((*pending)->st_size) +
                                          " bytes, its commit intent says " +
                                          std::to_string(intent.bytes)};
  }
  const int done = ::renameat2(fd_.get(), intent.pending_name.c_str(), fd_.get(),
                               intent.final_name.c_str(), RENAME_NOREPLACE);
  if (done == 0) return {};
  if (errno == EINVAL || errno == ENOSYS) {
    // A file system without RENAME_NOREPLACE: link does not replace either, and is finished below.
    if (::linkat(fd_.get(), intent.pending_name.c_str(), fd_.get(), intent.final_name.c_str(), 0) ==
        0) {
      errno = EEXIST;
    }
  }
  if (errno != EEXIST)
    return failed("rename to '" + intent.final_name + "'", intent.pending_name, errno);
  return finish_found(intent);
}

/// Decides by what is there: the final file alone, both, or neither.
result<void> part_directory::finish_found(const commit_intent& intent) const {
  const auto pending = look_at(fd_.get(), path_, intent.pending_name);
  if (!pending) return pending.error();
  const auto final = look_at(fd_.get(), path_, intent.final_name);
  if (!final) return final.error();
  if (!final->has_value()) {
    return error{error_code::corrupt, "output is missing: neither '" + path_ + "/" +
                                          intent.pending_name + "' nor '" + path_ + "/" +
                                          intent.final_name + "' exists"};
  }
  if (!pending->has_value()) {
    if (holds(**final, intent.bytes)) return {};  // committed before
    return error{error_code::corrupt, "committed file '" + path_ + "/" + intent.final_name +
                                          "' has " + std::to_string((*final)->st_size) +
                                          " bytes, its commit intent says " +
                                          std::to_string(intent.bytes)};
  }
  const bool same_file =
      (*pending)->st_dev == (*final)->st_dev && (*pending)->st_ino == (*final)->st_ino;
  if (!same_file) {
    return error{error_code::in_use,
                 "'" + path_ + "/" + intent.final_name +
                     "' exists already and weir never replaces a file: another run or sink wrote "
                     "it; its output would go there from '" +
                     intent.pending_name + "'"};
  }
  return remove_pending(intent.pending_name);
}

result<std::vector<std::string>> part_directory::names() const {
  const std::string what = "cannot list output directory '" + path_ + "'";
  // A descriptor of its own: listing moves the position of the one it is made from.
  const int copy = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return os_error(errno, what);
  const std::unique_ptr<DIR, dir_closer> dir(::fdopendir(copy));
  if (!dir) {
    const int number = errno;
    ::close(copy);
    return os_error(number, what);
  }
  std::vector<std::string> found;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    found.emplace_back(entry->d_name);
  }
  if (errno != 0) return os_error(errno, what);
  return found;
}

result<std::uint64_t> part_directory::remove_leftovers(const sink_identity& sink, sink_share share,
                                                       attempt_id attempt,
                                                       std::span<const commit_intent> keep) const {
  std::unordered_set<std::string_view> kept;
  for (const commit_intent& intent : keep) kept.insert(intent.pending_name);
  const auto all = names();
  if (!all) return all.error();
  std::uint64_t removed = 0;
  for (const std::string& name : *all) {
    const auto part = parse_pending(name);
    if (!part || part->sink != sink || !share.covers(part->subtask)) continue;
    if (part->attempt >= attempt || kept.contains(name)) continue;
    if (::unlinkat(fd_.get(), name.c_str(), 0) == 0) {
      ++removed;
    } else if (errno != ENOENT) {
      return failed("remove", name, errno);
    }
  }
  if (removed == 0) return removed;
  if (auto synced = sync(); !synced) return synced.error();
  return removed;
}

result<std::vector<final_part>> part_directory::visible_parts(const std::string& prefix) const {
  const auto all = names();
  if (!all) return all.error();
  std::vector<final_part> parts;
  for (const std::string& name : *all) {
    auto part = parse_final(name);
    if (part && part->prefix == prefix) parts.push_back(std::move(*part));
  }
  std::sort(parts.begin(), parts.end(),
            [](const final_part& a, const final_part& b) { return final_name(a) < final_name(b); });
  return parts;
}

}  // namespace weir
