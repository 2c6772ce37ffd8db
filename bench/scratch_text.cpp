// SPDX-License-Identifier: Apache-2.0
#include "bench/scratch_text.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "bench/text_generator.hpp"

namespace weir::bench {

namespace {

error write_error(const std::string& path) {
  const error_code code = errno == ENOSPC ? error_code::no_space : error_code::io;
  return {code, "cannot write the text '" + path + "': " + std::strerror(errno)};
}

}  // namespace

result<scratch_text> scratch_text::make(std::uint64_t lines, std::uint64_t seed) {
  std::error_code no_directory;
  const auto directory = std::filesystem::temp_directory_path(no_directory);
  std::string path = (directory / "weir-text-XXXXXX").string();
  const int descriptor = ::mkstemp(path.data());
  if (descriptor < 0) return write_error(path);
  scratch_text text(path);
  std::FILE* file = ::fdopen(descriptor, "w");
  if (file == nullptr) {
    ::close(descriptor);
    return write_error(path);
  }
  const bool written = write_text(file, lines, seed);
  const error failure = write_error(path);
  if (std::fclose(file) != 0 || !written) return failure;
  return text;
}

scratch_text::~scratch_text() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace weir::bench
