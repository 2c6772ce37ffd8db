// SPDX-License-Identifier: Apache-2.0
#include "bench/metrics_scraper.hpp"

#include <httplib.h>

#include <utility>

#include "rest/address_file.hpp"

namespace weir::bench {

metrics_scraper::metrics_scraper(std::filesystem::path state_directory)
    : state_directory_(std::move(state_directory)), thread_([this] { run(); }) {}

metrics_scraper::~metrics_scraper() {
  {
    const std::lock_guard hold(mutex_);
    stop_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void metrics_scraper::run() {
  const auto at = rest::read_address(state_directory_);
  if (!at) return;
  httplib::Client client(at->host, at->port);
  client.set_keep_alive(true);
  std::unique_lock hold(mutex_);
  while (!stop_) {
    hold.unlock();
    const auto answer = client.Get("/metrics");
    if (answer && answer->status == 200 && !answer->body.empty()) ++answers_;
    hold.lock();
    stopped_.wait_for(hold, std::chrono::seconds(1), [this] { return stop_; });
  }
}

}  // namespace weir::bench
