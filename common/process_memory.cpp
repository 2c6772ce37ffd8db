// SPDX-License-Identifier: Apache-2.0
#include "common/process_memory.hpp"

#include <unistd.h>

#include <cstdio>

namespace weir {

namespace {

struct page_counts {
  unsigned long long resident = 0;
  unsigned long long shared = 0;
};

page_counts read_page_counts() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return {};
  unsigned long long size = 0;
  page_counts pages;
  const int fields = std::fscanf(file, "%llu %llu %llu", &size, &pages.resident, &pages.shared);
  std::fclose(file);
  if (fields != 3 || pages.resident < pages.shared) return {};
  return pages;
}

std::uint64_t bytes_of(unsigned long long pages) {
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::uint64_t private_memory_bytes() {
  const auto pages = read_page_counts();
  return bytes_of(pages.resident - pages.shared);
}

std::uint64_t resident_memory_bytes() {
  return bytes_of(read_page_counts().resident);
}

}  // namespace weir
