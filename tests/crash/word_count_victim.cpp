// SPDX-License-Identifier: Apache-2.0
// word_count_victim counts the words of a file, as apps/word_count does, and hurts itself by a plan: operators throw at
// random records, a thread ends the actors of random tasks at random moments. The tests of this folder start it, kill it,
// and compare what it has committed. It is written on the public API alone.
//
//   word_count_victim input=PATH output=DIR [key=value ...]       keys with a dot are settings of weir
//     seed=N           of the plan                                 throws=N, throw_words=N  how often it throws, and the
//     pause_us=N       sleep after each 32 lines of a source task                           mean of words in between
//     slow_pause_us=N  the same for source task 0                  kills=N, kill_ms=N       the same for ended actors
//     socket=PORT      instead of input: lines of a peer, through a journal whose files have segment_bytes=N;
//                      reconnect=1: the stream does not end when the peer does
//     split_bytes=N    of the input                         file_bytes_max=N        of any file that it writes
//
// It prints a line for each fault that it makes, "victim: input over" at the end of the input, and how the job ended.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "weir/weir.hpp"

namespace {

/// One line on stderr, whole.
void say(const std::string& text) {
  const std::string line = "victim: " + text + "\n";
  (void)!write(STDERR_FILENO, line.data(), line.size());
}

struct options {
  std::map<std::string, std::string> given;

  std::uint64_t number(const std::string& key, std::uint64_t fallback) const {
    const auto at = given.find(key);
    return at == given.end() ? fallback : std::stoull(at->second);
  }
};

/// Throws at random words of the process, each time something else. Shared by all tasks, and it outlives them.
class fuse {
 public:
  fuse(std::uint64_t seed, std::uint64_t throws, std::uint64_t mean_words)
      : random_(seed), left_(throws), mean_(mean_words) {
    if (left_ != 0) words_ = next();
  }
  void count_word() {
    if (words_.load(std::memory_order_relaxed) <= 0 || words_.fetch_sub(1) != 1) return;
    // Only the task that took the last word comes here.
    const std::uint64_t number = left_--;
    if (left_ != 0) words_ = next();
    say("throws");
    if (number % 3 == 0) throw static_cast<int>(number);
    throw std::runtime_error("the plan says so");
  }

 private:
  std::int64_t next() {
    return static_cast<std::int64_t>(
        std::uniform_int_distribution<std::uint64_t>(1, 2 * mean_)(random_));
  }
  std::mt19937_64 random_;
  std::uint64_t left_;
  std::uint64_t mean_;
  std::atomic<std::int64_t> words_{0};
};

struct word_count {
  std::string word;
  std::int64_t count = 0;
};
WEIR_RECORD(word_count, word, count)

/// Splits at blanks, and lags: that a run lasts long enough to be crashed many times.
struct split_words final : weir::process_function<std::string, std::string> {
  split_words(std::uint64_t pause_us, std::uint64_t slow_pause_us)
      : pause_us_(pause_us), slow_pause_us_(slow_pause_us) {}

  void open(const weir::subtask_info& subtask) override {
    if (subtask.index == 0) pause_us_ = slow_pause_us_;
  }
  void process(const std::string& line, context&, weir::collector<std::string>& out) override {
    if (pause_us_ != 0 && ++lines_ % lines_per_pause == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(pause_us_));
    }
    for (std::size_t begin = 0; begin < line.size();) {
      const auto end = std::min(line.find(' ', begin), line.size());
      if (end != begin) out.emit(line.substr(begin, end - begin));
      begin = end + 1;
    }
  }

 private:
  static constexpr std::uint64_t lines_per_pause = 32;
  std::uint64_t pause_us_;
  std::uint64_t slow_pause_us_;
  std::uint64_t lines_ = 0;
};

struct count_words final : weir::keyed_process<std::string, std::string, word_count> {
  explicit count_words(std::shared_ptr<fuse> plan) : plan_(std::move(plan)) {}

  weir::value_state<std::int64_t> seen{*this, "seen", 0};

  void process(const std::string& word, context&, weir::collector<word_count>& out) override {
    plan_->count_word();
    seen.update(seen.value() + 1);
    out.emit({word, seen.value()});
  }
  void on_end(weir::collector<word_count>&) override { say("input over"); }

