// SPDX-License-Identifier: Apache-2.0
// The main crash test: a word count at parallelism 2 takes its lines from a socket, through a journal, and is crashed at
// random at least 10 times in each phase of an epoch (tasks that throw or are killed, a process that aborts or is killed by
// itself), at least 10 times by kill -9 from outside, while writes of its store and journal fail, are torn or lost, and its
// peer is killed as well. What it commits is what a run without faults commits, line for line.
//
// WEIR_CRASHES=50 asks for so many of each.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <random>
#include <sstream>
#include <string>

#include "tests/crash/text_server.hpp"
#include "tests/crash/workload.hpp"

using namespace weir::crash;

namespace {

constexpr std::array<const char*, 5> phases{"aligning", "draining", "writing", "manifest",
                                            "committing"};
constexpr std::array<const char*, 8> disk_faults{
    "write_error disk=store",  "disk_full disk=store",     "torn_write disk=store",
    "lost_write disk=store",   "write_error disk=journal", "disk_full disk=journal",
    "torn_write disk=journal", "lost_write disk=journal"};
constexpr std::size_t feed_kills_least = 3;
constexpr int lines_per_second = 2'500;

std::size_t asked_for() {
  const char* given = std::getenv("WEIR_CRASHES");
  return given == nullptr ? 10 : std::strtoul(given, nullptr, 10);
}

/// How often what has hit, as the log of the processes tells it.
struct hit_counts {
  std::size_t each = asked_for();
  std::array<std::size_t, phases.size()> in_phase{};
  std::array<std::size_t, disk_faults.size()> of_disk{};
  std::size_t restarts = 0;    ///< of tasks
  std::size_t own_deaths = 0;  ///< of a process, by an injected fault
  std::size_t kills = 0;       ///< kill -9 from outside that found the process alive
  std::size_t feed_kills = 0;

  bool enough() const {
    const auto least = std::min({std::ranges::min(in_phase), own_deaths, kills});
    return least >= each && std::ranges::min(of_disk) >= 2 && feed_kills >= feed_kills_least;
  }
  std::size_t rarest_phase() const {
    return static_cast<std::size_t>(std::ranges::min_element(in_phase) - in_phase.begin());
  }
  std::size_t rarest_disk_fault() const {
    return static_cast<std::size_t>(std::ranges::min_element(of_disk) - of_disk.begin());
  }
  void add(const std::string& log) {
    for (std::size_t i = 0; i < phases.size(); ++i) in_phase[i] += hits_of_phase(log, phases[i]);
    for (std::size_t i = 0; i < disk_faults.size(); ++i) {
      of_disk[i] += hits_with(log, disk_faults[i]);
    }
    restarts += times(log, "coordinator restarted");
  }
  /// Of the log's lines about a hit, those whose fault has this text.
  static std::size_t hits_with(const std::string& log, const std::string& text) {
    std::istringstream lines(log);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) {
      count += line.find("\" hits") != line.npos && line.find(text) != line.npos;
    }
    return count;
  }
  /// Whether a fault has hit that ends the process.
  static bool ends_process(const std::string& log) {
    return hits_with(log, "\"kill9 ") + hits_with(log, "\"abort ") +
               hits_with(log, "\"torn_write ") + hits_with(log, "\"lost_write ") >
           0;
  }
  static std::size_t hits_of_phase(const std::string& log, const std::string& phase) {
    return hits_with(log, "phase=" + phase);
  }
  std::string text() const {
    std::string all;
    for (std::size_t i = 0; i < phases.size(); ++i) {
      all += std::to_string(in_phase[i]) + " " + phases[i] + ", ";
    }
    for (std::size_t i = 0; i < disk_faults.size(); ++i) {
      all += std::to_string(of_disk[i]) + " " + disk_faults[i] + ", ";
    }
    return all + std::to_string(restarts) + " restarts of tasks, " + std::to_string(own_deaths) +
           " processes that died of a fault, " + std::to_string(kills) + " kill -9, " +
           std::to_string(feed_kills) + " of feed";
  }
};

