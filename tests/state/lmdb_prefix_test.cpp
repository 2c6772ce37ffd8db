// SPDX-License-Identifier: Apache-2.0
// The snapshot store on the real LMDB, reopened after a stop of the machine at every step of what LMDB does to its file:
// before, inside and after each write and sync, with what was not synced kept, lost, kept up to a place, or kept in part.
// The newest checkpoint is then one that was promised, or the one under way, and all of it is there.
//
// How LMDB 0.9.24 writes: the pages of a transaction by pwrite and writev, then fdatasync, then 120 bytes of a meta page by
// one pwrite on a second descriptor that has O_DSYNC. All calls are noted by definitions in this program.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>

#include "tests/state/recorded_file.hpp"
#include "tests/state/store_fixture.hpp"
#include "tests/support/seed.hpp"

using namespace weir;
using namespace weir::test;

namespace {

namespace fs = std::filesystem;

recorded_file* recording = nullptr;  // into which the calls below are noted; nullptr: they are not
struct stat recorded {};             // whose
std::uint64_t promised = 0;          // the newest checkpoint that the store has called complete
std::uint64_t under_way = 0;         // the one that it is asked to complete, or the same

bool is_recorded(int fd) {
  struct stat about {};
  return recording != nullptr && ::fstat(fd, &about) == 0 && about.st_dev == recorded.st_dev &&
         about.st_ino == recorded.st_ino;
}

void note(disk_step::kind what, std::uint64_t offset = 0, std::string bytes = {}, int fd = -1) {
  const bool durable = fd >= 0 && (::fcntl(fd, F_GETFL) & O_DSYNC) != 0;
  recording->add({what, offset, std::move(bytes), durable, promised, under_way});
}

std::string text_of(const void* bytes, ssize_t size) {
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

int note_sync(int fd, long number) {
  if (is_recorded(fd)) note(disk_step::kind::sync);
  return static_cast<int>(::syscall(number, fd));
}

}  // namespace

extern "C" ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) {
  const ssize_t put = ::syscall(SYS_pwrite64, fd, bytes, size, offset);
  if (put > 0 && is_recorded(fd)) {
    note(disk_step::kind::write, static_cast<std::uint64_t>(offset), text_of(bytes, put), fd);
  }
  return put;
}

extern "C" ssize_t writev(int fd, const iovec* pieces, int count) {
  const off_t offset = is_recorded(fd) ? ::lseek(fd, 0, SEEK_CUR) : 0;
  const ssize_t put = ::syscall(SYS_writev, fd, pieces, count);
  if (put > 0 && is_recorded(fd)) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += text_of(pieces[i].iov_base, static_cast<ssize_t>(pieces[i].iov_len));
    all.resize(static_cast<std::size_t>(put));
    note(disk_step::kind::write, static_cast<std::uint64_t>(offset), std::move(all), fd);
  }
  return put;
}

extern "C" ssize_t write(int fd, const void* bytes, std::size_t size) {
  const off_t offset = is_recorded(fd) ? ::lseek(fd, 0, SEEK_CUR) : 0;
  const ssize_t put = ::syscall(SYS_write, fd, bytes, size);
  if (put > 0 && is_recorded(fd)) {
    note(disk_step::kind::write, static_cast<std::uint64_t>(offset), text_of(bytes, put), fd);
  }
  return put;
}

extern "C" int ftruncate(int fd, off_t size) noexcept {
  if (is_recorded(fd)) note(disk_step::kind::cut, static_cast<std::uint64_t>(size));
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}

extern "C" int fdatasync(int fd) {
  return note_sync(fd, SYS_fdatasync);
}

extern "C" int fsync(int fd) {
  return note_sync(fd, SYS_fsync);
}