 private:
  std::shared_ptr<fuse> plan_;
};

/// Ends actors of random tasks at random moments, each only when the job runs again after the one before.
void end_actors(weir::job& job, bool journaled, std::uint64_t seed, std::uint64_t kills,
                std::uint64_t mean_ms) {
  std::mt19937_64 random(seed + 1);
  const auto pause = [&] {
    return std::chrono::milliseconds(
        std::uniform_int_distribution<std::uint64_t>(1, 2 * mean_ms)(random));
  };
  const std::vector<std::string> tasks =
      journaled ? std::vector<std::string>{"lines/0", "split/0", "split/1", "count/0", "count/1"}
                : std::vector<std::string>{"lines/0", "lines/1", "count/0", "count/1"};
  for (std::uint64_t i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(pause());
    auto before = job.status();
    while (before.state == weir::job_state::restarting) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      before = job.status();
    }
    if (before.state != weir::job_state::running) return;
    const std::string task = tasks[random() % tasks.size()];
    say("ends the actor of " + task);
    if (!job.crash_task(task)) say("there is no task " + task);
    while (job.status().state == weir::job_state::running &&
           job.status().restarts == before.restarts) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

/// A write that passes the bound fails with EFBIG, as on a disk that has no more to give.
void bound_files(std::uint64_t bytes) {
  if (bytes == 0) return;
  signal(SIGXFSZ, SIG_IGN);
  const rlimit bound{bytes, bytes};
  if (setrlimit(RLIMIT_FSIZE, &bound) != 0) say("cannot bound files");
}

weir::stream<std::string> lines_of(weir::environment& env, options& chosen) {
  if (const auto port = chosen.number("socket", 0); port != 0) {
    weir::socket_lines_options socket;
    socket.host = "127.0.0.1";
    socket.port = static_cast<std::uint16_t>(port);
    socket.reconnect = chosen.number("reconnect", 0) != 0;
    weir::journal_options journal;
    journal.with_peer = weir::handshake::required;
    journal.segment_bytes = chosen.number("segment_bytes", 64 << 10);
    journal.sync_bytes = 4 << 10;  // that the journal is not far ahead of the counts
    return env.from("lines", weir::journaled(weir::socket_lines(socket), journal));
  }
  weir::file_lines_options input;
  input.paths.push_back(chosen.given["input"]);
  input.split_bytes = chosen.number("split_bytes", 64 << 10);
  return env.from("lines", weir::file_lines(input));
}

void build(weir::environment& env, options& chosen) {
  const auto pause_us = chosen.number("pause_us", 0);
  const auto plan = std::make_shared<fuse>(chosen.number("seed", 1), chosen.number("throws", 0),
                                           chosen.number("throw_words", 1));
  lines_of(env, chosen)
      .process<split_words>("split", pause_us, chosen.number("slow_pause_us", pause_us))
      .key_by([](const std::string& word) -> const std::string& { return word; })
      .process<count_words>("count", plan)
      .to("out", weir::file_sink(chosen.given["output"]));
}

}  // namespace

int main(int argc, char** argv) {
  options chosen;
  weir::environment env("victim");
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    const auto at = std::min(text.find('='), text.size() - 1);
    const auto key = text.substr(0, at);
    if (key.find('.') != std::string::npos)
      env.set(key, text.substr(at + 1));
    else
      chosen.given[key] = text.substr(at + 1);
  }
  bound_files(chosen.number("file_bytes_max", 0));
  build(env, chosen);
  auto job = env.execute();
  if (!job) {
    say("refused: " + job.error().text());
    return weir::exit_refused;
  }
  say("runs");
  std::thread killer([&] {
    end_actors(*job, chosen.number("socket", 0) != 0, chosen.number("seed", 1),
               chosen.number("kills", 0), chosen.number("kill_ms", 1));
  });
  const auto report = job->wait();
  killer.join();
  say("restarts: " + std::to_string(report.restarts));
  if (report.state != weir::job_state::finished) {
    say("failed: " + (report.failure ? report.failure->text() : "cancelled"));
    return weir::exit_failed;
  }
  say("finished");
  return weir::exit_finished;
}
