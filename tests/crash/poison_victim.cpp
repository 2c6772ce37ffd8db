// SPDX-License-Identifier: Apache-2.0
// The process that poison_test starts: counts numbers by key; one of them ends the process, in the operator and by the
// signal that the arguments name; with signal=0 it throws, with signal=-1 it never returns. Arguments: output=DIR
// dead=DIR poison=VALUE in=touch|pass|count signal=NUMBER kills=N; every=N: each N-th number from VALUE on is poison; rate=RECORDS_A_SECOND; and settings as
// key=value. Exit codes: of weir::main.
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include "weir/weir.hpp"

/// The sanitizer would make an exit of what must be a death by a signal.
extern "C" const char* __asan_default_options() {
  return "handle_segv=0:handle_abort=0";
}

namespace {

constexpr std::uint64_t records = 20'000;

struct hit {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};
WEIR_RECORD(hit, key, value)

/// What is swallowed where, and what happens then.
struct poison {
  std::string where;
  std::uint64_t value = 0;
  std::uint64_t every = records;
  int signal = SIGABRT;

  void taste(const char* here, std::uint64_t what) const {
    if (what % every != value % every || where != here) return;
    if (signal == 0) throw std::runtime_error("poison " + std::to_string(what));
    std::fprintf(stderr, "victim: swallowed %llu in %s\n", static_cast<unsigned long long>(what),
                 here);
    while (signal < 0) ::pause();  // never returns
    raise(signal);
  }
};

struct pass_on final : weir::process_function<hit, hit> {
  explicit pass_on(poison with) : with_(std::move(with)) {}
  void process(const hit& record, context&, weir::collector<hit>& out) override {
    with_.taste("pass", record.value);
    out.emit(record);
  }

 private:
  poison with_;
};

struct count_hits final : weir::keyed_process<std::uint64_t, hit, hit> {
  explicit count_hits(poison with) : with_(std::move(with)) {}
  weir::value_state<std::uint64_t> seen{*this, "seen", 0};

  void process(const hit& record, context&, weir::collector<hit>& out) override {
    with_.taste("count", record.value);
    seen.update(seen.value() + 1);
    out.emit({record.value, seen.value()});
  }

 private:
  poison with_;
};

void build(weir::environment& env, std::map<std::string, std::string>& given) {
  const poison with{given["in"], std::stoull(given["poison"]),
                    given.contains("every") ? std::stoull(given["every"]) : records,
                    std::stoi(given["signal"])};
  const auto kills = static_cast<std::uint32_t>(std::stoul(given["kills"]));
  const auto to_dead = [&](const std::string& name) {
    return weir::poison::dead_letter(name, weir::file_sink(given["dead"] + "/" + name), kills);
  };
  env.from("hits", weir::generate([](std::uint64_t seq) {
                     return hit{seq % 97, seq};
                   })
                       .count(records)
                       .rate(given.contains("rate") ? std::stod(given["rate"]) : 0))
      .map("touch",
           [with](hit record) {
             with.taste("touch", record.value);
             return record;
           })
      .on_poison(to_dead("bad-touch"))
      .process<pass_on>("pass", with)
      .on_poison(to_dead("bad-pass"))
      .key_by([](const hit& record) { return record.key; })
      .process<count_hits>("count", with)
      .on_poison(to_dead("bad-count"))
      .to("out", weir::file_sink(given["output"]));
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> given;
  weir::environment env("poison-victim");
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    const auto at = text.find('=');
    const auto key = text.substr(0, at);
    if (key.find('.') != std::string::npos) {
      env.set(key, text.substr(at + 1));
    } else {
      given[key] = text.substr(at + 1);
    }
  }
  build(env, given);
  auto job = env.execute();
  if (!job) {
    std::fprintf(stderr, "victim: refused: %s\n", job.error().text().c_str());
    return weir::exit_refused;
  }
  const auto report = job->wait();
  return report.state == weir::job_state::finished ? weir::exit_finished : weir::exit_failed;
}
