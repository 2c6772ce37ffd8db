// SPDX-License-Identifier: Apache-2.0
// json_shape compares a document with a shape as Flink's reference writes it, and with types.
//
//   {a, b: s, c: b, d: s?, e: n?}            a is a number, b a text, c true or false, d a text or null, e a number or null
//   {a, b[{c}], d{e, f}, g[..], <x>: n}      `[..]` any array, `{..}` any object, `<x>: n` a map to numbers
//   {a, +b: s, c: NAME}                      b is weir's own; NAME stands for the shape of that name
//
// Owner:      a test case.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir::rest {

class json_shape {
 public:
  using named_shapes = std::map<std::string, std::string>;

  json_shape(std::string_view text, const named_shapes& named) : text_(text), named_(named) {}

  /// What is different, a line each; empty when nothing is.
  std::vector<std::string> differences(const nlohmann::ordered_json& from) {
    compare(from, "");
    if (peek() != '\0') throw std::runtime_error("shape: unread: " + std::string(text_));
    return std::move(found_);
  }

 private:
  char peek() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) {
      text_.remove_prefix(1);
    }
    return text_.empty() ? '\0' : text_.front();
  }
  bool take(std::string_view token) {
    peek();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token)) {
      throw std::runtime_error("shape: expected " + std::string(token) + " at " +
                               std::string(text_));
    }
  }
  std::string word() {
    peek();
    const auto end = text_.find_first_of(" ,:{}[]\n");
    std::string made(text_.substr(0, end));
    text_.remove_prefix(made.size());
    return made;
  }

  /// A shape, at the place `path` of the document; `from` may be null or discarded to skip over a shape.
  void compare(const nlohmann::ordered_json& from, const std::string& path) {
    if (take("{..}")) return note(from.is_object(), path + " is no object");
    if (take("[..]")) return note(from.is_array(), path + " is no array");
    if (take("{")) return compare_object(from, path);
    if (take("[")) return compare_array(from, path);
    const auto name = word();
    if (is_type(name)) return compare_type(from, name, path);
    const auto known = named_.find(name);
    if (known == named_.end()) throw std::runtime_error("shape: unknown name " + name);
    json_shape of(known->second, named_);
    for (auto& each : of.differences(from)) found_.push_back(path + each);
  }

  static bool is_type(const std::string& name) {
    return name == "n" || name == "n?" || name == "s" || name == "s?" || name == "b";
  }
  void compare_type(const nlohmann::ordered_json& from, const std::string& type,
                    const std::string& path) {
    const bool fits =
        (type.front() == 'n' && from.is_number()) || (type.front() == 's' && from.is_string()) ||
        (type.front() == 'b' && from.is_boolean()) || (type.ends_with('?') && from.is_null());
    note(fits, path + " is of type " + from.type_name() + ", expected " + type);
  }

  void compare_array(const nlohmann::ordered_json& from, const std::string& path) {
    note(from.is_array() && !from.empty(), path + " is no array with an element");
    const auto begin = text_;
    compare(from.is_array() && !from.empty() ? from[0] : nothing_, path + "[0]");
    const auto end = text_;
    for (std::size_t i = 1; from.is_array() && i < from.size(); ++i) {
      text_ = begin;
      compare(from[i], path + "[" + std::to_string(i) + "]");
    }
    text_ = end;
    expect("]");
  }

  void compare_object(const nlohmann::ordered_json& from, const std::string& path) {
    note(from.is_object(), path + " is no object");
    std::set<std::string> known;
    do {
      if (take("<")) {
        word();
        expect(":");
        compare_map(from, path);
        for (const auto& each : from.items()) known.insert(each.key());
        continue;
      }
      take("+");
      const auto name = word();
      known.insert(name);
      const bool has = from.is_object() && from.contains(name);
      note(has, path + "." + name + " is missing");
      take(":");
      const char next = peek();
      const auto& value = has ? from[name] : nothing_;
      if (next != ',' && next != '}') {
        compare(value, path + "." + name);
      } else if (has) {
        compare_type(value, "n", path + "." + name);
      }
    } while (take(","));
    expect("}");
    if (!from.is_object()) return;
    for (const auto& each : from.items()) {
      note(known.contains(each.key()), path + "." + each.key() + " is not in the reference");
    }
  }

  void compare_map(const nlohmann::ordered_json& from, const std::string& path) {
    if (take("n")) {
      for (const auto& each : from.items()) {
        note(each.value().is_number(), path + "." + each.key() + " is no number");
      }
      return;
    }
    const auto begin = text_;
    note(from.is_object() && !from.empty(), path + " is no map with an entry");
    for (const auto& each : from.items()) {
      text_ = begin;
      compare(each.value(), path + "." + each.key());
    }
  }

  void note(bool right, const std::string& what) {
    if (!right) found_.push_back(what);
  }

  std::string_view text_;
  const named_shapes& named_;
  std::vector<std::string> found_;
  const nlohmann::ordered_json nothing_;
};

}  // namespace weir::rest
