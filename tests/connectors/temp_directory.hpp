// SPDX-License-Identifier: Apache-2.0
// temp_directory is a fresh directory for one test case, removed at its end; small_disk is a file
// system of a few KiB mounted on one, to be filled up.
#pragma once

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <string>

#include "common/scratch_directory.hpp"

namespace weir::test {

class temp_directory {
 public:
  std::string path() const { return directory_.path().string(); }
  std::string operator/(const std::string& name) const {
    return (directory_.path() / name).string();
  }
  /// Writes a file, replacing what was there.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_.path() / name, std::ios::binary) << text;
    return *this / name;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(directory_.path() / name, std::ios::binary);
    REQUIRE(in.good());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      found.insert(entry.path().filename().string());
    }
    return found;
  }

 private:
  scratch_directory directory_;
};

/// A tmpfs in a mount namespace of this process alone. Without the right to mount, ready() is false
/// and the reason is printed: the case is skipped.
class small_disk {
 public:
  explicit small_disk(std::size_t size_kib) {
    const std::string options = "size=" + std::to_string(size_kib) + "k";
    ready_ = ::unshare(CLONE_NEWNS) == 0 &&
             ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
             ::mount("none", mount_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
    if (!ready_) std::cout << "skipped: cannot mount a tmpfs: " << std::strerror(errno) << "\n";
  }
  ~small_disk() {
    if (ready_) (void)::umount2(mount_.path().c_str(), MNT_DETACH);
  }
  bool ready() const { return ready_; }
  const temp_directory& directory() const { return mount_; }
  void make_read_only() const {
    REQUIRE(::mount("none", mount_.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  }

 private:
  temp_directory mount_;
  bool ready_ = false;
};

/// A random engine whose seed is printed, and taken from WEIR_TEST_SEED when that is set.
inline std::mt19937_64 seeded_random(const char* test) {
  const char* given = std::getenv("WEIR_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << test << ": WEIR_TEST_SEED=" << seed << std::endl;
  return std::mt19937_64(seed);
}

}  // namespace weir::test
