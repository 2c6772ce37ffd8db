// SPDX-License-Identifier: Apache-2.0
#include "state_tools/value_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>
#include <type_traits>

#include "state_tools/quoted_text.hpp"
#include "weir/core/schema_skip.hpp"

namespace weir {
namespace {

/// "1/1000" to "ms"; what has no name of its own keeps the ratio.
std::string unit_of(const std::string& ratio) {
  if (ratio == "1/1000000000") return "ns";
  if (ratio == "1/1000000") return "us";
  if (ratio == "1/1000") return "ms";
  if (ratio == "1/1") return "s";
  if (ratio == "60/1") return "min";
  if (ratio == "3600/1") return "h";
  return "x " + ratio + " s";
}

/// The printing of one value. Goes down the schema, whose depth parse_schema bounds.
class printing {
 public:
  printing(value_style style, std::size_t bytes_max, byte_reader& in, std::string& out)
      : json_(style == value_style::json), end_(out.size() + bytes_max), in_(in), out_(out) {}

  bool cut() const { return cut_; }

  /// False: malformed, or cut.
  bool value(const schema_node& type) {
    if (out_.size() >= end_) return stop();
    if (type.is_record()) return record(type);
    if (type.name == "string" || type.name == "bytes") return text(type.name == "bytes");
    if (detail::scalar_bytes(type.name) != 0) return scalar(type.name);
    if (type.name == "list" || type.name == "set") return list(type);
    if (type.name == "map") return map(type);
    if (type.name == "tuple") return tuple(type);
    if (type.name == "optional") return optional(type);
    if (type.name == "variant") return variant(type);
    if (type.name == "array") return array(type);
    if (type.name == "duration") return duration(type);
    return false;
  }

