// SPDX-License-Identifier: Apache-2.0
#include "dataflow/fault_plan.hpp"

#include <charconv>
#include <utility>

#include "common/duration.hpp"
#include "common/quantity.hpp"
#include "common/words.hpp"

namespace weir {
namespace {

template <class T>
struct named {
  std::string_view name;
  T value;
};

constexpr named<fault_kind> kinds[] = {{"throw", fault_kind::throw_exception},
                                       {"kill", fault_kind::kill_actor},
                                       {"hang", fault_kind::hang},
                                       {"slow", fault_kind::slow},
                                       {"abort", fault_kind::abort_process},
                                       {"kill9", fault_kind::kill_process},
                                       {"write_error", fault_kind::write_error},
                                       {"disk_full", fault_kind::disk_full},
                                       {"torn_write", fault_kind::torn_write},
                                       {"lost_write", fault_kind::lost_write}};
constexpr named<fault_disk> disks[] = {{"store", fault_disk::store},
                                       {"journal", fault_disk::journal}};
constexpr named<fault_phase> phases[] = {{"aligning", fault_phase::aligning},
                                         {"draining", fault_phase::draining},
                                         {"writing", fault_phase::writing},
                                         {"manifest", fault_phase::manifest},
                                         {"committing", fault_phase::committing}};

template <class T, std::size_t n>
std::optional<T> find(const named<T> (&all)[n], std::string_view name) {
  for (const auto& one : all) {
    if (one.name == name) return one.value;
  }
  return {};
}

/// What is wrong with a fault: empty, or what was expected instead.
using expectation = std::string;

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

expectation count_into(std::uint64_t& into, std::string_view value) {
  const auto read = number<std::uint64_t>(value);
  if (!read || *read == 0) return "expected a number of at least 1";
  into = *read;
  return {};
}

expectation set_task(fault_spec& fault, std::string_view value) {
  if (value.empty()) return "expected operator/subtask, or * for any";
  fault.task = value;
  return {};
}

expectation set_record(fault_spec& fault, std::string_view value) {
  return count_into(fault.record.emplace(), value);
}

expectation set_epoch(fault_spec& fault, std::string_view value) {
  std::uint64_t epoch = 0;
  auto wrong = count_into(epoch, value);
  fault.epoch = epoch_id{epoch};
  return wrong;
}

expectation set_phase(fault_spec& fault, std::string_view value) {
  fault.phase = find(phases, value);
  return fault.phase ? "" : "expected aligning, draining, writing, manifest or committing";
}

expectation set_disk(fault_spec& fault, std::string_view value) {
  fault.disk = find(disks, value);
  return fault.disk ? "" : "expected store or journal";
}

expectation set_write(fault_spec& fault, std::string_view value) {
  return count_into(fault.write.emplace(), value);
}

expectation set_duration(fault_spec& fault, std::string_view value) {
  const auto read = parse_duration(value);
  if (!read || *read <= read->zero() || *read > fault_duration_max)
    return "expected a duration of more than 0 and at most 1h, without a space, such as 20ms";
  fault.duration = *read;
  return {};
}

expectation set_times(fault_spec& fault, std::string_view value) {
  return count_into(fault.times, value);
}

expectation set_chance(fault_spec& fault, std::string_view value) {
  fault.chance = number<double>(value);
  const bool fits = fault.chance && *fault.chance > 0 && *fault.chance <= 1;
  return fits ? "" : "expected a number above 0 and at most 1";
}

constexpr named<expectation (*)(fault_spec&, std::string_view)> selectors[] = {
    {"task", set_task},    {"disk", set_disk},   {"record", set_record},
    {"write", set_write},  {"epoch", set_epoch}, {"phase", set_phase},
    {"for", set_duration}, {"times", set_times}, {"chance", set_chance}};

expectation check_disk(const fault_spec& fault) {
  if (fault.record) return "expected write= instead of record= with disk=";
  if (fault.write && fault.of_epoch()) return "expected write=, or epoch= and phase=, not both";
  if (*fault.disk == fault_disk::journal) {
    return fault.of_epoch() ? "expected write= with disk=journal, whose writes are of no epoch"
                            : "";
  }
  if (fault.task != "*") return "expected no task= with disk=store, which all tasks share";
  const auto phase = fault.phase.value_or(fault_phase::writing);
  const bool written = phase == fault_phase::writing || phase == fault_phase::manifest;
  return written ? "" : "expected phase=writing or phase=manifest with disk=store";
}

/// The store's thread is no task: it can be held up, and end the process, but not fail as one.
expectation check_manifest(const fault_spec& fault) {
  const bool of_task = fault.kind == fault_kind::throw_exception ||
                       fault.kind == fault_kind::kill_actor || fault.task != "*";
  return of_task ? "expected slow, hang, abort or kill9, and no task=, with phase=manifest" : "";
}

expectation check(const fault_spec& fault) {
  const bool slow = fault.kind == fault_kind::slow;
  if (slow != (fault.duration.count() != 0))
    return slow ? "expected for=, such as for=20ms" : "expected for= with slow only";
  if (is_of_disk(fault.kind) != fault.disk.has_value()) {
    return fault.disk ? "expected disk= with write_error, disk_full, torn_write or lost_write only"
                      : "expected disk=store or disk=journal";
  }
  if (fault.disk) return check_disk(fault);
  if (fault.write) return "expected write= with disk= only";
  if (fault.record && fault.of_epoch()) return "expected record=, or epoch= and phase=, not both";
  if (fault.phase == fault_phase::manifest) {
    if (auto wrong = check_manifest(fault); !wrong.empty()) return wrong;
  }
  return {};
}

/// Where in the text, and what was expected there.
struct mistake {
  std::string_view at;
  expectation expected;
};

std::optional<mistake> read_fault(fault_spec& fault, std::string_view text) {
  const auto words = detail::words(text);
  const auto kind = find(kinds, words.front());
  if (!kind)
    return mistake{words.front(),
                   "expected throw, kill, hang, slow, abort, kill9, write_error, disk_full, "
                   "torn_write or lost_write"};
  fault.kind = *kind;
  fault.text = text;
  bool has_times = false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto word = words[i];
    const auto equals = word.find('=');
    const auto key = word.substr(0, equals);
    const auto set = find(selectors, key);
    if (equals == word.npos || !set)
      return mistake{word,
                     "expected task=, disk=, record=, write=, epoch=, phase=, for=, times= or "
                     "chance="};
    for (std::size_t before = 1; before < i; ++before) {
      if (words[before].substr(0, equals + 1) == word.substr(0, equals + 1))
        return mistake{word, "expected each selector once"};
    }
    if (auto wrong = (*set)(fault, word.substr(equals + 1)); !wrong.empty())
      return mistake{word, std::move(wrong)};
    has_times = has_times || key == "times";
  }
  if (fault.chance && !has_times) fault.times = 0;
  if (auto wrong = check(fault); !wrong.empty()) return mistake{text, std::move(wrong)};
  return {};
}

error refusal(std::string_view where, std::string_view text, const mistake& what) {
  return {error_code::invalid_argument, std::string(where) + "at byte " +
                                            std::to_string(what.at.data() - text.data()) + ": \"" +
                                            std::string(what.at) + "\": " + what.expected};
}

}  // namespace

result<fault_spec> parse_fault(std::string_view text) {
  const auto one = detail::trimmed(text);
  if (one.empty()) {
    return error{error_code::invalid_argument,
                 "fault: expected one, such as: throw task=count/1 record=1000"};
  }
  fault_spec fault;
  if (auto wrong = read_fault(fault, one)) return refusal("fault: ", text, *wrong);
  return fault;
}

result<fault_plan> parse_fault_plan(std::string_view text) {
  const auto refused = [text](const mistake& what) { return refusal("", text, what); };
  fault_plan plan;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(';', at), text.size());
    const auto one = detail::trimmed(text.substr(at, end - at));
    at = end + 1;
    if (one.empty()) continue;
    if (plan.size() == planned_faults_max) {
      return refused({one, "expected at most " + std::to_string(planned_faults_max) + " faults"});
    }
    if (auto wrong = read_fault(plan.emplace_back(), one)) return refused(*wrong);
  }
  return plan;
}

}  // namespace weir