/// Crashes in the phase that has seen the fewest; every other time the process ends by itself in the end.
std::string phase_faults(const std::string& phase, bool ends, std::mt19937_64& random) {
  const std::string end = random() % 2 == 0 ? "kill9" : "abort";
  if (phase == "manifest") return end + " phase=manifest chance=0.3";
  return "throw phase=" + phase + " chance=0.1 times=2;kill phase=" + phase +
         " chance=0.1 times=2" + (ends ? ";" + end + " phase=" + phase + " chance=0.05" : "");
}

/// A feed that can be killed and comes back at its port.
class mortal_feed {
 public:
  explicit mortal_feed(const workload& work) : work_(work) { start("0"); }
  const text_server& now() const { return *server_; }
  void restart() {
    REQUIRE(server_->kill_9());
    start(std::string(server_->port()));
  }

 private:
  void start(const std::string& port) {
    server_ = std::make_unique<text_server>(
        work_.at("text"), work_.at("feed-log"),
        strings{"--rate", std::to_string(lines_per_second), "--port", port});
  }
  const workload& work_;
  std::unique_ptr<text_server> server_;
};

/// One process, from its start to its death.
void run_and_crash(const workload& work, mortal_feed& feed, bool kill_feed, std::mt19937_64& random,
                   hit_counts& counts) {
  const bool by_disk = random() % 3 == 0;
  const std::string phase = phases[counts.rarest_phase()];
  const auto plan =
      by_disk ? std::string(disk_faults[counts.rarest_disk_fault()]) + " chance=0.05 times=2"
              : phase_faults(phase, random() % 2 == 0, random);
  auto process = work.start(feed.now().arguments(
      {"reconnect=1", "weir.injection.enabled=true", "weir.injection.plan=" + plan,
       "weir.injection.seed=" + std::to_string(random() >> 1)}));
  // A torn or lost write ends the process; whoever kills it before hides what was lost.
  const bool ends = plan.starts_with("torn_write") || plan.starts_with("lost_write");
  const auto wanted = ends ? 1000 : random() % 3 + 1;
  const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  if (kill_feed && process->wait_for("connected to")) {
    feed.restart();
    ++counts.feed_kills;
  }
  process->wait_until([&] {
    return times(process->log(), "\" hits") >= wanted || std::chrono::steady_clock::now() > latest;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));  // the moment of the kill
  const bool killed = process->kill_9();
  const auto log = process->log();
  const bool by_itself = counts.ends_process(log);
  REQUIRE_MESSAGE((killed || by_itself), log);
  // What ended by itself died of its fault; it neither finished nor failed.
  CHECK_MESSAGE(times(log, "victim: finished") + times(log, "victim: failed") == 0, log);
  CHECK_MESSAGE(times(log, "victim: refused") == 0, log);
  ++(by_itself ? counts.own_deaths : counts.kills);
  counts.add(log);
}

}  // namespace

TEST_CASE(
    "a word count over a journaled socket survives crashes in every phase, and loses nothing") {
  std::mt19937_64 random(test_seed());
  hit_counts counts;
  const workload work(random(), 40'000 * counts.each);
  auto feed = std::make_unique<mortal_feed>(work);
  for (std::size_t runs = 1; !counts.enough() && runs <= 30 * counts.each; ++runs) {
    run_and_crash(work, *feed, runs % 8 == 0, random, counts);
  }
  MESSAGE(counts.text());
  REQUIRE(counts.enough());
  REQUIRE(work.committed().size() < work.expected().size());

  feed.reset();
  const text_server last(work.at("text"), work.at("feed-log"), {"--close"});
  auto process = work.start(last.arguments());
  REQUIRE_MESSAGE(process->wait() == 0, process->log());
  work.check_exact();
}
