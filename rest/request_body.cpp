// SPDX-License-Identifier: Apache-2.0
#include "rest/request_body.hpp"

#include <nlohmann/json.hpp>

#include "rest/document.hpp"

namespace weir::rest {
namespace {

error no_body(std::string_view why) {
  return error{error_code::invalid_argument, "the body is " + std::string(why)};
}

std::string names_of(std::initializer_list<known_field> known) {
  std::string names;
  for (const auto& field : known) names += (names.empty() ? "" : ", ") + std::string(field.name);
  return names;
}

const known_field* find(std::initializer_list<known_field> known, std::string_view name) {
  for (const auto& field : known) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

}  // namespace

result<request_body> request_body::parse(std::string_view body,
                                         std::initializer_list<known_field> known) {
  request_body made;
  if (body.find_first_not_of(" \t\r\n") == body.npos) return made;
  const auto parsed = document::parse(body, nullptr, false);
  if (parsed.is_discarded()) return no_body("no valid JSON; expected an object");
  if (!parsed.is_object()) {
    return no_body("JSON of type " + std::string(parsed.type_name()) + "; expected an object");
  }
  for (const auto& [name, value] : parsed.items()) {
    const auto* field = find(known, name);
    if (field == nullptr) {
      return error{error_code::invalid_argument,
                   "field '" + name + "' is unknown; expected " + names_of(known)};
    }
    if (value.is_null()) continue;
    const bool fits = field->type == field_type::text ? value.is_string() : value.is_boolean();
    if (!fits) {
      return error{error_code::invalid_argument,
                   "field '" + name + "' is of type " + value.type_name() + "; expected " +
                       (field->type == field_type::text ? "a text" : "true or false")};
    }
    made.values_[name] = value.is_string() ? value.get<std::string>() : to_text(value);
  }
  return made;
}

std::optional<std::string> request_body::text(std::string_view field) const {
  const auto found = values_.find(field);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

}  // namespace weir::rest
