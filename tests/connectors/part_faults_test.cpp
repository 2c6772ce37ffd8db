// SPDX-License-Identifier: Apache-2.0
// Specifies the file sink core (P17) on storage that fails: full, read-only, gone, unable to sync
// or to rename without replacing. System calls are made to fail by definitions of fsync and
// renameat2 in this program, which precede those of the C library.
#include "connectors/part_files.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/connectors/part_files_words.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

int fsync_errno = 0;               // what fsync fails with; 0: it works
std::vector<std::string> fsynced;  // kinds of what was synced: "file", "directory"
bool rename_can_keep = true;       // false: a file system without RENAME_NOREPLACE

/// Limits the size of files for as long as it lives; a write beyond it fails with EFBIG.
class file_size_limit {
 public:
  explicit file_size_limit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit lower{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &lower) == 0);
  }
  ~file_size_limit() { (void)::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

extern "C" int fsync(int fd) {
  if (fsync_errno != 0) {
    errno = fsync_errno;
    return -1;
  }
  struct stat about {};
  if (::fstat(fd, &about) == 0) fsynced.emplace_back(S_ISDIR(about.st_mode) ? "directory" : "file");
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int renameat2(int from_dir, const char* from, int to_dir, const char* to,
                         unsigned int flags) noexcept {
  if (!rename_can_keep && flags != 0) {
    errno = EINVAL;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_renameat2, from_dir, from, to_dir, to, flags));
}

TEST_CASE("what prepare and commit report is durable: files before their directory") {
  temp_directory dir;
  part_files_options options = options_for(dir.path());
  options.roll_bytes = 1;
  part_files parts = open_parts(options);
  fsynced.clear();
  append(parts, "a");
  append(parts, "b");
  const auto intents = prepare(parts, 1);
  CHECK(fsynced == std::vector<std::string>{"file", "file", "directory"});

  fsynced.clear();
  commit(parts, intents);
  CHECK(fsynced == std::vector<std::string>{"directory"});
  commit(parts, intents);  // the process that renamed may have ended before it synced
  CHECK(fsynced.size() == 2);
}

TEST_CASE("a directory that had to be made is durable in its parents") {
  temp_directory dir;
  fsynced.clear();
  (void)open_parts(options_for(dir / "a/b"));
  CHECK(fsynced == std::vector<std::string>{"directory", "directory"});
}

TEST_CASE("after a failed sync nothing is prepared again, even if the next sync would succeed") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "x");
  fsync_errno = EIO;
  const auto failed = parts.prepare({1});
  fsync_errno = 0;
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == error_code::io);
  CHECK(failed.error().recovery_class() == recovery::restart_task);
  CHECK_FALSE(parts.prepare({2}));
  CHECK_FALSE(parts.append("y", 0s));
  CHECK_FALSE(parts.on_time(0s));
}

TEST_CASE("a commit whose directory sync fails is an error, and its repetition makes it good") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "x");
  const auto intents = prepare(parts, 1);
  fsync_errno = EIO;
  CHECK_FALSE(parts.commit(intents));
  fsync_errno = 0;
  commit(parts, intents);
  CHECK(visible_text(dir) == "x");
}

TEST_CASE(
    "on a file system that cannot rename without replacing, a commit links and still replaces "
    "nothing") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "x");
  const auto first = prepare(parts, 1);
  append(parts, "y");
  const auto second = prepare(parts, 2);
  dir.write(second[0].final_name, "z");
  rename_can_keep = false;
  const auto one = parts.commit(first);
  const auto two = parts.commit(second);
  rename_can_keep = true;

  CHECK(one);
  REQUIRE_FALSE(two);
  CHECK(two.error().code == error_code::in_use);
  CHECK(visible_text(dir) == "xz");
  CHECK(hidden(dir) == names{second[0].pending_name});
}

TEST_CASE("a second process with the same attempt is found out") {
  temp_directory dir;
  part_files first = open_parts(options_for(dir.path()));
  part_files second = open_parts(options_for(dir.path()));
  append(first, "a");
  const auto appended = second.append("b", 0s);
  REQUIRE_FALSE(appended);
  CHECK(appended.error().code == error_code::in_use);
}

