// SPDX-License-Identifier: Apache-2.0
// The words in which the tests of the file sink are written: a sink in its task, one attempt. A
// crash is its end without further calls.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/connectors/fake_host.hpp"
#include "tests/connectors/temp_directory.hpp"
#include "weir/core/line_sink.hpp"

namespace weir::test {

using names = std::set<std::string>;

struct place {
  std::uint32_t index = 0;
  std::uint32_t parallelism = 1;
  std::uint64_t attempt = 1;
};

inline file_sink_options options_for(const temp_directory& dir) {
  file_sink_options options;
  options.directory = dir.path();
  return options;
}

struct sink_task {
  /// `checkpoint` is what all subtasks' snapshots held; none for a fresh start.
  explicit sink_task(const file_sink_options& options, place at = {},
                     std::optional<std::vector<byte_vector>> checkpoint = std::nullopt)
      : host(at.index, at.parallelism, at.attempt), sink(make_file_sink("sink", options)) {
    sink->attach(host);
    operator_restore restore;
    restore.fresh = !checkpoint.has_value();
    if (checkpoint) restore.image.intents = std::move(*checkpoint);
    const auto restored = sink->restore(std::move(restore));
    REQUIRE_MESSAGE(restored, restored.error().text());
    sink->open();
  }
  static error restore_failure(const file_sink_options& options,
                               std::vector<byte_vector> checkpoint) {
    fake_host host;
    const auto sink = make_file_sink("sink", options);
    sink->attach(host);
    operator_restore restore;
    restore.fresh = false;
    restore.image.intents = std::move(checkpoint);
    const auto restored = sink->restore(std::move(restore));
    REQUIRE_FALSE(restored);
    return restored.error();
  }

  void write(std::string_view text) {
    sink->buffer() += text;
    sink->written();
  }
  /// The intents of a whole snapshot.
  std::vector<byte_vector> snapshot(std::uint64_t epoch) {
    operator_image image;
    REQUIRE_FALSE(sink->snapshot({epoch}, image));
    host.settle();
    return collect(epoch);
  }
  std::vector<byte_vector> collect(std::uint64_t epoch) {
    operator_image image;
    REQUIRE(sink->collect({epoch}, image));
    return image.intents;
  }
  /// A checkpoint that completes and is confirmed.
  void finish(std::uint64_t epoch) {
    (void)snapshot(epoch);
    (void)sink->commit({epoch});
    host.settle();
    REQUIRE(sink->committed({epoch}));
  }

  fake_host host;
  std::unique_ptr<line_sink> sink;
};

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

/// The text of all visible files, in the order of their names.
inline std::string visible_text(const temp_directory& dir) {
  std::string text;
  for (const std::string& name : visible(dir)) text += dir.read(name);
  return text;
}

}  // namespace weir::test
