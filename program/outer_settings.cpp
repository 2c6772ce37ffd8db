// SPDX-License-Identifier: Apache-2.0
#include "program/outer_settings.hpp"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "common/settings_file.hpp"
#include "common/variable_settings.hpp"

namespace weir {
namespace {

/// A link to nowhere is there, too: it was meant to be read.
bool is_there(const char* path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

}  // namespace

read_settings outer_settings::read(std::span<const std::string> environment) const {
  read_settings all;
  if (!file.empty()) {
    all.append(read_settings_file(file));
  } else if (is_there(usual_file)) {
    all.append(read_settings_file(usual_file));
  }
  all.append(read_variables(environment));
  all.append(read_assignments(assignments, "-D"));
  return all;
}

std::vector<std::string> environment_variables() {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    all.emplace_back(*entry);
  }
  return all;
}

}  // namespace weir
