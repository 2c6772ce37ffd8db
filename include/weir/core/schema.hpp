// SPDX-License-Identifier: Apache-2.0
// schema_node is a codec's schema text as a tree. The text:
//
//   type   = name | name "<" [ type { "," type } ] ">" | "record " name "{" [ field { "," field } ]
//   "}" field  = name ":" type name   = one or more characters other than < > { } ,        (a
//   field's name: other than : as well)
//
// for example "record word_count{word:string,count:i64}" or "map<string,list<array<u8,4>>>". The
// schema of a codec written by an application is a name of its own choice.
//
// Owner:      a value.
// Invariants: (1) any text gives a tree or an error, never a crash: length and depth are bounded;
//             (2) a record has as many field names as parts, and they differ; (3) to_text gives
//             back the text that a codec wrote.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/core/result.hpp"

namespace weir {

/// Longest schema text that is read back: a record of 32 fields, nested three times, stays below.
inline constexpr std::size_t schema_bytes_max = 1024 * 1024;
/// Deepest nesting of a schema that is read back; bounds the recursion of everything that walks the
/// tree.
inline constexpr int schema_depth_max = 64;
/// Most fields of a record in a schema that is read back; above what WEIR_RECORD takes, so that it
/// may grow.
inline constexpr std::size_t schema_fields_max = 256;

struct schema_node {
  std::string name;         ///< "i64", "list", "record", or a number as in array<i64,4>
  std::string record_name;  ///< of a record only; not compared, so that a type may be renamed
  std::vector<std::string> fields;  ///< of a record only: the names of the parts
  std::vector<schema_node> parts;

  bool is_record() const { return name == "record"; }
};

inline std::string to_text(const schema_node& node) {
  if (!node.is_record() && node.parts.empty()) {
    return node.name == "tuple" ? "tuple<>" : node.name;
  }
  std::string text = node.is_record() ? "record " + node.record_name + "{" : node.name + "<";
  for (std::size_t i = 0; i < node.parts.size(); ++i) {
    if (i != 0) text += ',';
    if (node.is_record()) text.append(node.fields[i]) += ':';
    text += to_text(node.parts[i]);
  }
  return text += node.is_record() ? '}' : '>';
}

namespace detail {

/// Recursive descent over one schema text; the first error sticks.
class schema_parser {
 public:
  explicit schema_parser(std::string_view text) : text_(text) {}

  result<schema_node> parse() {
    if (text_.size() > schema_bytes_max) {
      return error{error_code::corrupt, "schema: longer than " + std::to_string(schema_bytes_max)};
    }
    schema_node root = type(0);
    if (problem_.empty() && at_ != text_.size()) fail("end of text");
    if (!problem_.empty()) return error{error_code::corrupt, std::move(problem_)};
    return root;
  }

 private:
  schema_node type(int depth) {
    static constexpr std::string_view record_mark = "record ";
    schema_node node;
    if (depth > schema_depth_max) {
      fail("at most " + std::to_string(schema_depth_max) + " levels");
      return node;
    }
    node.name = token("<>{},");
    if (node.name == "record" || node.name == record_mark) fail("the record's name");
    if (node.name.starts_with(record_mark) && accept('{')) {
      node.record_name = node.name.substr(record_mark.size());
      node.name = "record";
      list(node, '}', depth);
    } else if (accept('<')) {
      list(node, '>', depth);
    }
    return node;
  }
  void list(schema_node& node, char close, int depth) {
    const bool may_be_empty = node.is_record() || node.name == "tuple";
    if (may_be_empty && accept(close)) return;
    do {
      if (node.is_record()) field_name(node);
      node.parts.push_back(type(depth + 1));
    } while (problem_.empty() && accept(','));
    if (!accept(close)) fail(std::string(1, close));
  }
  void field_name(schema_node& node) {
    std::string name = token("<>{},:");
    if (!accept(':')) fail("':' after a field's name");
    if (std::find(node.fields.begin(), node.fields.end(), name) != node.fields.end()) {
      fail("another field than '" + name + "'");
    }
    if (node.fields.size() == schema_fields_max)
      fail("at most " + std::to_string(schema_fields_max) + " fields");
    node.fields.push_back(std::move(name));
  }
  std::string token(std::string_view delimiters) {
    const std::size_t end = std::min(text_.find_first_of(delimiters, at_), text_.size());
    if (end == at_) fail("a name");
    std::string name(text_.substr(at_, end - at_));
    at_ = end;
    return name;
  }
  bool accept(char wanted) {
    if (!problem_.empty() || at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void fail(const std::string& expected) {
    if (!problem_.empty()) return;
    problem_ = "schema: expected " + expected + " at offset " + std::to_string(at_) + " of '" +
               std::string(text_.substr(0, 200)) + "'";
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace detail

/// The tree of a schema text; error corrupt when it is not one.
inline result<schema_node> parse_schema(std::string_view text) {
  return detail::schema_parser(text).parse();
}

}  // namespace weir
