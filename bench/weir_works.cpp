// SPDX-License-Identifier: Apache-2.0
// The works through weir's public API, as an application would write them.
#include "bench/weir_works.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "bench/count_keys.hpp"
#include "bench/metrics_scraper.hpp"
#include "bench/scratch_state.hpp"
#include "bench/work_sum_codec.hpp"
#include "weir/weir.hpp"

namespace weir::bench {
namespace {

/// Adds up what the sinks of all subtasks folded.
struct folded {
  std::mutex mutex;
  work_sum total;
  unsigned subtasks = 0;

  void add(const work_sum& part) {
    const std::lock_guard hold(mutex);
    total += part;
    ++subtasks;
  }
};

struct counted_word {
  std::string word;
  std::uint64_t count = 0;
};

struct count_words final : keyed_process<std::string, std::string, counted_word> {
  value_state<std::uint64_t> seen{*this, "seen", 0};

  void process(const std::string& word, context&, collector<counted_word>& out) override {
    const std::uint64_t count = seen.value() + 1;
    seen.update(count);
    out.emit({word, count});
  }
};

void split_words(std::string_view line, collector<std::string>& out) {
  while (!line.empty()) {
    const auto end = line.find(' ');
    if (end != 0) out.emplace(line.substr(0, end));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 1);
  }
}

template <class Fold>
auto sum_sink(std::shared_ptr<folded> into, Fold fold) {
  return fold_sink(work_sum{}, std::move(fold), [into](const work_sum& part) { into->add(part); });
}

void build_keyed_count(environment& env, const work_settings& settings,
                       std::shared_ptr<folded> into) {
  env.from("numbers", generate(keyed_generator(settings.keys)).count(settings.records))
      .key_by([](const keyed_record& r) -> const std::uint64_t& { return r.key; })
      .process<count_keys>("count")
      .to("fold", sum_sink(std::move(into), [](work_sum& sum, const keyed_count& c) {
            ++sum.records;
            sum.sum += fold(c.key, c.count);
          }));
}

void build_stateless(environment& env, const work_settings& settings,
                     std::shared_ptr<folded> into) {
  env.from("numbers", generate([](std::uint64_t seq) { return seq; }).count(settings.records))
      .map("map", [](std::uint64_t x) { return stateless_map(x); })
      .filter("filter", [](std::uint64_t x) { return stateless_filter(x); })
      .to("fold", sum_sink(std::move(into), [](work_sum& sum, std::uint64_t x) {
            ++sum.records;
            sum.sum += x;
          }));
}

void build_word_count(environment& env, const work_settings& settings,
                      std::shared_ptr<folded> into) {
  env.from("lines", file_lines(settings.file))
      .flat_map("split", split_words)
      .key_by([](const std::string& word) -> const std::string& { return word; })
      .process<count_words>("count")
      .to("fold", sum_sink(std::move(into), [](work_sum& sum, const counted_word& c) {
            ++sum.records;
            sum.sum += c.count;
          }));
}

}  // namespace

run_result run_weir(const work_settings& settings) {
  run_result result;
  const scratch_state scratch;
  const auto into = std::make_shared<folded>();
  environment env("tax");
  env.set("state.dir", scratch.state_dir());
  env.set("parallelism.default", std::to_string(settings.parallelism));
  env.set("execution.checkpointing.interval",
          std::to_string(settings.checkpoint_interval.count()) + " ms");
  if (!settings.watchdog) env.set("task.hang.timeout", "0");
  if (settings.scraped) env.set("rest.port", "0");
  switch (settings.which) {
    case work::keyed_count:
      build_keyed_count(env, settings, into);
      break;
    case work::stateless:
      build_stateless(env, settings, into);
      break;
    case work::word_count:
      build_word_count(env, settings, into);
      break;
  }
  const stopwatch watch;
  auto running = env.execute();
  if (!running) {
    result.failure = running.error().text();
    return result;
  }
  std::optional<metrics_scraper> scraper;
  if (settings.scraped) scraper.emplace(scratch.state_dir());
  const job_report report = running->wait();
  result.cost = watch.elapsed();
  if (scraper && scraper->answers() == 0) result.failure = "nobody answered /metrics";
  result.anon_bytes = process_memory().anon_bytes;
  if (report.state != job_state::finished)
    result.failure = report.failure ? report.failure->text() : "did not finish";
  // At parallelism 1 source and counter are two tasks on two threads, of which one waits for the other.
  result.threads = settings.parallelism == 1 ? 0 : settings.parallelism;
  result.found = into->total;
  return result;
}

}  // namespace weir::bench
