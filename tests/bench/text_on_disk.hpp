// SPDX-License-Identifier: Apache-2.0
// text_on_disk is a file with a given content for one test case, removed at its end.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace weir::test {

class text_on_disk {
 public:
  explicit text_on_disk(std::string_view content)
      : path_((std::filesystem::temp_directory_path() / "weir-text-XXXXXX").string()) {
    const int descriptor = ::mkstemp(path_.data());
    REQUIRE(descriptor >= 0);
    ::close(descriptor);
    std::ofstream file(path_, std::ios::binary);
    file << content;
    file.close();
    REQUIRE(file.good());
  }
  text_on_disk(const text_on_disk&) = delete;
  text_on_disk& operator=(const text_on_disk&) = delete;
  ~text_on_disk() { ::unlink(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace weir::test
