// SPDX-License-Identifier: Apache-2.0
#include "coordinator/starting_point.hpp"

#include <vector>

#include "common/log.hpp"
#include "dataflow/restore_fit.hpp"
#include "weir/core/hash.hpp"

namespace weir {
namespace {

std::string joined(const std::vector<std::string>& lines, const char* separator) {
  std::string text;
  for (const auto& line : lines) text += (text.empty() ? "" : separator) + line;
  return text;
}

std::vector<std::string> sinks_that_may_repeat(const plan& physical) {
  std::vector<std::string> names;
  for (const auto& node : physical.logical->nodes) {
    if (node.kind == node_kind::sink && !node.recognises_epochs)
      names.push_back("'" + node.name + "'");
  }
  return names;
}

/// P18: going back behind what was released repeats output in sinks that cannot recognise it.
result<void> require_no_repeats(const plan& physical, const start_request& request, epoch_id chosen,
                                epoch_id released) {
  const auto sinks = sinks_that_may_repeat(physical);
  if (request.allow_duplicates || sinks.empty() || chosen >= released) return {};
  return error{error_code::incompatible,
               "checkpoint " + to_string(chosen) + " is older than checkpoint " +
                   to_string(released) +
                   ", whose output may have been released already; the sinks " +
                   joined(sinks, ", ") + " would repeat it. Allow that with --allow-duplicates"};
}

result<manifest> initial_checkpoint(snapshot_store& store, const plan& physical,
                                    const start_request& request, fence_id fence,
                                    attempt_id attempt, epoch_id epoch) {
  manifest initial;
  initial.epoch = epoch;
  initial.attempt = attempt;
  initial.fence = fence;
  initial.kind = checkpoint_kind::initial;
  initial.job = request.job;
  initial.graph_fingerprint = physical.fingerprint;
  initial.key_hash_version = key_hash_version;
  if (auto written = store.complete(initial); !written) return written.error();
  return initial;
}

/// A manifest whose chunks can all be read: what is damaged is found before anything runs, while there is a choice.
result<manifest> sound(const snapshot_store& store, result<manifest> read) {
  if (!read) return read;
  if (auto verified = store.verify(*read); !verified) return verified.error();
  return read;
}

/// The newest checkpoint is damaged: perhaps an older one will do.
result<manifest> fall_back(snapshot_store& store, const plan& physical,
                           const start_request& request, const error& why) {
  std::vector<error> damaged;
  auto older = store.newest_valid(damaged);
  if (!older) return why;
  if (auto allowed = require_no_repeats(physical, request, older->epoch, store.released_up_to());
      !allowed) {
    return error{error_code::corrupt, why.message + "; " + allowed.error().message};
  }
  logger(log_layer::coordinator, {.job = request.job, .checkpoint = older->epoch})
      .warn("the newest checkpoint is damaged (" + why.message + "): going back to an older one");
  return older;
}

}  // namespace

result<manifest> choose_start(snapshot_store& store, const plan& physical,
                              const start_request& request, fence_id fence, attempt_id attempt,
                              epoch_id next_epoch) {
  if (request.from && request.fresh) {
    return error{error_code::invalid_argument, "--fresh and --from exclude each other"};
  }
  const bool empty = store.checkpoints().empty();
  if (request.from && empty) {
    return error{error_code::not_found, "there is no checkpoint " + to_string(*request.from)};
  }
  if (request.fresh || empty) {
    return initial_checkpoint(store, physical, request, fence, attempt,
                              empty ? epoch_id{0} : next_epoch);
  }
  auto chosen = sound(store, request.from ? store.load(*request.from) : store.latest());
  if (!chosen && !request.from && chosen.error().code == error_code::corrupt) {
    chosen = fall_back(store, physical, request, chosen.error());
  } else if (chosen && request.from) {
    auto allowed = require_no_repeats(physical, request, chosen->epoch, store.released_up_to());
    if (!allowed) return allowed.error();
  }
  if (!chosen) return chosen.error();
  if (const auto lines = misfits(*chosen, physical); !lines.empty()) {
    return error{error_code::incompatible, "this program does not fit checkpoint " +
                                               to_string(chosen->epoch) + ":\n  " +
                                               joined(lines, "\n  ")};
  }
  return chosen;
}

}  // namespace weir
