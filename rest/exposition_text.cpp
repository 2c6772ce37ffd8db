// SPDX-License-Identifier: Apache-2.0
#include "rest/exposition_text.hpp"

#include <charconv>

namespace weir::rest {

std::string labels_text(const metric_labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text.append(name).append("=\"");
    for (const char c : value) {
      if (c == '\n') {
        text += "\\n";
        continue;
      }
      if (c == '\\' || c == '"') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text;
}

void exposition_text::add(std::string_view scope, std::string_view name, std::string_view help,
                          metric_type type, std::string_view suffix, std::string_view labels,
                          double value) {
  auto& of = find(scope, name, help, type);
  char digits[32];
  const auto* end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  of.series.append(of.name).append(suffix).append("{").append(labels).append("} ");
  of.series.append(digits, static_cast<std::size_t>(end - digits)).append("\n");
}

std::string exposition_text::text() const {
  std::size_t size = 0;
  for (const auto& of : families_) size += of.series.size() + 2 * of.name.size() + 200;
  std::string text;
  text.reserve(size);
  for (const auto& of : families_) {
    if (of.series.empty()) continue;
    text.append("# HELP ").append(of.name).append(" ").append(of.help).append("\n");
    text.append("# TYPE ").append(of.name);
    text.append(of.type == metric_type::gauge ? " gauge\n" : " summary\n").append(of.series);
  }
  return text;
}

void exposition_text::clear() {
  for (auto& of : families_) of.series.clear();
  next_ = 0;
}

exposition_text::family& exposition_text::find(std::string_view scope, std::string_view name,
                                               std::string_view help, metric_type type) {
  if (next_ < families_.size() && families_[next_].scope == scope &&
      families_[next_].short_name == name) {
    return families_[next_++];
  }
  std::string whole(scope);
  whole += '_';
  for (const char c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == ':' || c == '_';
    whole += allowed ? c : '_';
  }
  const auto [at, is_new] = index_.try_emplace(std::move(whole), families_.size());
  if (is_new) families_.push_back({scope, name, at->first, help, type, {}});
  next_ = at->second + 1;
  return families_[at->second];
}

}  // namespace weir::rest
