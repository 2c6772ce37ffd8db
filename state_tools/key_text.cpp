// SPDX-License-Identifier: Apache-2.0
#include "state_tools/key_text.hpp"

#include <charconv>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "weir/core/schema_skip.hpp"

namespace weir {
namespace {

using nlohmann::json;

/// A key is written by a person on a command line.
constexpr std::size_t text_bytes_max = 1 << 20;

struct mismatch {  // thrown inside this file only: the value is a tree
  std::string where;
  std::string expected;
};

class key_encoder {
 public:
  explicit key_encoder(byte_vector& bytes) : out_(bytes) {}

  void value(const schema_node& type, const json& given, const std::string& where) {
    if (type.is_record()) return record(type, given, where);
    if (type.name == "string" || type.name == "bytes")
      return out_.text(text_of(type, given, where));
    if (detail::scalar_bytes(type.name) != 0) return scalar(type, given, where);
    if (type.name == "list" || type.name == "set") return list(type, given, where);
    if (type.name == "map") return map(type, given, where);
    if (type.name == "tuple" || type.name == "array") return parts(type, given, where);
    if (type.name == "duration") return value(type.parts[0], given, where);
    if (type.name == "optional") return optional(type, given, where);
    if (type.name == "variant") return variant(type, given, where);
    throw mismatch{where, "a type that weir knows, but the schema says " + to_text(type)};
  }

 private:
  static void require(bool condition, const std::string& where, const std::string& expected) {
    if (!condition) throw mismatch{where, expected};
  }

  template <class T>
  void integer(const json& given, const std::string& where) {
    constexpr auto low = std::numeric_limits<T>::min();
    constexpr auto high = std::numeric_limits<T>::max();
    const std::string expected =
        "an integer from " + std::to_string(low) + " to " + std::to_string(high);
    require(given.is_number_integer(), where, expected);
    bool fits = false;
    if (given.is_number_unsigned()) {
      fits = given.get<std::uint64_t>() <= static_cast<std::uint64_t>(high);
    } else {
      const auto read = given.get<std::int64_t>();
      fits = std::is_signed_v<T> && read >= static_cast<std::int64_t>(low);
    }
    require(fits, where, expected);
    out_.scalar(given.get<T>());
  }

  void scalar(const schema_node& type, const json& given, const std::string& where) {
    const std::string& name = type.name;
    if (name == "i64") return integer<std::int64_t>(given, where);
    if (name == "u64") return integer<std::uint64_t>(given, where);
    if (name == "i32") return integer<std::int32_t>(given, where);
    if (name == "u32") return integer<std::uint32_t>(given, where);
    if (name == "i16") return integer<std::int16_t>(given, where);
    if (name == "u16") return integer<std::uint16_t>(given, where);
    if (name == "i8") return integer<std::int8_t>(given, where);
    if (name == "u8") return integer<std::uint8_t>(given, where);
    if (name == "bool") {
      require(given.is_boolean(), where, "true or false");
      return out_.scalar(static_cast<std::uint8_t>(given.get<bool>()));
    }
    if (name == "unit") {
      require(given.is_null(), where, "null");
      return out_.scalar(std::uint8_t{0});
    }
    if (name == "char") {
      const std::string one = text_of(type, given, where);
      require(one.size() == 1, where, "a string of one byte");
      return out_.scalar(one[0]);
    }
    throw mismatch{where, "no floating point number: they cannot be in a key"};
  }

  static std::string text_of(const schema_node& type, const json& given, const std::string& where) {
    const auto hex = given.is_object() ? given.find("$hex") : given.end();
    if (given.is_object() && given.size() == 1 && hex != given.end() && hex->is_string())
      return from_hex(hex->get<std::string>(), where);
    require(given.is_string() && type.name != "bytes", where,
            type.name == "bytes" ? "{\"$hex\":\"0a1b\"}" : "a string, or {\"$hex\":\"0a1b\"}");
    return given.get<std::string>();
  }
  static std::string from_hex(const std::string& digits, const std::string& where) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
      std::uint8_t byte = 0;
      const char* end = digits.data() + i + 2;
      const auto read = std::from_chars(digits.data() + i, end, byte, 16);
      require(read.ec == std::errc() && read.ptr == end, where, "pairs of digits 0 to f");
      bytes += static_cast<char>(byte);
    }
    require(digits.size() % 2 == 0, where, "pairs of digits 0 to f");
    return bytes;
  }

