// SPDX-License-Identifier: Apache-2.0
// The main crash test over a socket: feed serves a text, a word count at parallelism 2 takes it through a journal and is
// crashed at least 50 times, by operators that throw, actors that are ended, and kill -9 at random moments; feed lives.
// What it commits is what a run without faults commits, line for line. Also here: a journal that was damaged between two
// runs, and a peer that has fewer lines than the journal.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "tests/crash/text_server.hpp"
#include "tests/crash/workload.hpp"

using namespace weir::crash;

namespace {

constexpr std::size_t process_kills_least = 20;
constexpr std::size_t crashes_least = 50;
constexpr std::size_t process_kills_most = 80;
constexpr std::size_t each_least = 5;  // of each kind: how many there are by then is chance

constexpr const char* replayed = "were read from the journal";

struct crash_counts {
  std::size_t thrown = 0;
  std::size_t ended_actors = 0;
  std::size_t restarts = 0;  ///< of tasks, as weir's log tells them
  std::size_t processes = 0;
  std::size_t replays = 0;  ///< lines came from the journal

  /// Crashes that hit live work: each was followed by a restart, or was a kill -9 that found the process alive.
  std::size_t total() const { return restarts + processes; }
  bool enough() const {
    return processes >= process_kills_least && total() >= crashes_least &&
           std::min({thrown, ended_actors, replays}) >= each_least;
  }
  void add(const std::string& log) {
    thrown += times(log, "victim: throws");
    ended_actors += times(log, "victim: ends the actor");
    restarts += times(log, "coordinator restarted");
    replays += times(log, replayed);
  }
};

std::chrono::milliseconds random_ms(std::mt19937_64& random, int least, int most) {
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(least, most)(random));
}

void run_and_kill(const workload& work, const text_server& server, std::mt19937_64& random,
                  crash_counts& crashes) {
  auto process = work.start(
      server.arguments({"seed=" + std::to_string(random()), "pause_us=400", "throws=1000000",
                        "throw_words=20000", "kills=1000000", "kill_ms=60"}));
  REQUIRE_MESSAGE(process->wait_for("victim: runs"), process->log());
  // Every other run lives until it has replayed, however slow the machine is; the others die at any moment before.
  if (random() % 2 == 0) {
    const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    process->wait_until([&] {
      return times(process->log(), replayed) > 0 || std::chrono::steady_clock::now() > latest;
    });
  }
  std::this_thread::sleep_for(random_ms(random, 20, 250));  // the moment of the fault
  REQUIRE_MESSAGE(process->kill_9(), process->log());
  ++crashes.processes;
  crashes.add(process->log());
  REQUIRE(work.committed().size() < work.expected().size());
}

/// A run with pauses that is killed when it has committed something.
void kill_when_halfway(const workload& work, const text_server& server) {
  auto process = work.start(server.arguments({"pause_us=10000"}));
  REQUIRE_MESSAGE(process->wait_until([&] { return work.is_halfway(); }), process->log());
  REQUIRE(process->kill_9());
  REQUIRE(work.is_halfway());
}

/// The files of the journal, in the order of their lines.
std::vector<std::filesystem::path> journal_files(const workload& work) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(work.at("state/journal/lines"))) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE(
    "a word count over a journaled socket that is crashed at random loses and repeats nothing") {
  std::mt19937_64 random(test_seed());
  const workload stormy(random(), 900'000);
  const text_server server(stormy.at("text"), stormy.at("feed-log"), {"--close"});
  crash_counts crashes;
  while (!crashes.enough() && crashes.processes < process_kills_most) {
    run_and_kill(stormy, server, random, crashes);
  }
  auto last = stormy.start(server.arguments({"seed=" + std::to_string(random()), "throws=10",
                                             "throw_words=40000", "kills=10", "kill_ms=20"}));
  REQUIRE_MESSAGE(last->wait() == 0, last->log());
  crashes.add(last->log());

  MESSAGE(crashes.thrown, " throws, ", crashes.ended_actors, " ended actors, ", crashes.restarts,
          " restarts of tasks, ", crashes.processes, " kill -9, ", crashes.replays, " replays");
  stormy.check_exact();
  CHECK(crashes.enough());
  CHECK(times(server.log(), "a client goes on at line") >= 5);
  // P18: what no checkpoint needs any more is gone.
  CHECK(journal_files(stormy).front().filename() != "00000000000000000000.journal");

  // The end of the stream is in the journal as well: the job finishes again, without its peer.
  auto again = stormy.start({"socket=1"});
  CHECK_MESSAGE(again->wait() == 0, again->log());
  stormy.check_exact();
}

TEST_CASE("a journal that was damaged between two runs is refused with its file and offset") {
  std::mt19937_64 random(test_seed());
  const workload work(random(), 200'000);
  const text_server server(work.at("text"), work.at("feed-log"), {"--close"});
  kill_when_halfway(work, server);
  const auto files = journal_files(work);
  REQUIRE(files.size() > 1);
  {
    std::fstream first(files.front(), std::ios::in | std::ios::out | std::ios::binary);
    first.seekp(3);
    first.put('?');
  }

  auto refused = work.start(server.arguments());

  CHECK(refused->wait() != 0);
  const std::string log = refused->log();
  CHECK_MESSAGE(log.find("corrupt data: journal file '" + files.front().string() +
                         "', offset 0: expected") != std::string::npos,
                log);
  CHECK(work.committed().size() < work.expected().size());
}

TEST_CASE("a peer with fewer lines than the journal is refused, and the right one goes on") {
  std::mt19937_64 random(test_seed());
  const workload work(random(), 200'000);
  {
    const text_server server(work.at("text"), work.at("feed-log"), {"--close"});
    kill_when_halfway(work, server);
  }
  std::ofstream(work.at("short")) << "one line\n";
  {
    const text_server wrong(work.at("short"), work.at("feed-log"), {"--close"});
    auto process = work.start(wrong.arguments(
        {"restart-strategy.type=fixed-delay", "restart-strategy.fixed-delay.attempts=3"}));
    CHECK(process->wait() != 0);
    CHECK_MESSAGE(
        process->log().find("it answered 'WEIR 1 1', expected 'WEIR 1 ") != std::string::npos,
        process->log());
  }
  const text_server right(work.at("text"), work.at("feed-log"), {"--close"});
  auto last = work.start(right.arguments());
  REQUIRE_MESSAGE(last->wait() == 0, last->log());
  work.check_exact();
}
