// SPDX-License-Identifier: Apache-2.0
#include "bench/comparison.hpp"

#include <algorithm>
#include <string_view>

namespace weir::bench {

namespace {

constexpr std::string_view reference_name = "hand";
constexpr std::string_view main_name = "weir";
constexpr std::string_view plain_name = "weir_plain";
constexpr std::string_view unwatched_name = "weir_unwatched";
constexpr std::string_view unscraped_name = "weir_unscraped";

std::uint64_t keys_of(const work_settings& settings) {
  return settings.which == work::keyed_count ? settings.keys : 0;
}

}  // namespace

comparison_outcome comparison::run() {
  round warm_up;
  if (!run_round(warm_up)) return comparison_outcome::failed;
  all_sums_ok_ = sum_ok(warm_up);
  std::vector<round> counted;
  std::vector<round> voids;
  while (counted.size() < options_.rounds) {
    round next;
    if (!run_round(next)) return comparison_outcome::failed;
    all_sums_ok_ = all_sums_ok_ && sum_ok(next);
    print_round(next);
    (next.is_void ? voids : counted).push_back(std::move(next));
    if (voids.size() > options_.voids_max) break;
  }
  voided_ = static_cast<unsigned>(voids.size());
  print_summary(counted.empty() ? voids : counted);
  return all_sums_ok_ ? comparison_outcome::correct : comparison_outcome::wrong_sum;
}

bool comparison::run_round(round& out) const {
  for (const entrant& each : entrants_) {
    run_result result = each.runs->run(each.settings);
    if (!result.failure.empty()) {
      json_line line = begin_line("failure");
      print_(line.field("contender", each.name).field("failure", result.failure).text());
      return false;
    }
    out.is_void = out.is_void || starved(result);
    out.results.push_back(std::move(result));
  }
  return true;
}

bool comparison::starved(const run_result& result) const {
  return result.threads > 0 && result.cost.cpu_share(result.threads) < options_.cpu_share_min;
}

bool comparison::sum_ok(const round& judged) const {
  return std::all_of(judged.results.begin(), judged.results.end(),
                     [this](const run_result& each) { return each.found == subject_.expected; });
}

double comparison::rate(const run_result& result) const {
  return static_cast<double>(subject_.records) / result.cost.wall_s / 1e6;
}

json_line comparison::begin_line(const char* kind) const {
  json_line line;
  line.field("line", kind)
      .field("work", to_string(subject_.settings.which))
      .field("keys", keys_of(subject_.settings))
      .field("parallelism", subject_.settings.parallelism)
      .field("records", subject_.records);
  if (subject_.settings.which == work::word_count) {
    line.field("hand", to_string(subject_.settings.words));
  }
  return line;
}

void comparison::print_round(const round& printed) const {
  json_line line = begin_line("round");
  std::vector<double> rates;
  for (std::size_t i = 0; i < entrants_.size(); ++i) {
    const run_result& result = printed.results[i];
    rates.push_back(rate(result));
    line.field(entrants_[i].name + "_mrec_s", rates.back());
    line.field(entrants_[i].name + "_cpu_s", result.cost.cpu_s);
    if (result.threads == 0) continue;
    line.field(entrants_[i].name + "_cpu_share", result.cost.cpu_share(result.threads));
  }
  add_ratios(line, rates);
  print_(line.field("sum_ok", sum_ok(printed)).field("void", printed.is_void).text());
}

void comparison::print_summary(const std::vector<round>& rounds) const {
  json_line line = begin_line("summary");
  std::vector<double> medians;
  for (std::size_t i = 0; i < entrants_.size(); ++i) {
    std::vector<double> rates;
    for (const round& each : rounds) rates.push_back(rate(each.results[i]));
    medians.push_back(spread_of(rates).median);
    summarise(line, i, rounds);
  }
  add_ratios(line, medians);
  line.field("sum_ok", all_sums_ok_)
      .field("rounds", rounds.size())
      .field("voided", voided_)
      .field("void", rounds.front().is_void)
      .field("checkpoint_interval_ms",
             static_cast<std::uint64_t>(subject_.settings.checkpoint_interval.count()));
  print_(line.text());
}

void comparison::summarise(json_line& line, std::size_t entrant_index,
                           const std::vector<round>& rounds) const {
  std::vector<double> rates;
  std::vector<double> cpu_seconds;
  std::vector<double> shares;
  std::vector<double> setups;
  std::uint64_t anon_bytes = 0;
  for (const round& each : rounds) {
    const run_result& result = each.results[entrant_index];
    rates.push_back(rate(result));
    cpu_seconds.push_back(result.cost.cpu_s);
    if (result.threads > 0) shares.push_back(result.cost.cpu_share(result.threads));
    setups.push_back(result.setup_s);
    anon_bytes = std::max(anon_bytes, result.anon_bytes);
  }
  const std::string& name = entrants_[entrant_index].name;
  const spread rate_spread = spread_of(rates);
  line.field(name + "_mrec_s", rate_spread.median)
      .field(name + "_min", rate_spread.min)
      .field(name + "_max", rate_spread.max)
      .field(name + "_cpu_s", spread_of(cpu_seconds).median);
  if (!shares.empty()) line.field(name + "_cpu_share", spread_of(shares).median);
  line.field(name + "_setup_s", spread_of(setups).median).field(name + "_anon_bytes", anon_bytes);
}

void comparison::add_ratios(json_line& line, const std::vector<double>& rates) const {
  const auto rate_of = [&](std::string_view name) {
    const auto at = std::find_if(entrants_.begin(), entrants_.end(),
                                 [name](const entrant& each) { return each.name == name; });
    return at == entrants_.end() ? 0.0 : rates[static_cast<std::size_t>(at - entrants_.begin())];
  };
  const double main_rate = rate_of(main_name);
  if (main_rate > 0 && rate_of(reference_name) > 0) {
    line.field("ratio", main_rate / rate_of(reference_name));
  }
  if (main_rate > 0 && rate_of(plain_name) > 0) {
    line.field("checkpoint_ratio", main_rate / rate_of(plain_name));
  }
  if (main_rate > 0 && rate_of(unwatched_name) > 0) {
    line.field("watchdog_ratio", main_rate / rate_of(unwatched_name));
  }
  if (main_rate > 0 && rate_of(unscraped_name) > 0) {
    line.field("scraped_ratio", main_rate / rate_of(unscraped_name));
  }
}

}  // namespace weir::bench
