// SPDX-License-Identifier: Apache-2.0
// What an operator does about a record that makes it fail again and again. Without a policy every failure counts for the
// job's restart strategy; with one, the record is found, counted and then dealt with (P19):
//
//   words.process<parse>("parse").on_poison(weir::poison::skip(3));
//   words.process<parse>("parse").on_poison(weir::poison::dead_letter("bad", weir::file_sink("bad"), 3));
//
// A record counts as the same when operator, key and encoded bytes are the same. Kills count across restarts of the
// process, and use up no attempt of the restart strategy. The records of an operator with a policy need a weir::codec.
//
// Owner:      values; the program gives them to stream::on_poison.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "weir/core/codec.hpp"
#include "weir/core/poison.hpp"
#include "weir/core/record.hpp"
#include "weir/core/text.hpp"

namespace weir {

/// A record that killed its operator, and how. Any sink takes it; in a file it is one line.
struct dead_letter {
  std::string operator_name;
  std::string identity;       ///< of the record, as messages show it
  std::string text;           ///< the record as text; empty when its type has no text form
  std::string key;            ///< codec bytes of the key; empty for an operator without keys
  std::string record;         ///< codec bytes of the record
  std::string schema;         ///< of these bytes
  std::string error;          ///< what was thrown when it killed for the last time
  std::int64_t time_ms = 0;   ///< when that was, milliseconds since 1970
  std::uint64_t attempt = 0;  ///< of the job, in which that was
  std::uint32_t kills = 0;

  /// The record again; nothing when T is not its type.
  template <class T>
  std::optional<T> as() const {
    if (schema != codec<T>::schema()) return std::nullopt;
    byte_reader in(std::as_bytes(std::span(record.data(), record.size())));
    T value{};
    if (!codec<T>::decode(in, value) || in.failed() || !in.at_end()) return std::nullopt;
    return value;
  }
};
WEIR_RECORD(dead_letter, operator_name, identity, text, key, record, schema, error, time_ms,
            attempt, kills)

/// Bytes as hexadecimal digits, so that a letter stays a line.
inline void to_line(std::string& out, const dead_letter& letter) {
  out += "operator=" + letter.operator_name + " identity=" + letter.identity +
         " kills=" + std::to_string(letter.kills) + " attempt=" + std::to_string(letter.attempt) +
         " time_ms=" + std::to_string(letter.time_ms) + " error=\"";
  append_text(out, letter.error);
  out += "\" record=\"";
  append_text(out, letter.text);
  out += "\" schema=" + letter.schema + " bytes=";
  for (const char one : letter.record) {
    const auto byte = static_cast<unsigned char>(one);
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
}

namespace poison {

struct fail_policy {
  std::uint32_t kills;
};
struct skip_policy {
  std::uint32_t kills;
};
template <class Sink>
struct dead_letter_policy {
  std::string name;
  Sink sink;
  std::uint32_t kills;
};

/// The job fails, and its message names operator and record, once a record has killed so often; kills 1..1000.
inline fail_policy fail(std::uint32_t kills = 1) {
  return {kills};
}
/// A record that has killed so often, kills 1..1000, is dropped.
inline skip_policy skip(std::uint32_t kills) {
  return {kills};
}
/// A record that has killed so often, kills 1..1000, becomes a weir::dead_letter in a sink of this name, exactly as often as
/// the sink shows any record.
template <class Sink>
dead_letter_policy<Sink> dead_letter(std::string name, Sink sink, std::uint32_t kills) {
  return {std::move(name), std::move(sink), kills};
}

}  // namespace poison
}  // namespace weir
