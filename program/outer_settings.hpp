// SPDX-License-Identifier: Apache-2.0
// outer_settings are the settings of whoever runs a program, in rising order: a file, environment variables, the command
// line. They override what the program sets for itself, because a program's own settings are its defaults: otherwise
// some could not be changed without building it anew.
//
// Owner:      main(), on its thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/read_settings.hpp"

namespace weir {

struct outer_settings {
  /// Read when it is there and no other file is named.
  static constexpr const char* usual_file = "weir.yaml";

  std::string file;                      ///< of --config; empty: the usual one
  std::vector<std::string> assignments;  ///< of -D, key=value

  /// Mistakes: all of what cannot be read, of every source.
  read_settings read(std::span<const std::string> environment) const;
};

/// "NAME=value" of this process.
std::vector<std::string> environment_variables();

}  // namespace weir
