// SPDX-License-Identifier: Apache-2.0
#include "connectors/posix_parts.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

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

class posix_part final : public part_file {
 public:
  posix_part(unique_fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  result<void> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t put =
          ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return failed("write", put < 0 ? errno : EIO);
      bytes.remove_prefix(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
    return {};
  }
  result<void> cut(std::uint64_t size) override {
    if (::ftruncate(file_.get(), static_cast<off_t>(size)) == 0) return {};
    return failed("truncate", errno);
  }
  result<void> sync() override {
    if (::fsync(file_.get()) == 0) return {};
    return failed("sync", errno);
  }

 private:
  error failed(const char* verb, int number) const {
    return os_error(number, std::string("cannot ") + verb + " pending file '" + path_ + "'");
  }

  unique_fd file_;
  std::string path_;
};

}  // namespace

result<std::unique_ptr<part_storage>> posix_parts::open(const std::string& path) {
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
  return std::unique_ptr<part_storage>(new posix_parts(normal.string(), std::move(fd)));
}

error posix_parts::failed(const std::string& verb, const std::string& name, int number) const {
  return os_error(number, "cannot " + verb + " '" + path_ + "/" + name + "'");
}

result<std::optional<part_status>> posix_parts::look(const std::string& name) const {
  struct stat about {};
  if (::fstatat(directory_.get(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0) {
    return std::optional<part_status>(part_status{S_ISREG(about.st_mode),
                                                  static_cast<std::uint64_t>(about.st_size),
                                                  about.st_dev, about.st_ino});
  }
  if (errno == ENOENT) return std::optional<part_status>();
  return failed("look at", name, errno);
}

result<std::unique_ptr<part_file>> posix_parts::create(const std::string& name) {
  unique_fd fd(
      ::openat(directory_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (fd)
    return std::unique_ptr<part_file>(
        std::make_unique<posix_part>(std::move(fd), path_ + "/" + name));
  if (errno == EEXIST) {
    return error{error_code::in_use, "pending file '" + path_ + "/" + name +
                                         "' exists: another process runs the same attempt"};
  }
  return failed("create", name, errno);
}

result<bool> posix_parts::rename(const std::string& from, const std::string& to) {
  const int directory = directory_.get();
  const int done = ::renameat2(directory, from.c_str(), directory, to.c_str(), RENAME_NOREPLACE);
  if (done == 0) return true;
  if (errno == EINVAL || errno == ENOSYS) {
    // A file system without RENAME_NOREPLACE: link does not replace either. The file has two names then, which the
    // caller finds out.
    if (::linkat(directory, from.c_str(), directory, to.c_str(), 0) == 0) return false;
  }
  if (errno == EEXIST) return false;
  return failed("rename to '" + to + "'", from, errno);
}

result<bool> posix_parts::remove(const std::string& name) {
  if (::unlinkat(directory_.get(), name.c_str(), 0) == 0) return true;
  if (errno == ENOENT) return false;
  return failed("remove", name, errno);
}

result<void> posix_parts::sync() {
  if (::fsync(directory_.get()) == 0) return {};
  return os_error(errno, "cannot sync output directory '" + path_ + "'");
}

result<std::vector<std::string>> posix_parts::names() const {
  const std::string what = "cannot list output directory '" + path_ + "'";
  // A descriptor of its own: listing moves the position of the one it is made from.
  const int copy = ::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

}  // namespace weir
