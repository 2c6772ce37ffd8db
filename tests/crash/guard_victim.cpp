// SPDX-License-Identifier: Apache-2.0
// guard_victim is an application of weir with weir's own command line, which counts the words of a file and does to itself
// what actors cannot survive: it crashes, hangs, or outgrows its memory. The guard's tests start it.
//
//   guard_victim run [--guard] --input PATH --output DIR ...
//     --fault none | segv | abort | hang | throw | eat
//                      happens at the word number --fault-at of the process, or when it starts (0)
//     --committed yes  from that word on, as soon as output is committed
//     --once PATH      only if this file does not exist; it is made then
//     --pause-us N     sleep after each 32 lines
//     --grow N         instead of words, that many different keys
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "weir/weir.hpp"

/// Never returns. Not inlined and not static, so that a stack can show its name.
[[gnu::noinline]] void spin_for_ever() {
  static std::atomic<bool> over{false};
  while (!over.load()) {
  }
}

/// The sanitizer would make an exit of what must be a death by a signal.
extern "C" const char* __asan_default_options() {
  return "handle_segv=0:handle_abort=0";
}

namespace {

/// Never returns, and takes up to a gigabyte a second.
void eat_for_ever() {
  constexpr std::size_t megabyte = 1 << 20;
  std::vector<std::string> eaten;
  for (;;) {
    eaten.emplace_back(megabyte, 'x');
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

struct options {
  std::string input;
  std::string output;
  std::string fault = "none";
  std::string fault_at = "0";
  std::string committed = "no";
  std::string once;
  std::string pause_us = "0";
  std::string grow = "0";
};

std::uint64_t number(const std::string& text) {
  return std::strtoull(text.c_str(), nullptr, 10);
}

void hurt(const options& chosen) {
  if (!chosen.once.empty()) {
    if (std::filesystem::exists(chosen.once)) return;
    std::ofstream(chosen.once) << "hurt\n";
  }
  if (chosen.fault == "segv") raise(SIGSEGV);
  if (chosen.fault == "abort") std::abort();
  if (chosen.fault == "throw") throw std::runtime_error("--fault throw");
  if (chosen.fault == "hang") spin_for_ever();
  if (chosen.fault == "eat") eat_for_ever();
}

/// Files that are not shown yet have names with a dot.
bool has_committed(const std::string& output) {
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(output, missing)) {
    if (!entry.path().filename().string().starts_with(".")) return true;
  }
  return false;
}

struct word_count {
  std::string word;
  std::int64_t count = 0;
};
WEIR_RECORD(word_count, word, count)

struct count_words final : weir::keyed_process<std::string, std::string, word_count> {
  explicit count_words(options of) : chosen(std::move(of)), fault_at(number(chosen.fault_at)) {}

  weir::value_state<std::int64_t> seen{*this, "seen", 0};
  options chosen;
  std::uint64_t fault_at;
  static inline std::atomic<std::uint64_t> words{0};

  bool is_due(std::uint64_t word) const {
    if (chosen.committed == "no") return word == fault_at;
    return word >= fault_at && word % 64 == 0 && has_committed(chosen.output);
  }

  void process(const std::string& word, context&, weir::collector<word_count>& out) override {
    if (fault_at != 0 && is_due(++words)) hurt(chosen);
    seen.update(seen.value() + 1);
    out.emit({word, seen.value()});
  }
};

struct remember final : weir::keyed_process<std::uint64_t, std::uint64_t, std::uint64_t> {
  weir::value_state<std::uint64_t> kept{*this, "kept", 0};
  void process(const std::uint64_t& n, context&, weir::collector<std::uint64_t>&) override {
    kept.update(n);
  }
};

void build_words(weir::environment& env, const options& chosen) {
  const auto pause = std::chrono::microseconds(number(chosen.pause_us));
  const auto split = [pause, lines = 0u](std::string_view line,
                                         weir::collector<std::string>& out) mutable {
    if (pause.count() != 0 && ++lines % 32 == 0) std::this_thread::sleep_for(pause);
    while (!line.empty()) {
      const auto end = std::min(line.find(' '), line.size());
      if (end != 0) out.emplace(line.substr(0, end));
      line.remove_prefix(std::min(end + 1, line.size()));
    }
  };
  env.from("lines", weir::file_lines(chosen.input))
      .flat_map("split", split)
      .key_by([](const std::string& word) -> const std::string& { return word; })
      .process<count_words>("count", chosen)
      .to("out", weir::file_sink(chosen.output));
}

void build_growing(weir::environment& env, const options& chosen) {
  env.from("numbers", weir::generate([](std::uint64_t n) { return n; }).count(number(chosen.grow)))
      .key_by([](const std::uint64_t& n) { return n; })
      .process<remember>("remember")
      .to("out", weir::discard_sink());
}

}  // namespace

int main(int argc, char** argv) {
  options chosen;
  weir::program program("victim", "Counts words, and hurts itself.");
  program.option("--input", chosen.input, "the text")
      .option("--output", chosen.output, "directory of the counts")
      .option("--fault", chosen.fault, "none | segv | abort | hang | throw | eat")
      .option("--fault-at", chosen.fault_at, "the word at which it happens; 0: at the start")
      .option("--committed", chosen.committed, "yes: not before output is committed")
      .option("--once", chosen.once, "only if this file does not exist yet")
      .option("--pause-us", chosen.pause_us, "after each 32 lines")
      .option("--grow", chosen.grow, "keys to remember, instead of words");
  return program.main(argc, argv, [&](weir::environment& env) -> weir::result<void> {
    if (number(chosen.fault_at) == 0) hurt(chosen);
    if (number(chosen.grow) != 0)
      build_growing(env, chosen);
    else
      build_words(env, chosen);
    return {};
  });
}
