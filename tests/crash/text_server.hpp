// SPDX-License-Identifier: Apache-2.0
// text_server is apps/feed as a process: it serves a text over TCP for as long as the object lives, or until it is killed.
//
// Owner:      one test.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "tests/crash/victim.hpp"
#include "tests/crash/workload.hpp"

namespace weir::crash {

class text_server {
 public:
  /// `options` are feed's.
  text_server(const std::filesystem::path& text, const std::filesystem::path& log, strings options)
      : process_(arguments_of(text, std::move(options)), log, WEIR_FEED) {
    REQUIRE_MESSAGE(process_.wait_for("\n"), process_.log());
    const std::string said = process_.log();
    const auto line = said.substr(0, said.find('\n'));
    port_ = line.substr(line.rfind(':') + 1);
  }
  const std::string& port() const { return port_; }
  /// What a victim needs to hear it, and more.
  strings arguments(strings more = {}) const {
    more.push_back("socket=" + port_);
    return more;
  }
  std::string log() const { return process_.log(); }
  bool kill_9() { return process_.kill_9(); }

 private:
  static strings arguments_of(const std::filesystem::path& text, strings options) {
    options.insert(options.end(), {"--file", text.string()});
    return options;
  }
  victim process_;
  std::string port_;
};

}  // namespace weir::crash
