// SPDX-License-Identifier: Apache-2.0
#include "common/settings_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "common/yaml_settings.hpp"

namespace weir {

read_settings read_settings_file(const std::string& path) {
  const auto refused = [&path](const std::string& why) {
    return read_settings{.given = {}, .mistakes = {path + ": " + why}};
  };
  // Looked at before it is opened: a pipe would block.
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status)) {
    return refused("cannot be read: " +
                   (failure ? failure.message() : std::string("No such file or directory")));
  }
  if (!std::filesystem::is_regular_file(status)) {
    return refused("is no regular file; expected a file of settings in YAML");
  }
  std::ifstream in(path, std::ios::binary);
  std::string text(settings_file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in && !in.eof()) return refused(std::string("cannot be read: ") + std::strerror(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return read_yaml_settings(text, path);
}

}  // namespace weir
