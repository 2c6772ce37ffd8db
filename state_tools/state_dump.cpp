// SPDX-License-Identifier: Apache-2.0
#include "state_tools/state_dump.hpp"

#include <set>
#include <utility>
#include <vector>

#include "dataflow/written_state.hpp"
#include "state_tools/checkpoint_text.hpp"
#include "state_tools/key_text.hpp"
#include "state_tools/position_fields.hpp"
#include "state_tools/quoted_text.hpp"
#include "state_tools/stored_entries.hpp"

namespace weir {
namespace {

std::string listed(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text.empty() ? "none" : text;
}

/// Calls use(task, operator, state) for what is asked for.
template <class Use>
void for_each_state(const manifest& in, const dump_request& request, Use use) {
  for (const task_snapshot& task : in.tasks) {
    for (const operator_snapshot& one : task.operators) {
      if (!request.operator_name.empty() && one.uid != request.operator_name) continue;
      for (const state_snapshot& state : one.states) {
        if (request.state.empty() || state.name == request.state) use(task, one, state);
      }
    }
  }
}

/// A name that the checkpoint does not have is a mistake that an empty answer would hide.
result<void> check_names(const manifest& in, const dump_request& request) {
  std::set<std::string> operators;
  std::set<std::string> states;
  for (const task_snapshot& task : in.tasks) {
    for (const operator_snapshot& one : task.operators) {
      operators.insert(one.uid);
      if (!request.operator_name.empty() && one.uid != request.operator_name) continue;
      for (const state_snapshot& state : one.states) states.insert(state.name);
    }
  }
  const std::string where = "checkpoint " + to_string(in.epoch) + " has no ";
  if (!request.operator_name.empty() && !operators.contains(request.operator_name)) {
    return error{error_code::invalid_argument, where + "operator '" + request.operator_name +
                                                   "'; its operators: " + listed(operators)};
  }
  if (!request.state.empty() && !states.contains(request.state)) {
    return error{
        error_code::invalid_argument,
        where + "state '" + request.state + "'" +
            (request.operator_name.empty() ? "" : " of operator '" + request.operator_name + "'") +
            "; its states: " + listed(states)};
  }
  return {};
}

class dumping {
 public:
  dumping(const stored_state& from, const dump_request& request, text_output& out)
      : store_(from.store()),
        request_(request),
        values_(request.style, request.value_bytes_max),
        out_(out) {}

  result<dump_result> run(const manifest& in) {
    if (request_.key) {
      if (auto readable = check_key(in); !readable) return readable.error();
    }
    comment("checkpoint " + to_string(in.epoch) + " of job " + in.job + ", " +
            std::string(to_string(in.kind)) + ", " + print_utc(in.created_unix_ms));
    for (const task_snapshot& task : in.tasks) {
      for (const operator_snapshot& one : task.operators) {
        if (!request_.operator_name.empty() && one.uid != request_.operator_name) continue;
        if (auto dumped = dump_operator(task, one); !dumped) return dumped.error();
      }
    }
    return done_;
  }

 private:
  bool json() const { return request_.style == value_style::json; }
  bool more() {
    if (out_.failed()) return false;
    if (request_.lines_max != 0 && done_.lines == request_.lines_max) {
      done_.cut = true;
      return false;
    }
    ++done_.lines;
    return true;
  }
  bool finished() const { return done_.cut || out_.failed(); }
  void comment(const std::string& text) {
    if (!json()) out_.print("# " + printable(text));
  }

  /// At least one of the keyed states can have such a key; else the first one's complaint.
  result<void> check_key(const manifest& in) {
    std::optional<error> complaint;
    bool readable = false;
    for_each_state(
        in, request_,
        [&](const task_snapshot&, const operator_snapshot&, const state_snapshot& state) {
          const auto type = entry_type_of(state);
          if (!type) return;
          const auto key = encode_key(type->key, *request_.key);
          readable = readable || key.has_value();
          if (!key && !complaint) complaint = key.error();
        });
    if (readable) return {};
    if (complaint) return *complaint;
    return error{error_code::invalid_argument,
                 "--key '" + *request_.key + "': there is no keyed state whose keys can be read"};
  }