namespace {

constexpr store_options small_transactions{
    .map_bytes = std::size_t{1} << 28, .retained = 2, .transaction_bytes_max = 20'000};

std::string slurp(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void spill(const fs::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Checkpoints of one to six chunks of all sizes; of each second one a chunk goes over into the next, as a delta's base.
class writer {
 public:
  explicit writer(const fs::path& dir) : store_(dir, small_transactions) {}
  void run(std::uint64_t checkpoints, std::mt19937_64& random) {
    std::vector<chunk_ref> kept;
    for (std::uint64_t i = 0; i < checkpoints; ++i) {
      const epoch_id epoch = store_.epoch(i);
      auto chunks = kept;
      for (std::uint64_t n = 1 + random() % 6; n != 0; --n) {
        const std::size_t size = random() % 3 == 0 ? 30'000 : 100 + random() % 5'000;
        chunks.push_back(store_.put(epoch, size, static_cast<unsigned>(random() % 250)));
      }
      under_way = epoch.value;
      const auto completed = store_.complete(epoch, chunks);
      if (!completed) FAIL(completed.error().text());
      promised = epoch.value;
      kept.clear();
      if (i % 2 == 0) kept.push_back(chunks.front());
    }
  }

 private:
  open_store store_;
};

/// Two terms of a store, the second from its opening on.
recorded_file record(const fs::path& dir, std::mt19937_64& random) {
  writer(dir).run(6, random);
  recorded_file made(slurp(data_file_of(dir)));
  REQUIRE(::stat(data_file_of(dir).c_str(), &recorded) == 0);
  recording = &made;
  writer(dir).run(12, random);
  recording = nullptr;
  return made;
}

enum class finding : std::uint8_t { sound, older, refused, wrong };

/// Opens the image, reads the newest checkpoint whole, and goes on with it.
class reopening {
 public:
  explicit reopening(const fs::path& dir) : dir_(dir) {
    fs::create_directories(data_file_of(dir_).parent_path());
  }
  finding look_at(const std::string& image, std::uint64_t least, std::uint64_t most) {
    ++images;
    spill(data_file_of(dir_), image);
    auto opened = snapshot_store::open(dir_, small_transactions, "job", [] { return 1u; });
    if (!opened) return refuse(opened.error());
    snapshot_store& store = **opened;
    const auto newest = store.latest();
    if (!newest) return refuse(newest.error());
    if (auto whole = store.verify(*newest); !whole) return refuse(whole.error());
    if (newest->epoch.value > most) return finding::wrong;
    if (newest->epoch.value < least) return finding::older;
    ++found[newest->epoch.value];
    if (auto goes_on = store.begin_term(); !goes_on) return refuse(goes_on.error());
    if (auto whole = store.verify(*newest); !whole) return refuse(whole.error());
    return finding::sound;
  }

  std::uint64_t images = 0;
  std::map<std::uint64_t, std::uint64_t> found;  // how often each checkpoint was the newest
  std::string reason;                            // of the last refusal

 private:
  finding refuse(const error& why) {
    reason = why.text();
    return finding::refused;
  }
  fs::path dir_;
};

/// Ways to lose what was not synced: all, nothing, what came behind a place, each sector for itself.
std::function<bool()> chooser(int way, std::mt19937_64& random) {
  switch (way) {
    case 0:
      return [] { return false; };
    case 1:
      return [] { return true; };
    case 2:
      return [left = random() % 12]() mutable { return left != 0 && left-- != 0; };
    default:
      return [&random] { return random() % 2 == 0; };
  }
}

constexpr int ways = 6;

bool is_meta(const disk_step& step) {
  return step.what == disk_step::kind::write && step.durable;
}

}  // namespace

TEST_CASE("a stop of the machine at any step leaves a promised checkpoint, or the one under way") {
  std::mt19937_64 random(print_seed());
  temp_directory original;
  temp_directory copy;
  const recorded_file file = record(original.path(), random);
  const auto& steps = file.steps();
  reopening again(copy.path());
  const auto check = [&](const std::string& image, std::size_t at, const char* when, int way) {
    const auto& last = steps[std::min(at, steps.size() - 1)];
    const std::uint64_t least = at < steps.size() ? last.promised : promised;
    const std::uint64_t most = at < steps.size() ? last.under_way : promised;
    const finding seen = again.look_at(image, least, most);
    REQUIRE_MESSAGE(seen == finding::sound, when << " step " << at << " of " << steps.size()
                                                 << ", way " << way << ": expected checkpoint "
                                                 << least << " or " << most << "; finding "
                                                 << static_cast<int>(seen) << " " << again.reason);
  };
  for (std::size_t at = 0; at <= steps.size(); ++at) {
    check(file.written_before(at), at, "killed before", 0);
    for (int way = 0; way < ways; ++way) {
      check(file.kept_before(at, chooser(way, random)), at, "no power before", way);
      if (at == steps.size() || steps[at].what != disk_step::kind::write) continue;
      check(file.kept_within(at, chooser(way, random)), at, "no power within", way);
    }
  }

  const auto metas = static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), is_meta));
  const auto syncs =
      static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), [](const disk_step& step) {
        return step.what == disk_step::kind::sync;
      }));
  std::cout << steps.size() << " steps, " << syncs << " syncs, " << metas << " meta pages, "
            << again.images << " images\n";
  CHECK(metas > 12);
  CHECK(syncs >= metas);  // each meta page has a sync in front of it
  CHECK(steps.size() > 2 * metas + 20);
  CHECK(again.found.size() == 13);  // each of the twelve was the newest once, and the one before
}

