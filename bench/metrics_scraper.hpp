// SPDX-License-Identifier: Apache-2.0
// metrics_scraper asks a running job for /metrics at once and then each second, as Prometheus would.
//
// Owner:  one run; its thread ends with the destructor.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <thread>

namespace weir::bench {

class metrics_scraper {
 public:
  /// Of the job in this state directory, which answers HTTP.
  explicit metrics_scraper(std::filesystem::path state_directory);
  ~metrics_scraper();
  metrics_scraper(const metrics_scraper&) = delete;
  metrics_scraper& operator=(const metrics_scraper&) = delete;

  /// Answers so far that were whole.
  std::uint64_t answers() const { return answers_; }

 private:
  void run();

  std::filesystem::path state_directory_;
  std::atomic<std::uint64_t> answers_{0};
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace weir::bench
