// SPDX-License-Identifier: Apache-2.0
#include "rest/metric_documents.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

namespace weir::rest {
namespace {

constexpr std::string_view aggregations[] = {"min", "max", "sum", "avg", "skew"};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (comma != 0) parts.push_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

const metric_value* find(const metric_values& in, std::string_view name) {
  for (const auto& value : in) {
    if (value.name == name) return &value;
  }
  return nullptr;
}

/// Flink's measure of imbalance: mean distance from the mean, in percent of the mean, at most 100.
double skew_of(const std::vector<double>& values, double mean) {
  if (mean == 0) return 0;
  double distance = 0;
  for (const double value : values) distance += std::abs(value - mean);
  return std::min(100.0, 100.0 * distance / static_cast<double>(values.size()) / std::abs(mean));
}

document aggregate(std::string_view name, const std::vector<double>& values,
                   const std::vector<std::string_view>& wanted) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const double mean = sum / static_cast<double>(values.size());
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double all[] = {*least, *most, sum, mean, skew_of(values, mean)};
  document made = {{"id", name}};
  for (std::size_t i = 0; i < std::size(aggregations); ++i) {
    const bool asked =
        wanted.empty() || std::find(wanted.begin(), wanted.end(), aggregations[i]) != wanted.end();
    if (asked) made[std::string(aggregations[i])] = all[i];
  }
  return made;
}

document names_of(const metric_values& of) {
  document made = document::array();
  for (const auto& value : of) made.push_back(document::object({{"id", value.name}}));
  return made;
}

error no_range(std::string_view text, std::string_view part, std::uint32_t parallelism) {
  return error{error_code::invalid_argument,
               "subtasks=" + std::string(text) + ": '" + std::string(part) +
                   "' is no subtask or range of subtasks; expected 0 to " +
                   std::to_string(parallelism - 1) + ", such as 1,3,5-9"};
}

}  // namespace

document metrics_document(const metric_values& of, const metric_query& query) {
  if (query.get.empty()) return names_of(of);
  document made = document::array();
  for (const auto name : split(query.get)) {
    if (const auto* value = find(of, name)) {
      made.push_back({{"id", value->name}, {"value", value->text}});
    }
  }
  return made;
}

result<document> aggregated_document(const std::vector<metric_values>& of,
                                     const metric_query& query) {
  const auto wanted = split(query.agg);
  for (const auto word : wanted) {
    if (std::find(std::begin(aggregations), std::end(aggregations), word) ==
        std::end(aggregations)) {
      return error{error_code::invalid_argument, "agg=" + query.agg + ": '" + std::string(word) +
                                                     "' is unknown; expected some of min, max, "
                                                     "sum, avg, skew"};
    }
  }
  if (of.empty()) return document::array();
  if (query.get.empty()) return names_of(of.front());
  document made = document::array();
  for (const auto name : split(query.get)) {
    std::vector<double> values;
    for (const auto& source : of) {
      if (const auto* value = find(source, name)) values.push_back(value->number);
    }
    if (!values.empty()) made.push_back(aggregate(name, values, wanted));
  }
  return made;
}

result<std::vector<std::uint32_t>> parse_subtasks(std::string_view text,
                                                  std::uint32_t parallelism) {
  std::vector<bool> chosen(parallelism, text.empty());
  for (const auto part : split(text)) {
    const auto dash = std::min(part.find('-'), part.size());
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    const auto read = [](std::string_view digits, std::uint32_t& into) {
      const auto [end, status] =
          std::from_chars(digits.data(), digits.data() + digits.size(), into);
      return status == std::errc() && end == digits.data() + digits.size();
    };
    if (!read(part.substr(0, dash), first)) return no_range(text, part, parallelism);
    last = first;
    if (dash != part.size() && !read(part.substr(dash + 1), last)) {
      return no_range(text, part, parallelism);
    }
    if (first > last || last >= parallelism) return no_range(text, part, parallelism);
    for (auto i = first; i <= last; ++i) chosen[i] = true;
  }
  std::vector<std::uint32_t> subtasks;
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    if (chosen[i]) subtasks.push_back(i);
  }
  return subtasks;
}

}  // namespace weir::rest
