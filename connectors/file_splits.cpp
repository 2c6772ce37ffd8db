// SPDX-License-Identifier: Apache-2.0
#include "connectors/file_splits.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <unordered_set>

#include "connectors/os_error.hpp"

namespace weir {

namespace {

struct input_file {
  std::string path;
  std::uint64_t size = 0;
};

struct dir_closer {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

error too_many(const char* what, std::size_t bound, const std::string& where) {
  return {error_code::limit, "the input has more than " + std::to_string(bound) + " " + what +
                                 " (reached at '" + where + "')"};
}

result<void> check_readable(const std::string& path) {
  if (::access(path.c_str(), R_OK) == 0) return {};
  return os_error(errno, "cannot read '" + path + "'");
}

/// The names in a directory that are not hidden, in byte order.
result<std::vector<std::string>> visible_names(const std::string& path, std::size_t bound) {
  const std::unique_ptr<DIR, dir_closer> dir(::opendir(path.c_str()));
  if (!dir) return os_error(errno, "cannot list directory '" + path + "'");
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    if (entry->d_name[0] == '.') continue;
    if (names.size() == bound) return too_many("files", bound, path);
    names.emplace_back(entry->d_name);
  }
  if (errno != 0) return os_error(errno, "cannot list directory '" + path + "'");
  std::sort(names.begin(), names.end());
  return names;
}

result<void> add_file(std::string path, const struct stat& about, const split_options& options,
                      std::vector<input_file>& files) {
  if (files.size() == options.files_max) return too_many("files", options.files_max, path);
  if (auto readable = check_readable(path); !readable) return readable;
  files.push_back({std::move(path), static_cast<std::uint64_t>(about.st_size)});
  return {};
}

result<void> add_directory(const std::string& path, const split_options& options,
                           std::vector<input_file>& files) {
  auto names = visible_names(path, options.files_max);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    std::string file = (std::filesystem::path(path) / name).string();
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0) {
      return os_error(errno, "cannot look at input file '" + file + "'");
    }
    if (!S_ISREG(about.st_mode)) continue;
    if (auto added = add_file(std::move(file), about, options, files); !added) return added;
  }
  return {};
}

result<void> add_path(const std::string& given, const split_options& options,
                      std::vector<input_file>& files) {
  if (given.empty())
    return error{error_code::invalid_argument, "the path of an input file is empty"};
  const std::string path = std::filesystem::path(given).lexically_normal().string();
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) {
    return os_error(errno, "cannot look at input '" + path + "'");
  }
  if (S_ISREG(about.st_mode)) return add_file(path, about, options, files);
  if (S_ISDIR(about.st_mode)) return add_directory(path, options, files);
  return error{error_code::invalid_argument,
               "input '" + path + "' is neither a regular file nor a directory"};
}

}  // namespace

std::vector<file_split> cut_file(const std::string& path, std::uint64_t size,
                                 std::uint64_t split_bytes) {
  WEIR_CHECK(split_bytes != 0, path);
  std::vector<file_split> splits;
  for (std::uint64_t begin = 0; begin < size;) {
    const std::uint64_t end = begin + std::min(split_bytes, size - begin);
    splits.push_back({path, begin, end, size});
    begin = end;
  }
  return splits;
}

result<std::vector<file_split>> enumerate_splits(const std::vector<std::string>& paths,
                                                 const split_options& options) {
  if (options.split_bytes == 0) {
    return error{error_code::invalid_argument, "the split size is 0 bytes, expected at least 1"};
  }
  std::vector<input_file> files;
  for (const std::string& path : paths) {
    if (auto added = add_path(path, options, files); !added) return added.error();
  }
  std::unordered_set<std::string> seen;
  std::vector<file_split> splits;
  for (const input_file& file : files) {
    if (!seen.insert(file.path).second) {
      return error{error_code::invalid_argument, "input file '" + file.path + "' is named twice"};
    }
    const std::uint64_t count = file.size / options.split_bytes + 1;
    if (count > options.splits_max - splits.size()) {
      return too_many("splits", options.splits_max, file.path);
    }
    for (file_split& split : cut_file(file.path, file.size, options.split_bytes)) {
      splits.push_back(std::move(split));
    }
  }
  return splits;
}

}  // namespace weir
