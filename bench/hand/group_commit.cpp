// SPDX-License-Identifier: Apache-2.0
#include "bench/hand/group_commit.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "common/scratch_directory.hpp"

namespace weir::bench {
namespace {

class synced_file {
 public:
  explicit synced_file(const std::string& path)
      : fd_(::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw std::runtime_error("cannot make " + path);
  }
  ~synced_file() { ::close(fd_); }
  synced_file(const synced_file&) = delete;
  synced_file& operator=(const synced_file&) = delete;

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto done = ::write(fd_, bytes.data(), bytes.size());
      if (done < 0) throw std::runtime_error("cannot write lines");
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    if (::fdatasync(fd_) != 0) throw std::runtime_error("cannot sync lines");
  }

 private:
  int fd_;
};

}  // namespace

latency_run group_commit(const open_loop& schedule, unsigned line_bytes,
                         std::chrono::nanoseconds delay) {
  const scratch_directory directory("weir-bench-");
  synced_file file((directory.path() / "lines").string());
  latency_run result;
  result.samples = latency_samples(schedule.sample_count());
  const stopwatch watch;
  std::this_thread::sleep_until(schedule.start);
  for (std::uint64_t durable = 0; durable < schedule.records();) {
    if (schedule.due(open_loop::clock::now()) == durable) {
      std::this_thread::sleep_for(open_loop::pause);
      continue;
    }
    std::this_thread::sleep_for(delay);
    const std::uint64_t due = schedule.due(open_loop::clock::now());
    file.append(std::string((due - durable) * line_bytes, 'x'));
    for (; durable < due; ++durable) schedule.arrived(durable, result.samples);
  }
  result.cost = watch.elapsed();
  return result;
}

}  // namespace weir::bench
