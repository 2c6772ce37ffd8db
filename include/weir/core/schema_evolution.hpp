// SPDX-License-Identifier: Apache-2.0
// compare() says whether bytes written with one schema can be read by a program with another one,
// and evolved_decoder<T> reads them. Records may gain fields, anywhere inside a type, and their
// fields may change order: fields are matched by name, and a new one keeps the value of a
// default-constructed record. Everything else is incompatible.
//
// A field that is gone is refused too, because a renamed field looks just like one removed and one
// added, and would lose its values silently; who means it says removed_fields::dropped, and the old
// values are skipped. This is not for keys: their schema must not change (key_hash.hpp).
//
// Owner:      values; evolved_decoder is immutable, so several threads may use one.
// Invariants: decode of an incompatible decoder is false for all bytes; no bytes and no schema
//             text can crash it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/core/codec.hpp"
#include "weir/core/schema.hpp"
#include "weir/core/schema_skip.hpp"

namespace weir {

enum class schema_change : std::uint8_t {
  same,          ///< the bytes are the same: codec<T> reads them
  evolvable,     ///< evolved_decoder<T> reads them
  incompatible,  ///< nothing reads them
};

/// What to do about fields that were written and that the current type no longer has.
enum class removed_fields : std::uint8_t { refused, dropped };

struct compatibility {
  schema_change change = schema_change::same;
  /// Every difference, separated by "; ": "field 'count' was i64, is now string". Only those that
  /// matter if incompatible.
  std::string message;
};

namespace detail {

/// How to read one written type as the current one; mirrors the tree of the written schema.
struct evolution_plan {
  static constexpr std::size_t dropped = SIZE_MAX;

  bool same = true;  ///< same bytes: the codec reads them
  std::vector<std::size_t>
      fields;  ///< of a record: for each written field its current index, or dropped
  std::vector<evolution_plan> parts;
};

/// Compares two schema trees and makes the plan; collects the differences.
class schema_matcher {
 public:
  explicit schema_matcher(removed_fields removed) : removed_(removed) {}

  evolution_plan match(const schema_node& written, const schema_node& current,
                       const std::string& path) {
    evolution_plan plan;
    if (!same_form(written, current)) {
      refuse(path, "was " + to_text(written) + ", is now " + to_text(current));
    } else if (written.is_record()) {
      match_fields(written, current, path, plan);
    } else {
      for (std::size_t i = 0; i < written.parts.size(); ++i) {
        plan.parts.push_back(
            match(written.parts[i], current.parts[i], path + part_mark(written, i)));
        plan.same = plan.same && plan.parts.back().same;
      }
    }
    return plan;
  }
  compatibility outcome(const evolution_plan& plan) const {
    if (!problems_.empty()) return {schema_change::incompatible, problems_};
    if (plan.same) return {};
    return {schema_change::evolvable, notes_};
  }

 private:
  static bool same_form(const schema_node& written, const schema_node& current) {
    if (written.name != current.name) return false;
    if (written.is_record()) return true;
    if (written.parts.size() != current.parts.size()) return false;
    const bool literal = written.name == "array" || written.name == "duration";
    return !literal || written.parts.empty() ||
           to_text(written.parts.back()) == to_text(current.parts.back());
  }
  static std::string part_mark(const schema_node& node, std::size_t index) {
    if (node.name == "map") return index == 0 ? "[key]" : "[value]";
    if (node.parts.size() == 1 || node.name == "array") return "[]";
    return "[" + std::to_string(index) + "]";
  }
  void match_fields(const schema_node& written, const schema_node& current, const std::string& path,
                    evolution_plan& plan) {
    const std::string prefix = path.empty() ? "" : path + ".";
    for (std::size_t i = 0; i < written.parts.size(); ++i) {
      const std::string field = prefix + written.fields[i];
      const std::size_t target = index_of(current, written.fields[i]);
      plan.fields.push_back(target);
      if (target == evolution_plan::dropped) {
        plan.parts.emplace_back();
        drop(field, written.parts[i]);
      } else {
        plan.parts.push_back(match(written.parts[i], current.parts[target], field));
      }
      plan.same = plan.same && target == i && plan.parts.back().same;
    }
    plan.same = plan.same && written.parts.size() == current.parts.size();
    for (const std::string& name : current.fields) {
      if (index_of(written, name) == evolution_plan::dropped)
        append(notes_, prefix + name, "added");
    }
  }
  static std::size_t index_of(const schema_node& node, const std::string& field) {
    const auto found = std::find(node.fields.begin(), node.fields.end(), field);
    return found == node.fields.end() ? evolution_plan::dropped
                                      : static_cast<std::size_t>(found - node.fields.begin());
  }
  void drop(const std::string& field, const schema_node& type) {
    if (removed_ == removed_fields::refused) {
      refuse(field, "was " + to_text(type) + ", is gone");
    } else if (!can_skip(type)) {
      refuse(field, "is gone, and bytes of " + to_text(type) + " cannot be skipped");
    } else {
      append(notes_, field, "dropped");
    }
  }
  void refuse(const std::string& path, const std::string& what) { append(problems_, path, what); }
  static void append(std::string& list, const std::string& path, const std::string& what) {
    if (!list.empty()) list += "; ";
    list += path.empty() ? "the type " : "field '" + path + "' ";
    list += what;
  }

