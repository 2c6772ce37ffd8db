// SPDX-License-Identifier: Apache-2.0
// What happens when the files around a job break while it runs: the output directory is no directory, vanishes or is
// full, the state's disk is full, the input is missing or cut off. The job fails and names the place; once the cause is
// mended, a further run commits exactly what is missing.
#include <doctest/doctest.h>
#include <sys/mount.h>

#include <memory>
#include <string>

#include "tests/crash/workload.hpp"

using namespace weir::crash;
namespace fs = std::filesystem;

namespace {

const std::string few_restarts = "restart-strategy.fixed-delay.attempts=2";

/// The process ends by itself, with exit code 1, and its last words hold the text.
void check_fails_naming(victim& process, const std::string& text) {
  const int code = process.wait();
  const std::string log = process.log();
  CHECK_MESSAGE(code == 1, log);
  const auto words = log.rfind("victim: failed:");
  REQUIRE_MESSAGE(words != std::string::npos, log);
  CHECK_MESSAGE(log.find(text, words) != std::string::npos, log);
}

/// Every committed line is one that a failure-free run commits, and none is there twice.
void check_part_of_expected(const workload& work) {
  const auto lines = work.committed();
  CHECK(lines.size() < work.expected().size());
  CHECK(std::includes(work.expected().begin(), work.expected().end(), lines.begin(), lines.end()));
}

/// A small file system, when this user may mount one.
class small_disk {
 public:
  small_disk(fs::path at, const char* size) : at_(std::move(at)) {
    fs::create_directory(at_);
    mounted_ = mount("none", at_.c_str(), "tmpfs", 0, size) == 0;
  }
  ~small_disk() {
    if (mounted_) umount2(at_.c_str(), MNT_DETACH);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  bool mounted() const { return mounted_; }
  bool resize(const char* size) {
    return mount("none", at_.c_str(), "tmpfs", MS_REMOUNT, size) == 0;
  }

 private:
  fs::path at_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("an output directory that cannot be made fails the job by name") {
  const workload work(test_seed(), 1'000);
  std::ofstream(work.output()) << "a file, not a directory";

  auto process = work.start({few_restarts});

  check_fails_naming(*process, work.output().string());
  fs::remove(work.output());
  work.finish();
  work.check_exact();
}

TEST_CASE("an output directory that vanishes fails the job by name") {
  const workload work(test_seed(), 60'000);
  auto process = work.start({few_restarts, "pause_us=5000"});
  REQUIRE_MESSAGE(process->wait_until([&] { return work.is_halfway(); }), process->log());

  std::error_code again;  // a file may come into being while the others are removed
  do fs::remove_all(work.output(), again);
  while (again && process->running());

  check_fails_naming(*process, work.output().string());
}

TEST_CASE("an output directory that is renamed is followed, and nothing is lost") {
  const workload work(test_seed(), 60'000);
  auto process = work.start({few_restarts, "pause_us=5000"});
  REQUIRE_MESSAGE(process->wait_until([&] { return work.is_halfway(); }), process->log());

  fs::rename(work.output(), work.at("elsewhere"));

  CHECK_MESSAGE(process->wait() == 0, process->log());
  CHECK_FALSE(fs::exists(work.output()));
  fs::rename(work.at("elsewhere"), work.output());
  work.check_exact();
}

TEST_CASE("a full output disk fails the job, and the rest is committed when there is space") {
  const workload work(test_seed(), 60'000);
  small_disk disk(work.output(), "size=200k");
  if (!disk.mounted()) {
    MESSAGE("skipped: mounting a file system needs root");
    return;
  }
  auto process = work.start({few_restarts, "pause_us=200"});

  check_fails_naming(*process, "no space left");
  check_part_of_expected(work);
  REQUIRE(disk.resize("size=64m"));
  work.finish();
  work.check_exact();
}

TEST_CASE("an output file that may not grow fails the job, and the rest is committed when it may") {
  const workload work(test_seed(), 60'000);
  // All output of a subtask is one epoch and one file, which passes the bound; the state is much smaller.
  auto process =
      work.start({few_restarts, "file_bytes_max=400000", "execution.checkpointing.interval=1 h"});

  check_fails_naming(*process, "no space left");
  check_part_of_expected(work);
  work.finish();
  work.check_exact();
}

TEST_CASE("a full state disk fails the job, and the rest is committed when there is space") {
  const workload work(test_seed(), 60'000);
  small_disk disk(work.at("state"), "size=56k");
  if (!disk.mounted()) {
    MESSAGE("skipped: mounting a file system needs root");
    return;
  }
  auto process = work.start(
      {few_restarts, "pause_us=1000", "execution.checkpointing.tolerable-failed-checkpoints=2"});

  check_fails_naming(*process, work.at("state").string());
  check_part_of_expected(work);
  REQUIRE(disk.resize("size=64m"));
  work.finish();
  work.check_exact();
}

TEST_CASE("a missing input file fails the job by name") {
  const workload work(test_seed(), 1'000);
  fs::rename(work.input(), work.at("text.away"));

  auto process = work.start();

  check_fails_naming(*process, work.input().string());
  fs::rename(work.at("text.away"), work.input());
  work.finish();
  work.check_exact();
}

TEST_CASE("an input file that is cut off while it is read fails the job by name") {
  const workload work(test_seed(), 60'000);
  const std::string text = read_file(work.input());
  auto process = work.start({"pause_us=1000"});
  REQUIRE_MESSAGE(process->wait_until([&] { return work.is_halfway(); }), process->log());

  fs::resize_file(work.input(), text.size() / 20);

  check_fails_naming(*process, work.input().string());
  check_part_of_expected(work);
  std::ofstream(work.input(), std::ios::binary) << text;
  work.finish();
  work.check_exact();
}