TEST_CASE("a meta page that tears within its sector: the old checkpoint, the new one, or refused") {
  std::mt19937_64 random(print_seed());
  temp_directory original;
  temp_directory copy;
  const recorded_file file = record(original.path(), random);
  const auto& steps = file.steps();
  reopening again(copy.path());
  std::map<finding, int> fronts;
  std::map<finding, int> backs;
  std::optional<std::string> reason;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    if (!is_meta(steps[at])) continue;
    const std::size_t size = steps[at].bytes.size();
    CHECK(steps[at].offset % 4096 + size <=
          512);  // also within the sector of a disk that has small ones
    for (std::size_t cut = 1; cut < size; cut += 1 + random() % 8) {
      const auto look = [&](std::size_t begin, std::size_t end) {
        return again.look_at(file.torn_within(at, begin, end), steps[at].promised,
                             steps[at].under_way);
      };
      ++fronts[look(0, cut)];
      const finding back = look(cut, size);
      ++backs[back];
      if (back == finding::refused) reason = again.reason;
    }
  }
  const auto tell = [](const char* what, std::map<finding, int>& of) {
    std::cout << what << ": sound " << of[finding::sound] << ", an older checkpoint "
              << of[finding::older] << ", refused " << of[finding::refused] << ", wrong "
              << of[finding::wrong] << '\n';
  };
  tell("only its first bytes", fronts);
  tell("only its last bytes", backs);
  if (reason) std::cout << *reason << '\n';
  // The number of the transaction stands last: with the first bytes alone the page stays the older of the two.
  CHECK(fronts[finding::refused] == 0);
  CHECK(fronts[finding::older] == 0);
  CHECK(fronts[finding::wrong] == 0);
  CHECK(backs[finding::wrong] == 0);
}

TEST_CASE(
    "without the sync in front of the meta page a checkpoint would be lost: the images are real") {
  std::mt19937_64 random(print_seed());
  temp_directory original;
  temp_directory copy;
  const recorded_file file = record(original.path(), random);
  recorded_file unsynced(file.written_before(0));
  for (const disk_step& step : file.steps()) {
    if (step.what != disk_step::kind::sync) unsynced.add(step);
  }
  reopening again(copy.path());
  std::uint64_t lost = 0;
  for (std::size_t at = 1; at <= unsynced.steps().size(); ++at) {
    if (!is_meta(unsynced.steps()[at - 1])) continue;
    const auto image = unsynced.kept_before(at, chooser(ways, random));
    lost += again.look_at(image, 0, promised) != finding::sound;
  }
  CHECK(lost > 0);
}