  removed_fields removed_;
  std::string problems_;
  std::string notes_;
};

struct evolution {
  schema_node written;
  evolution_plan plan;
  compatibility outcome;
};

inline evolution plan_evolution(std::string_view written, std::string_view current,
                                removed_fields removed) {
  if (written == current) return {};
  result<schema_node> from = parse_schema(written);
  result<schema_node> to = parse_schema(current);
  if (!from) return {{}, {}, {schema_change::incompatible, "written " + from.error().message}};
  if (!to) return {{}, {}, {schema_change::incompatible, "current " + to.error().message}};
  schema_matcher matcher(removed);
  evolution_plan plan = matcher.match(*from, *to, "");
  compatibility outcome = matcher.outcome(plan);
  return {std::move(from).value(), std::move(plan), std::move(outcome)};
}

}  // namespace detail

/// Whether bytes written with one schema can be read with another; a malformed schema is
/// incompatible.
inline compatibility compare(std::string_view written, std::string_view current,
                             removed_fields removed = removed_fields::refused) {
  return detail::plan_evolution(written, current, removed).outcome;
}

/// The schema of a keyed state's values, of "map<key,value>"; empty when it is no such text.
inline std::string value_schema_of(std::string_view keyed_schema) {
  const result<schema_node> tree = parse_schema(keyed_schema);
  if (!tree || tree->name != "map" || tree->parts.size() != 2) return {};
  return to_text(tree->parts[1]);
}

/// compare() for keyed states, "map<key,value>": values may evolve, keys may not, because their hashes place them.
inline compatibility compare_keyed(std::string_view written, std::string_view current) {
  compatibility found = compare(written, current);
  if (found.change != schema_change::evolvable) return found;
  const result<schema_node> from = parse_schema(written);
  const result<schema_node> to = parse_schema(current);
  if (!from || !to || from->name != "map" || from->parts.size() != 2) return found;
  const compatibility keys = compare(to_text(from->parts[0]), to_text(to->parts[0]));
  if (keys.change == schema_change::same) return found;
  return {schema_change::incompatible, "the key must stay as it is: " + keys.message};
}

/// Decodes bytes of an older schema of T. As fast as codec<T> where the schemas agree.
template <encodable T>
class evolved_decoder {
 public:
  explicit evolved_decoder(std::string_view written_schema,
                           removed_fields removed = removed_fields::refused)
      : evolution_(detail::plan_evolution(written_schema, codec<T>::schema(), removed)) {}

  const compatibility& outcome() const { return evolution_.outcome; }

  /// As codec<T>::decode: value is default-constructed; false = malformed, or the schemas are
  /// incompatible.
  bool decode(byte_reader& in, T& value) const {
    if (evolution_.outcome.change == schema_change::incompatible) return false;
    return read(evolution_.written, evolution_.plan, in, value);
  }

 private:
  template <class Part>
  static bool read(const schema_node& written, const detail::evolution_plan& plan, byte_reader& in,
                   Part& value) {
    if (plan.same) return codec<Part>::decode(in, value);
    if constexpr (record<Part>) {
      return read_record(written, plan, in, value);
    } else {
      const auto part = [&]<std::size_t I, class Inner>(std::integral_constant<std::size_t, I>,
                                                        byte_reader& bytes, Inner& inner) {
        return read(written.parts[I], plan.parts[I], bytes, inner);
      };
      if constexpr (requires { codec<Part>::decode_with(in, value, part); }) {
        return codec<Part>::decode_with(in, value, part);
      } else {
        return false;  // a leaf: its schemas are the same or incompatible
      }
    }
  }

  template <class Record>
  static bool read_record(const schema_node& written, const detail::evolution_plan& plan,
                          byte_reader& in, Record& value) {
    if (written.parts.empty()) return in.scalar<std::uint8_t>() == 0 && !in.failed();
    for (std::size_t i = 0; i < written.parts.size(); ++i) {
      const schema_node& type = written.parts[i];
      const bool ok = plan.fields[i] == detail::evolution_plan::dropped
                          ? detail::skip(type, in)
                          : read_field(plan.fields[i], type, plan.parts[i], in, value);
      if (!ok) return false;
    }
    return true;
  }

  template <class Record>
  static bool read_field(std::size_t index, const schema_node& written,
                         const detail::evolution_plan& plan, byte_reader& in, Record& value) {
    return shape_of<Record>.apply(value, [&](auto&... fields) {
      std::size_t at = 0;
      return ((at++ == index && read(written, plan, in, fields)) || ...);
    });
  }

  detail::evolution evolution_;
};

}  // namespace weir
