// SPDX-License-Identifier: Apache-2.0
#include "common/configuration_key.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "common/edit_distance.hpp"
#include "common/quantity.hpp"
#include "common/words.hpp"

namespace weir {
namespace {

std::string_view noun(value_kind kind) {
  switch (kind) {
    case value_kind::duration:
      return "a duration such as \"100 ms\"";
    case value_kind::size:
      return "a size such as \"64 mb\"";
    case value_kind::integer:
      return "an integer";
    case value_kind::number:
      return "a number";
    case value_kind::boolean:
      return "true or false";
    case value_kind::choice:
      return "one of ";
    case value_kind::text:
      return "a text that is not empty";
  }
  return "a value";
}

/// Whether `name` is `pattern`, in which "<name>" stands for one part of letters, digits, '-' and '_'.
bool fits(std::string_view name, std::string_view pattern) {
  const auto open = pattern.find('<');
  if (open == pattern.npos) return name == pattern;
  const auto head = pattern.substr(0, open);
  const auto tail = pattern.substr(pattern.find('>') + 1);
  if (name.size() <= head.size() + tail.size()) return false;
  const auto part = name.substr(head.size(), name.size() - head.size() - tail.size());
  const auto is_word = [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return name.starts_with(head) && name.ends_with(tail) &&
         std::all_of(part.begin(), part.end(), is_word);
}

}  // namespace

const configuration_key* find_key(std::string_view name) {
  for (const auto& key : configuration_keys()) {
    if (fits(name, key.name)) return &key;
  }
  return nullptr;
}

const configuration_key* find_old_key(std::string_view old_name) {
  for (const auto& key : configuration_keys()) {
    const auto old_names = detail::words(key.old_names);
    if (std::find(old_names.begin(), old_names.end(), old_name) != old_names.end()) return &key;
  }
  return nullptr;
}

std::string_view nearest_key(std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto& key : configuration_keys()) known.push_back(key.name);
  return nearest_word(name, known);
}

bool is_secret(std::string_view name) {
  if (const auto* key = find_key(name)) return key->secret;
  // A name that is not known may be a secret's with a typing error.
  const std::string word = detail::lower_case(name);
  const auto holds = [&word](const char* part) { return word.find(part) != word.npos; };
  const auto* nearest = find_key(nearest_key(name));  // none when that has <name> in it
  return holds("token") || holds("secret") || holds("password") ||
         (nearest != nullptr && nearest->secret);
}

std::string variable_of(std::string_view name) {
  constexpr std::string_view own = "weir.";
  if (name.starts_with(own)) name.remove_prefix(own.size());
  std::string variable = "WEIR_";
  for (const char c : name) {
    const bool lower = c >= 'a' && c <= 'z';
    variable += lower ? static_cast<char>(c - 'a' + 'A') : c == '.' || c == '-' ? '_' : c;
  }
  return variable;
}

std::string describe_values(const configuration_key& key) {
  std::string text(noun(key.kind));
  if (key.kind == value_kind::choice) {
    std::string list;
    for (const auto choice : detail::words(key.choices)) {
      if (!list.empty()) list += ", ";
      list += choice.substr(0, choice.find('='));
    }
    text += list;
  }
  if (!key.unsupported.empty()) return std::string(key.fallback);
  if (!key.least.empty()) text += " from " + std::string(key.least);
  if (!key.most.empty()) text += (key.least.empty() ? " up to " : " to ") + std::string(key.most);
  if (key.zero_is_off) text += ", or 0 (off)";
  return text;
}

}  // namespace weir
