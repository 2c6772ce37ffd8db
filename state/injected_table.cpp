// SPDX-License-Identifier: Apache-2.0
#include "state/injected_table.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <random>
#include <system_error>
#include <utility>

namespace weir {
namespace {

namespace fs = std::filesystem;

/// What a disk writes as a whole, at least.
constexpr std::size_t sector_bytes = 512;
using sector = std::array<char, sector_bytes>;

/// Puts a random part of `after`, and all of its first `head` bytes, back to what they were in `before`.
void forget_part(const fs::path& after, const fs::path& before, std::uint64_t head,
                 std::mt19937_64 random) {
  std::fstream now(after, std::ios::in | std::ios::out | std::ios::binary);
  std::ifstream then(before, std::ios::binary);
  const std::uint64_t size = fs::file_size(after);
  for (std::uint64_t at = 0; at < size; at += sector_bytes) {
    sector old{};  // what was behind the end reads as zeros
    then.read(old.data(), sector_bytes);
    if (at >= head && random() % 2 == 0) continue;
    now.seekp(static_cast<std::streamoff>(at));
    now.write(old.data(),
              static_cast<std::streamsize>(std::min<std::uint64_t>(sector_bytes, size - at)));
  }
}

}  // namespace

injected_table::injected_table(std::unique_ptr<store_table> under,
                               std::shared_ptr<disk_faults> faults)
    : under_(std::move(under)), faults_(std::move(faults)) {}

result<std::span<std::byte>> injected_table::append(std::uint64_t key, std::size_t size) {
  if (auto met = meet_write("append to"); !met) return met.error();
  return under_->append(key, size);
}

result<void> injected_table::commit() {
  if (at_commit_ == disk_fault::none) {
    if (auto met = meet_write("commit to"); !met) return met;
  }
  if (at_commit_ == disk_fault::lost_write) faults_->crash();
  if (at_commit_ == disk_fault::torn_write) tear_commit();
  return under_->commit();
}

result<void> injected_table::meet_write(const char* action) {
  const auto fault = faults_->next_write();
  if (fault == disk_fault::torn_write || fault == disk_fault::lost_write) at_commit_ = fault;
  const bool full = fault == disk_fault::disk_full;
  if (!full && fault != disk_fault::write_error) return {};
  under_->roll_back();
  return error{full ? error_code::no_space : error_code::io,
               std::string("cannot ") + action + " " + name() + ": injected " +
                   (full ? "full disk" : "write error")};
}

void injected_table::tear_commit() {
  const fs::path file = name();
  fs::path before = file;
  before += ".before-commit";
  std::error_code why;
  const bool copied = fs::copy_file(file, before, fs::copy_options::overwrite_existing, why);
  if (copied && under_->commit()) {
    const auto valid_pages = 2 * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    forget_part(file, before, valid_pages, std::mt19937_64(faults_->up_to(~std::uint64_t{0})));
  }
  fs::remove(before, why);
  faults_->crash();
}

}  // namespace weir