 private:
  bool stop() {
    cut_ = true;
    return false;
  }
  template <class T>
  bool number() {
    const T read = in_.scalar<T>();
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(read)) {
        const char* name = std::isnan(read) ? "nan" : read < 0 ? "-inf" : "inf";
        if (json_) out_ += '"';
        out_ += name;
        if (json_) out_ += '"';
        return !in_.failed();
      }
    }
    char digits[32];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, read).ptr);
    return !in_.failed();
  }
  bool boolean() {
    const auto read = in_.scalar<std::uint8_t>();
    out_ += read != 0 ? "true" : "false";
    return read <= 1 && !in_.failed();
  }
  bool unit() {
    out_ += json_ ? "null" : "()";
    return in_.scalar<std::uint8_t>() == 0 && !in_.failed();
  }
  bool character() {
    const char read = in_.scalar<char>();
    quoted({&read, 1});
    return !in_.failed();
  }
  bool scalar(const std::string& name) {
    if (name == "i64") return number<std::int64_t>();
    if (name == "u64") return number<std::uint64_t>();
    if (name == "i32") return number<std::int32_t>();
    if (name == "u32") return number<std::uint32_t>();
    if (name == "f64") return number<double>();
    if (name == "f32") return number<float>();
    if (name == "bool") return boolean();
    if (name == "char") return character();
    if (name == "unit") return unit();
    if (name == "i16") return number<std::int16_t>();
    if (name == "u16") return number<std::uint16_t>();
    if (name == "i8") return number<std::int8_t>();
    return number<std::uint8_t>();
  }
  void quoted(std::string_view read) {
    if (!json_) {
      append_quoted(out_, read);
    } else if (is_utf8(read)) {
      append_json_string(out_, read);
    } else {
      hex(std::as_bytes(std::span(read)));
    }
  }
  void hex(std::span<const std::byte> bytes) {
    out_ += json_ ? "{\"$hex\":\"" : "x";
    append_hex(out_, bytes);
    if (json_) out_ += "\"}";
  }
  bool text(bool binary) {
    std::string_view read = in_.text();
    if (in_.failed()) return false;
    const std::size_t room = end_ - out_.size();
    const bool fits = read.size() <= room;
    read = read.substr(0, room);
    if (binary) {
      hex(std::as_bytes(std::span(read)));
    } else {
      quoted(read);
    }
    return fits || stop();
  }
  bool record(const schema_node& type) {
    out_ += '{';
    if (type.parts.empty() && in_.scalar<std::uint8_t>() != 0) return false;
    for (std::size_t i = 0; i < type.parts.size(); ++i) {
      if (i != 0) out_ += ',';
      if (json_) {
        append_json_string(out_, type.fields[i]);
      } else {
        out_ += type.fields[i];
      }
      out_ += ':';
      if (!value(type.parts[i])) return false;
    }
    out_ += '}';
    return !in_.failed();
  }
  bool tuple(const schema_node& type) {
    out_ += json_ ? '[' : '(';
    if (type.parts.empty() && in_.scalar<std::uint8_t>() != 0) return false;
    for (std::size_t i = 0; i < type.parts.size(); ++i) {
      if (i != 0) out_ += ',';
      if (!value(type.parts[i])) return false;
    }
    out_ += json_ ? ']' : ')';
    return !in_.failed();
  }
  bool elements(const schema_node& type, std::uint64_t count) {
    out_ += '[';
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i != 0) out_ += ',';
      if (!value(type)) return false;
    }
    out_ += ']';
    return true;
  }
  bool list(const schema_node& type) {
    const std::uint64_t count = detail::decode_length(in_);
    return !in_.failed() && elements(type.parts[0], count);
  }
  bool array(const schema_node& type) {
    std::uint64_t count = 0;
    const std::string& digits = type.parts[1].name;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    const bool is_count = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    return is_count && count != 0 && elements(type.parts[0], count);
  }
  bool map(const schema_node& type) {
    const std::uint64_t count = detail::decode_length(in_);
    if (in_.failed()) return false;
    out_ += json_ ? '[' : '{';
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i != 0) out_ += ',';
      if (json_) out_ += "{\"key\":";
      if (!value(type.parts[0])) return false;
      out_ += json_ ? ",\"value\":" : ":";
      if (!value(type.parts[1])) return false;
      if (json_) out_ += '}';
    }
    out_ += json_ ? ']' : '}';
    return true;
  }
  bool optional(const schema_node& type) {
    const auto present = in_.scalar<std::uint8_t>();
    if (in_.failed() || present > 1) return false;
    if (present == 1) return value(type.parts[0]);
    out_ += json_ ? "null" : "none";
    return true;
  }
  bool variant(const schema_node& type) {
    const auto index = in_.scalar<std::uint8_t>();
    if (in_.failed() || index >= type.parts.size()) return false;
    out_ += json_ ? "{\"index\":" : "#";
    out_ += std::to_string(index);
    out_ += json_ ? ",\"value\":" : " ";
    if (!value(type.parts[index])) return false;
    if (json_) out_ += '}';
    return true;
  }
  bool duration(const schema_node& type) {
    if (!value(type.parts[0])) return false;
    if (!json_) out_ += ' ' + unit_of(type.parts[1].name);
    return true;
  }

  bool json_;
  std::size_t end_;
  byte_reader& in_;
  std::string& out_;
  bool cut_ = false;
};

}  // namespace

bool value_writer::knows(const schema_node& type) {
  return detail::can_skip(type);
}

bool value_writer::write(const schema_node& type, std::span<const std::byte> bytes,
                         std::string& out) const {
  const std::size_t begin = out.size();
  byte_reader in(bytes);
  printing one(style_, bytes_max_, in, out);
  if (one.value(type)) return in.at_end();
  if (!one.cut()) return false;
  const std::string size = std::to_string(bytes.size());
  if (style_ == value_style::json) {
    out.resize(begin);
    out += "{\"$cut_bytes\":" + size + "}";
  } else {
    out += "... (cut, " + size + " bytes)";
  }
  return true;
}

void value_writer::write_hex(std::span<const std::byte> bytes, std::string& out) const {
  const bool fits = bytes.size() <= bytes_max_;
  const auto shown = bytes.subspan(0, std::min(bytes.size(), bytes_max_));
  const std::string size = std::to_string(bytes.size());
  if (style_ == value_style::json) {
    out += "{\"$hex\":\"";
    append_hex(out, shown);
    out += '"';
    if (!fits) out += ",\"$cut_bytes\":" + size;
    out += '}';
  } else {
    out += 'x';
    append_hex(out, shown);
    if (!fits) out += "... (cut, " + size + " bytes)";
  }
}

void value_writer::write_string(std::string_view text, std::string& out) const {
  if (style_ == value_style::text) {
    append_quoted(out, text);
  } else if (is_utf8(text)) {
    append_json_string(out, text);
  } else {
    write_hex(std::as_bytes(std::span(text)), out);
  }
}

}  // namespace weir