  result<void> dump_operator(const task_snapshot& task, const operator_snapshot& one) {
    for (const state_snapshot& state : one.states) {
      if (finished()) return {};
      if (!request_.state.empty() && state.name != request_.state) continue;
      begin_lines(task, one, "state", state.name);
      if (auto dumped = dump_one(task, one, state); !dumped) {
        return error{dumped.error().code, "operator '" + one.uid + "', subtask " +
                                              std::to_string(task.subtask) + ", " +
                                              dumped.error().message};
      }
    }
    if (request_.state.empty() && !request_.key && !finished()) dump_positions(task, one);
    return {};
  }

  /// What every line of JSON of this state begins with.
  void begin_lines(const task_snapshot& task, const operator_snapshot& one, const char* what,
                   const std::string& name) {
    prefix_.clear();
    if (!json()) return;
    prefix_ = "{\"operator\":";
    values_.write_string(one.uid, prefix_);
    prefix_ += ",\"subtask\":" + std::to_string(task.subtask);
    if (what == nullptr) return;
    prefix_ += std::string(",\"") + what + "\":";
    values_.write_string(name, prefix_);
  }

  result<void> dump_one(const task_snapshot& task, const operator_snapshot& one,
                        const state_snapshot& state) {
    const bool list = !is_keyed(state);
    if (list && request_.key) return {};
    std::string head = "operator " + one.uid + ", subtask " + std::to_string(task.subtask) +
                       " of " + std::to_string(task.parallelism) + ", state " + state.name + ": " +
                       (list ? "list of " : "") + state.schema;
    if (state.chain_length > 1) {
      head += ", full image of checkpoint " + to_string(state.base) + " and " +
              std::to_string(state.chain_length - 1) +
              (state.chain_length == 2 ? " delta" : " deltas");
    }
    comment(head);
    return list ? dump_list(state) : dump_keyed(state);
  }

  result<void> dump_keyed(const state_snapshot& state) {
    const auto type = entry_type_of(state);
    if (!type) return request_.key ? result<void>() : dump_unknown(state);
    std::optional<byte_vector> wanted;
    if (request_.key) {
      auto key = encode_key(type->key, *request_.key);
      if (!key) return {};  // of another type than this state's; check_key() found one that fits
      wanted = std::move(*key);
    }
    bool well_formed = true;
    auto read = for_each_entry(store_, state, *type, [&](stored_bytes key, stored_bytes value) {
      if (wanted && !std::equal(key.begin(), key.end(), wanted->begin(), wanted->end()))
        return true;
      if (!more()) return false;
      std::string& line = out_.line();
      line += prefix_;
      if (json()) line += ",\"key\":";
      well_formed = values_.write(type->key, key, line) && well_formed;
      line += json() ? ",\"value\":" : "\t";
      well_formed = values_.write(type->value, value, line) && well_formed;
      if (json()) line += '}';
      out_.line_is_complete();
      return well_formed && !wanted;  // a key comes once
    });
    if (read && !well_formed) return malformed(state);
    return read;
  }

  result<void> dump_list(const state_snapshot& state) {
    const auto type = parse_schema(state.schema);
    if (!type || !value_writer::knows(*type)) return dump_unknown(state);
    bool well_formed = true;
    auto read = for_each_element(store_, state, *type, [&](stored_bytes element) {
      if (!more()) return false;
      std::string& line = out_.line();
      line += prefix_;
      if (json()) line += ",\"element\":";
      well_formed = values_.write(*type, element, line) && well_formed;
      if (json()) line += '}';
      out_.line_is_complete();
      return well_formed;
    });
    if (read && !well_formed) return malformed(state);
    return read;
  }

