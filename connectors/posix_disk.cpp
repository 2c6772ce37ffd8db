// SPDX-License-Identifier: Apache-2.0
#include "connectors/posix_disk.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "connectors/os_error.hpp"

namespace weir {

namespace {

class posix_file final : public disk_file {
 public:
  posix_file(std::string path, unique_fd file) : path_(std::move(path)), file_(std::move(file)) {}

  result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return os_error(errno, "cannot write to '" + path_ + "'");
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
  }
  result<void> sync() override {
    if (::fdatasync(file_.get()) == 0) return {};
    return os_error(errno, "cannot sync '" + path_ + "'");
  }

 private:
  std::string path_;
  unique_fd file_;
};

result<unique_fd> open_directory(const std::string& path) {
  unique_fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return os_error(errno, "cannot open directory '" + path + "'");
  return directory;
}

result<void> sync_directory(int directory, const std::string& path) {
  if (::fsync(directory) == 0) return {};
  return os_error(errno, "cannot sync directory '" + path + "'");
}

/// Makes the missing directories down to `path`, each durable in its parent.
result<void> make_durably(const std::filesystem::path& path) {
  if (::mkdir(path.c_str(), 0755) != 0) {
    if (errno == EEXIST) return {};
    if (errno != ENOENT || !path.has_parent_path() || path.parent_path() == path) {
      return os_error(errno, "cannot make directory '" + path.string() + "'");
    }
    if (auto made = make_durably(path.parent_path()); !made) return made;
    return make_durably(path);
  }
  const std::string parent = path.has_parent_path() ? path.parent_path().string() : ".";
  auto directory = open_directory(parent);
  if (!directory) return directory.error();
  return sync_directory(directory->get(), parent);
}

}  // namespace

result<std::unique_ptr<disk>> posix_disk::open(const std::string& path) {
  // Without a slash at its end, which would hide the parent.
  const std::filesystem::path clean = std::filesystem::path(path + "/").parent_path();
  if (auto made = make_durably(clean); !made) return made.error();
  auto directory = open_directory(clean.string());
  if (!directory) return directory.error();
  if (::flock(directory->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return os_error(errno, "cannot lock '" + clean.string() + "'");
    return error{error_code::in_use, "'" + clean.string() + "' is in use by another process"};
  }
  return std::unique_ptr<disk>(new posix_disk(clean.string(), std::move(*directory)));
}

result<std::vector<disk_entry>> posix_disk::list() {
  std::vector<disk_entry> found;
  std::error_code why;
  std::filesystem::directory_iterator entries(path_, why);
  for (; !why && entries != std::filesystem::directory_iterator(); entries.increment(why)) {
    std::error_code not_a_file;
    if (!entries->is_regular_file(not_a_file)) continue;
    const auto size = entries->file_size(not_a_file);
    if (!not_a_file) found.push_back({entries->path().filename().string(), size});
  }
  if (why) return os_error(why.value(), "cannot list '" + path_ + "'");
  return found;
}

result<std::size_t> posix_disk::read(const std::string& name, std::uint64_t offset, char* into,
                                     std::size_t size) {
  const std::string path = path_of(name);
  const unique_fd file(::openat(directory_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return os_error(errno, "cannot open '" + path + "'");
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(file.get(), into + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(errno, "cannot read '" + path + "'");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

result<std::unique_ptr<disk_file>> posix_disk::create(const std::string& name) {
  const int flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC;
  unique_fd file(::openat(directory_.get(), name.c_str(), flags, 0644));
  if (!file && errno == EEXIST) {
    return error{error_code::in_use, "'" + path_of(name) + "' exists already"};
  }
  if (!file) return os_error(errno, "cannot create '" + path_of(name) + "'");
  return std::unique_ptr<disk_file>(std::make_unique<posix_file>(path_of(name), std::move(file)));
}

result<std::unique_ptr<disk_file>> posix_disk::open(const std::string& name, std::uint64_t size) {
  unique_fd file(::openat(directory_.get(), name.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file) return os_error(errno, "cannot open '" + path_of(name) + "'");
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) {
    return os_error(errno, "cannot cut '" + path_of(name) + "'");
  }
  return std::unique_ptr<disk_file>(std::make_unique<posix_file>(path_of(name), std::move(file)));
}

result<void> posix_disk::remove(const std::string& name) {
  if (::unlinkat(directory_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return os_error(errno, "cannot delete '" + path_of(name) + "'");
}

result<void> posix_disk::sync_entries() {
  return sync_directory(directory_.get(), path_);
}

}  // namespace weir
