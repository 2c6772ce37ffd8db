// SPDX-License-Identifier: Apache-2.0
#include "program/state_check.hpp"

#include <nlohmann/json.hpp>

#include "dataflow/text_table.hpp"
#include "state_tools/checkpoint_text.hpp"
#include "weir/core/check.hpp"

namespace weir {
namespace {

using nlohmann::ordered_json;

std::string parallelism_text(std::uint32_t parallelism) {
  return parallelism == 0 ? "-" : "parallelism " + std::to_string(parallelism);
}

std::string fit_text(const fitted_operator& one) {
  if (one.is_missing()) {
    return one.holds_something() ? "missing in the program" : "missing, but it held nothing";
  }
  if (one.is_new()) return one.states.empty() ? "keeps nothing" : "new";
  if (one.written_parallelism != one.parallelism) return "same, shared out anew";
  return "same";
}

std::string fit_text(const fitted_state& state) {
  return std::string(to_string(state.fit)) + (state.message.empty() ? "" : ": " + state.message);
}

void add_rows(text_table& table, const fitted_operator& one) {
  table.add({one.name, "", parallelism_text(one.written_parallelism),
             parallelism_text(one.parallelism), fit_text(one)});
  for (const fitted_state& state : one.states) {
    table.add({"", state.name, state.written.empty() ? "-" : state.written,
               state.current.empty() ? "-" : state.current, fit_text(state)});
  }
  if (one.splits != 0) table.add({"", "(positions)", std::to_string(one.splits)});
  if (one.intents != 0) table.add({"", "(prepared output)", std::to_string(one.intents)});
}

std::string verdict_of(const state_check& found) {
  if (found.refusal) return "Refused: " + found.refusal->text();
  if (!found.checkpoint) return "There is no checkpoint: the job would begin anew";
  return "Fits: the job would go on from checkpoint " + to_string(found.checkpoint->epoch);
}

ordered_json json_of(const fitted_operator& one) {
  ordered_json made = {{"operator", one.name},
                       {"checkpoint_parallelism", one.written_parallelism},
                       {"program_parallelism", one.parallelism},
                       {"fit", fit_text(one)},
                       {"positions", one.splits},
                       {"prepared_output", one.intents},
                       {"states", ordered_json::array()}};
  for (const fitted_state& state : one.states) {
    made["states"].push_back({{"state", state.name},
                              {"fit", to_string(state.fit)},
                              {"checkpoint_schema", state.written},
                              {"program_schema", state.current},
                              {"message", state.message}});
  }
  return made;
}

}  // namespace

state_check check_state(stored_state& from, const plan& physical, const start_request& request) {
  WEIR_CHECK(!request.fresh);
  state_check found;
  found.job = request.job;
  found.directory = from.directory().string();
  if (from.job() != request.job) {
    found.refusal = error{error_code::incompatible, "snapshots belong to job \"" + from.job() +
                                                        "\", this is \"" + request.job + "\""};
    return found;
  }
  // Without a checkpoint a start would write the first one.
  if (from.store().checkpoints().empty() && !request.from) return found;
  auto chosen = choose_start(from.store(), physical, request, {}, {}, {});
  if (!chosen) found.refusal = from.explain(chosen.error());
  auto looked_at = chosen         ? chosen
                   : request.from ? from.store().load(*request.from)
                                  : from.store().latest();
  if (!looked_at) return found;
  found.fit = fit_of(*looked_at, physical);
  found.checkpoint = std::move(*looked_at);
  return found;
}

std::string text_of(const state_check& found) {
  std::string text = "Job " + found.job + ", " + found.directory + "\n";
  if (found.checkpoint) {
    const manifest& of = *found.checkpoint;
    text += "Checkpoint " + to_string(of.epoch) + ", " + std::string(to_string(of.kind)) + ", " +
            print_utc(of.created_unix_ms) + "\n\n";
    text_table table;
    table.add({"operator", "state", "in the checkpoint", "in the program", "fit"});
    for (const fitted_operator& one : found.fit.operators) add_rows(table, one);
    text += table.text() + "\n";
  }
  return text + verdict_of(found) + "\n";
}

std::string json_of(const state_check& found) {
  ordered_json made = {{"job", found.job},
                       {"directory", found.directory},
                       {"checkpoint", nullptr},
                       {"fits", !found.refusal.has_value()},
                       {"refusal", found.refusal ? found.refusal->text() : ""},
                       {"operators", ordered_json::array()}};
  if (found.checkpoint) made["checkpoint"] = found.checkpoint->epoch.value;
  for (const fitted_operator& one : found.fit.operators) made["operators"].push_back(json_of(one));
  return made.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weir