TEST_CASE("the directory is made with its parents; what cannot be one is refused") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir / "a/b/../c/"));
  append(parts, "x");
  CHECK(std::filesystem::exists(dir / "a/c/.part-sink-0-a1-0.pending"));

  const std::string file = dir.write("file", "x");
  for (const std::string& bad : {file, file + "/below", std::string()}) {
    const auto opened = part_files::open(options_for(bad));
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == error_code::invalid_argument);
    CHECK(opened.error().message.find(bad) != std::string::npos);
  }
}

TEST_CASE("a sink that cannot be named is refused") {
  temp_directory dir;
  part_files_options options = options_for(dir.path());
  options.sink.prefix = "a/b";
  CHECK(part_files::open(options).error().code == error_code::invalid_argument);
  CHECK(part_files::open(options_for(dir.path(), 1, {2, 2})).error().code ==
        error_code::invalid_argument);
}

TEST_CASE("a directory on a read-only file system is refused when it is opened") {
  const small_disk disk(64);
  if (!disk.ready()) return;
  disk.make_read_only();
  const auto opened = part_files::open(options_for(disk.directory().path()));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == error_code::invalid_argument);
  CHECK(opened.error().message.find("not writable") != std::string::npos);
}

TEST_CASE("a directory that is removed meanwhile is an error, not a crash") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir / "out"));
  std::filesystem::remove(dir / "out");
  const auto appended = parts.append("x", 0s);
  REQUIRE_FALSE(appended);
  CHECK(appended.error().code == error_code::not_found);
  CHECK(appended.error().message.find(dir / "out") != std::string::npos);
}

TEST_CASE("an append that fails half-way counts for nothing and can be repeated") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  append(parts, "0123456789");
  {
    const file_size_limit limit(15);
    const auto appended = parts.append("abcdefghij", 0s);
    REQUIRE_FALSE(appended);
    CHECK(appended.error().code == error_code::no_space);
    CHECK(parts.open_bytes() == 10);
    CHECK(std::filesystem::file_size(dir / ".part-sink-0-a1-0.pending") == 10);
  }
  append(parts, "abcdefghij");
  commit(parts, prepare(parts, 1));
  CHECK(visible_text(dir) == "0123456789abcdefghij");
}

TEST_CASE("after a failed append the epoch can be prepared without it") {
  temp_directory dir;
  part_files parts = open_parts(options_for(dir.path()));
  const auto fail_append = [&](rlim_t bytes) {
    const file_size_limit limit(bytes);
    REQUIRE_FALSE(parts.append("abcdefghij", 0s));
  };
  fail_append(5);  // the file has no records at all
  CHECK(prepare(parts, 1).empty());
  CHECK(dir.names().empty());

  append(parts, "xy");
  fail_append(5);
  commit(parts, prepare(parts, 2));
  CHECK(visible_text(dir) == "xy");
}

TEST_CASE("a full disk stops appends, loses nothing, and lets them go on when there is space") {
  const small_disk disk(64);
  if (!disk.ready()) return;
  const temp_directory& dir = disk.directory();
  part_files parts = open_parts(options_for(dir.path()));
  const std::string records(10'000, 'r');
  append(parts, "committed");
  commit(parts, prepare(parts, 1));
  append(parts, "prepared");
  const auto prepared = prepare(parts, 2);

  std::size_t written = 0;
  result<void> appended;
  while ((appended = parts.append(records, 0s))) ++written;
  CHECK(appended.error().code == error_code::no_space);
  CHECK(appended.error().message.find("No space left") != std::string::npos);
  CHECK(written > 2);
  REQUIRE_FALSE(parts.append(records, 0s));
  CHECK(dir.read("part-00000-0000000001-000") == "committed");
  commit(parts, prepared);
  CHECK(dir.read("part-00000-0000000002-000") == "prepared");

  std::filesystem::remove(dir / "part-00000-0000000001-000");
  std::filesystem::remove(dir / "part-00000-0000000002-000");
  append(parts, std::string(4'000, 'r'));
  const auto intents = prepare(parts, 3);
  commit(parts, intents);
  CHECK(visible_text(dir) == std::string(written * 10'000 + 4'000, 'r'));
}
