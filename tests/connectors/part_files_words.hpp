// SPDX-License-Identifier: Apache-2.0
// The words in which the tests of the file sink core are written: open, append, prepare, commit,
// and what a directory shows. A crash is the end of a part_files without further calls: its pending
// files stay, as after kill -9.
#pragma once

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "connectors/part_files.hpp"
#include "tests/connectors/temp_directory.hpp"

namespace weir::test {

using names = std::set<std::string>;

inline part_files_options options_for(const std::string& directory, std::uint64_t attempt = 1,
                                      sink_share share = {0, 1}) {
  part_files_options options;
  options.directory = directory;
  options.sink = {"part", "sink"};
  options.share = share;
  options.attempt = {attempt};
  return options;
}

inline part_files open_parts(const part_files_options& options) {
  auto parts = part_files::open(options);
  REQUIRE_MESSAGE(parts, parts.error().text());
  return std::move(*parts);
}

inline void append(part_files& parts, std::string_view records, std::chrono::nanoseconds now = {}) {
  const auto appended = parts.append(records, now);
  REQUIRE_MESSAGE(appended, appended.error().text());
}

inline std::vector<commit_intent> prepare(part_files& parts, std::uint64_t epoch) {
  auto intents = parts.prepare({epoch});
  REQUIRE_MESSAGE(intents, intents.error().text());
  return *intents;
}

inline void commit(part_files& parts, const std::vector<commit_intent>& intents) {
  const auto committed = parts.commit(intents);
  REQUIRE_MESSAGE(committed, committed.error().text());
}

inline names visible(const temp_directory& dir) {
  names found;
  for (const std::string& name : dir.names()) {
    if (name[0] != '.') found.insert(name);
  }
  return found;
}

inline names hidden(const temp_directory& dir) {
  names found;
  for (const std::string& name : dir.names()) {
    if (name[0] == '.') found.insert(name);
  }
  return found;
}

inline std::string visible_text(const temp_directory& dir) {
  std::string text;
  for (const std::string& name : visible(dir)) text += dir.read(name);
  return text;
}

}  // namespace weir::test