  void record(const schema_node& type, const json& given, const std::string& where) {
    require(given.is_object(), where, "an object of " + to_text(type));
    if (type.parts.empty()) out_.scalar(std::uint8_t{0});
    for (std::size_t i = 0; i < type.parts.size(); ++i) {
      const auto field = given.find(type.fields[i]);
      require(field != given.end(), where, "a field '" + type.fields[i] + "' of " + to_text(type));
      value(type.parts[i], *field, where + "." + type.fields[i]);
    }
    require(given.size() == type.parts.size(), where, "no other fields than " + to_text(type));
  }

  void parts(const schema_node& type, const json& given, const std::string& where) {
    std::uint64_t count = type.parts.size();
    if (type.name == "array") {
      const std::string& digits = type.parts[1].name;
      std::from_chars(digits.data(), digits.data() + digits.size(), count);
    }
    require(given.is_array() && given.size() == count, where,
            "an array of " + std::to_string(count) + " for " + to_text(type));
    if (count == 0) out_.scalar(std::uint8_t{0});
    for (std::size_t i = 0; i < given.size(); ++i) {
      value(type.parts[type.name == "array" ? 0 : i], given[i],
            where + "[" + std::to_string(i) + "]");
    }
  }

  void list(const schema_node& type, const json& given, const std::string& where) {
    require(given.is_array(), where, "an array for " + to_text(type));
    out_.varint(given.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
      value(type.parts[0], given[i], where + "[" + std::to_string(i) + "]");
    }
  }

  void map(const schema_node& type, const json& given, const std::string& where) {
    const std::string expected = "an array of {\"key\":..,\"value\":..} for " + to_text(type);
    require(given.is_array(), where, expected);
    out_.varint(given.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
      const std::string place = where + "[" + std::to_string(i) + "]";
      const json& entry = given[i];
      require(entry.is_object() && entry.contains("key") && entry.contains("value"), place,
              expected);
      value(type.parts[0], entry["key"], place + ".key");
      value(type.parts[1], entry["value"], place + ".value");
    }
  }

  void optional(const schema_node& type, const json& given, const std::string& where) {
    out_.scalar(static_cast<std::uint8_t>(!given.is_null()));
    if (!given.is_null()) value(type.parts[0], given, where);
  }

  void variant(const schema_node& type, const json& given, const std::string& where) {
    const bool formed = given.is_object() && given.contains("index") && given.contains("value") &&
                        given["index"].is_number_unsigned() &&
                        given["index"].get<std::uint64_t>() < type.parts.size();
    require(formed, where, "{\"index\":i,\"value\":..} of " + to_text(type));
    const auto index = given["index"].get<std::uint8_t>();
    out_.scalar(index);
    value(type.parts[index], given["value"], where + ".value");
  }

  byte_writer out_;
};

/// Arguments on a command line are no JSON where a person would not write JSON.
json parsed(const schema_node& type, std::string_view text) {
  if (type.name == "string" || type.name == "char") return json(std::string(text));
  return json::parse(text, nullptr, false);
}

}  // namespace

result<byte_vector> encode_key(const schema_node& type, std::string_view text) {
  const auto refuse = [&](const std::string& where, const std::string& expected) {
    return error{error_code::invalid_argument, "key '" + std::string(text.substr(0, 200)) + "'" +
                                                   (where.empty() ? "" : ", at " + where) +
                                                   ": expected " + expected};
  };
  if (text.size() > text_bytes_max) return refuse("", "at most 1 MiB");
  const json given = parsed(type, text);
  if (given.is_discarded()) return refuse("", to_text(type) + " as JSON");
  byte_vector bytes;
  try {
    key_encoder(bytes).value(type, given, "");
  } catch (const mismatch& found) {
    return refuse(found.where, found.expected);
  }
  return bytes;
}

}  // namespace weir
