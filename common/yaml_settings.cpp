// SPDX-License-Identifier: Apache-2.0
#include "common/yaml_settings.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "common/configuration_key.hpp"
#include "common/quoted.hpp"
#include "common/text_fault.hpp"

namespace weir {
namespace {

using YAML::Mark;

/// The name under which the table knows a key, or the key itself.
std::string current_name(const std::string& key) {
  const auto* renamed = find_key(key) == nullptr ? find_old_key(key) : nullptr;
  return renamed == nullptr ? key : std::string(renamed->name);
}

/// Takes the events of one file. What it cannot use as a value is skipped as a whole, so that all else is still read; what
/// it cannot use as a key ends the reading, because nothing behind it has a name.
class settings_listener final : public YAML::EventHandler {
 public:
  settings_listener(read_settings& read, std::string_view file) : read_(read), file_(file) {}

  void OnDocumentStart(const Mark& mark) override {
    if (++documents_ > 1) end_at(mark, "a second document begins; expected one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    if (skips() || levels_.empty()) return;  // a file of comments only is empty
    if (expects_key()) return take_key(mark, "");
    const auto& at =
        levels_.back().key_at;  // where yaml-cpp sees that nothing follows may be far away
    refuse(at, detail::quoted(path()) + " has no value; give it one, or remove the line");
    complete_value();
  }

  void OnAlias(const Mark& mark, YAML::anchor_t) override {
    if (skips()) return;
    const std::string why = "an alias (*name) is not supported; write its value here";
    if (expects_key()) return end_at(mark, why);
    refuse(mark, why);
    complete_value();
  }

  void OnScalar(const Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_ornaments(mark, tag, anchor);
    if (skips()) return;
    if (levels_.empty()) return end_at(mark, "one value; expected lines of key: value");
    if (expects_key()) return take_key(mark, value);
    take_value(value);
  }

  void OnSequenceStart(const Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_ornaments(mark, tag, anchor);
    if (skips()) return begin_skipped();
    if (levels_.empty()) return end_at(mark, "a list; expected lines of key: value");
    if (expects_key()) return end_at(mark, "a list in the place of a key; expected a name");
    refuse(mark, detail::quoted(path()) + " is given a list; expected one value");
    begin_skipped();
  }
  void OnSequenceEnd() override { end_skipped(); }

  void OnMapStart(const Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_ornaments(mark, tag, anchor);
    if (skips()) return begin_skipped();
    if (!levels_.empty() && expects_key()) {
      return end_at(mark, "a map in the place of a key; expected a name");
    }
    if (levels_.size() == settings_file_depth_max) {
      return end_at(mark, "keys are nested deeper than " + std::to_string(settings_file_depth_max) +
                              " levels");
    }
    levels_.push_back({.prefix = levels_.empty() ? "" : path() + "."});
  }
  void OnMapEnd() override {
    if (skips()) return end_skipped();
    levels_.pop_back();
    if (!levels_.empty()) complete_value();
  }

  void refuse(const Mark& mark, const std::string& why) {
    read_.mistakes.push_back(origin_of(mark) + ": " + why);
  }

 private:
  /// A map that has begun and not ended.
  struct level {
    std::string prefix{};                // of its keys, with the last dot
    std::map<std::string, int> lines{};  // of its keys
    std::optional<std::string> key{};    // whose value comes next
    Mark key_at{};
    bool key_is_repeated = false;
  };

  bool skips() const { return skipped_depth_ > 0 || is_over_; }
  bool expects_key() const { return !levels_.empty() && !levels_.back().key; }
  std::string path() const { return levels_.back().prefix + *levels_.back().key; }
  void complete_value() { levels_.back().key.reset(); }

  void take_key(const Mark& mark, const std::string& key) {
    auto& in = levels_.back();
    if (key == "<<") return end_at(mark, "a merge key (<<) is not supported; write the keys here");
    if (++keys_ > settings_file_keys_max) {
      return end_at(mark, "more than " + std::to_string(settings_file_keys_max) + " keys");
    }
    if (in.prefix.size() + key.size() > key_bytes_max) {
      return end_at(mark, "a key of more than " + std::to_string(key_bytes_max) +
                              " bytes: " + detail::quoted(in.prefix + key));
    }
    in.key = key;
    in.key_at = mark;
    const auto [first, is_new] = in.lines.emplace(key, mark.line + 1);
    in.key_is_repeated = !is_new;
    if (!is_new) refuse_twice(mark, path(), first->second);
  }

  void take_value(const std::string& value) {
    const auto& in = levels_.back();
    const std::string name = path();
    const auto [first, is_new] = lines_.emplace(current_name(name), in.key_at.line + 1);
    if (!is_new && !in.key_is_repeated) refuse_twice(in.key_at, name, first->second);
    // A block of lines ends with a line break that nobody meant.
    const auto end = value.ends_with('\n') ? value.size() - 1 : value.size();
    read_.given.push_back({name, value.substr(0, end), origin_of(in.key_at)});
    complete_value();
  }

  void begin_skipped() { ++skipped_depth_; }
  void end_skipped() {
    if (!is_over_ && --skipped_depth_ == 0) complete_value();
  }
  void end_at(const Mark& mark, const std::string& why) {
    refuse(mark, why);
    is_over_ = true;
  }

  void refuse_twice(const Mark& mark, const std::string& name, int first_line) {
    const auto now = current_name(name);
    refuse(mark, detail::quoted(name) + " is given twice" +
                     (now == name ? "" : ", as " + now + " is the same") + "; first in line " +
                     std::to_string(first_line));
  }
  /// yaml-cpp says "?" of what has no tag, and "!" of what stands in quotation marks.
  void refuse_ornaments(const Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (!skips() && !tag.empty() && tag != "?" && tag != "!") {
      refuse(mark, "a tag (" + detail::quoted(tag) + ") is not supported; remove it");
    }
    refuse_anchor(mark, anchor);
  }
  void refuse_anchor(const Mark& mark, YAML::anchor_t anchor) {
    if (skips() || anchor == YAML::NullAnchor) return;
    refuse(mark, "an anchor (&name) is not supported; write the value where it is needed");
  }

  /// "weir.yaml:3:1"
  std::string origin_of(const Mark& mark) const {
    return file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
  }

  static constexpr std::size_t key_bytes_max = 256;

  read_settings& read_;
  std::string file_;
  std::vector<level> levels_;
  std::map<std::string, int> lines_;  // of all settings by their current names
  std::size_t keys_ = 0;
  std::size_t documents_ = 0;
  std::size_t skipped_depth_ = 0;
  bool is_over_ = false;
};

/// yaml-cpp notices an open quotation mark by the end of the document, which stands somewhere else.
std::string explained(const std::string& message) {
  const bool open =
      message == YAML::ErrorMsg::DOC_IN_SCALAR || message == YAML::ErrorMsg::EOF_IN_SCALAR;
  return open ? "a quotation mark above is not closed" : message;
}

void parse(std::string_view text, settings_listener& listener) {
  // The end of the document is marked: else yaml-cpp takes a text whose quotation mark is never closed.
  std::istringstream in{std::string(text) + "\n...\n"};
  YAML::Parser parser(in);
  // Not until there is none: what stands wrongly behind a map is a document without end for yaml-cpp.
  if (parser.HandleNextDocument(listener)) parser.HandleNextDocument(listener);
}

}  // namespace

read_settings read_yaml_settings(std::string_view text, std::string_view file) {
  read_settings read;
  const auto refuse = [&](const std::string& where, std::string_view why) {
    read.mistakes.push_back(std::string(file) + where + ": " + std::string(why));
  };
  if (text.size() > settings_file_bytes_max) {
    refuse("", "it has " + std::to_string(text.size()) + " bytes; at most " +
                   std::to_string(settings_file_bytes_max) + " are read");
    return read;
  }
  if (const auto fault = find_text_fault(text)) {
    refuse(":" + std::to_string(fault->line) + ":" + std::to_string(fault->column), fault->what);
    return read;
  }
  settings_listener listener(read, file);
  try {
    parse(text, listener);
  } catch (const YAML::Exception& failure) {
    listener.refuse(failure.mark, "this is no YAML: " + explained(failure.msg));
  } catch (const std::exception& failure) {
    refuse("", std::string("it cannot be read as YAML: ") + failure.what());
  }
  return read;
}

}  // namespace weir