  static error malformed(const state_snapshot& state) {
    return {error_code::corrupt,
            "state '" + state.name + "' holds bytes that are no " + state.schema};
  }

  /// Entries of a type that only the application knows cannot be told apart: a line for each chunk.
  result<void> dump_unknown(const state_snapshot& state) {
    for (const chunk_ref& ref : state.chunks) {
      const auto piece = store_.read(ref);
      if (!piece) return piece.error();
      if (!more()) return {};
      std::string& line = out_.line();
      line += prefix_;
      if (json()) {
        line += ",\"schema\":";
        values_.write_string(state.schema, line);
        line += ",\"chunk\":\"" + std::string(to_string(ref.kind)) +
                "\",\"entries\":" + std::to_string(ref.entries) + ",\"bytes\":";
      } else {
        line += std::string(to_string(ref.kind)) + " " + std::to_string(ref.entries) + " of " +
                state.schema + "\t";
      }
      values_.write_hex(piece->bytes, line);
      if (json()) line += '}';
      out_.line_is_complete();
    }
    return {};
  }

  void dump_positions(const task_snapshot& task, const operator_snapshot& one) {
    const std::string where = "operator " + one.uid + ", subtask " + std::to_string(task.subtask) +
                              " of " + std::to_string(task.parallelism) + ", ";
    if (!one.splits.empty()) comment(where + std::to_string(one.splits.size()) + " splits");
    for (const source_split& split : one.splits) {
      begin_lines(task, one, "split", split.id);
      std::string name;
      values_.write_string(split.id, name);
      if (!write_fields("position", "split " + name, fields_of(split), split.position)) return;
    }
    if (!one.intents.empty()) {
      comment(where + std::to_string(one.intents.size()) + " prepared and not committed");
    }
    begin_lines(task, one, nullptr, "");
    for (const byte_vector& intent : one.intents) {
      if (!write_fields("intent", "intent", fields_of_intent(intent), intent)) return;
    }
  }

  bool write_fields(const char* json_name, const std::string& text_name,
                    const std::vector<stored_field>& fields, stored_bytes bytes) {
    if (!more()) return false;
    std::string& line = out_.line();
    line += json() ? prefix_ + ",\"" + json_name + "\":" : text_name + "\t";
    if (fields.empty()) {
      values_.write_hex(bytes, line);
    } else {
      append_fields(fields, line);
    }
    if (json()) line += '}';
    out_.line_is_complete();
    return true;
  }

  void append_fields(const std::vector<stored_field>& fields, std::string& line) {
    line += '{';
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i != 0) line += ',';
      line += json() ? "\"" + fields[i].name + "\":" : fields[i].name + ":";
      if (const auto* number = std::get_if<std::uint64_t>(&fields[i].value)) {
        line += std::to_string(*number);
      } else if (const auto* flag = std::get_if<bool>(&fields[i].value)) {
        line += *flag ? "true" : "false";
      } else {
        values_.write_string(std::get<std::string>(fields[i].value), line);
      }
    }
    line += '}';
  }

  const snapshot_store& store_;
  const dump_request& request_;
  value_writer values_;
  text_output& out_;
  std::string prefix_;
  dump_result done_;
};

}  // namespace

result<dump_result> dump_state(stored_state& from, const dump_request& request, text_output& out) {
  const auto chosen =
      request.checkpoint ? from.store().load(*request.checkpoint) : from.store().latest();
  if (!chosen) return from.explain(chosen.error());
  if (auto known = check_names(*chosen, request); !known) return known.error();
  std::vector<chunk_ref> chunks;
  for_each_state(*chosen, request,
                 [&](const task_snapshot&, const operator_snapshot&, const state_snapshot& state) {
                   chunks.insert(chunks.end(), state.chunks.begin(), state.chunks.end());
                 });
  if (auto held = from.hold(chunks, held_bytes_max); !held) return held.error();
  auto done = dumping(from, request, out).run(*chosen);
  if (!done) return from.explain(done.error());
  return done;
}

}  // namespace weir
