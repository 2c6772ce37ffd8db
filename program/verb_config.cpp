// SPDX-License-Identifier: Apache-2.0
#include "program/verb_config.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/configuration_manual.hpp"
#include "common/yaml_value.hpp"
#include "program/environment_settings.hpp"
#include "weir/program.hpp"

namespace weir {
namespace {

constexpr std::size_t comment_column_max = 60;  // a longer line pushes its own comment only

std::vector<effective_setting> chosen_of(const configuration& settings, bool with_defaults) {
  auto all = settings.effective();
  if (!with_defaults) {
    std::erase_if(all, [&](const auto& one) { return !settings.is_set(one.key); });
  }
  return all;
}

/// A secret is commented out: read back, its mask would be its value.
std::string line_of(const effective_setting& one) {
  const bool secret = is_secret(one.key);
  return (secret ? "# " : "") + one.key + ": " + (secret ? one.value : yaml_value(one.value));
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

using strings = std::vector<std::string>;

std::string print_as_yaml(const std::vector<effective_setting>& chosen, const strings& notices) {
  std::size_t column = 0;
  for (const auto& one : chosen) {
    const auto width = line_of(one).size();
    if (width <= comment_column_max) column = std::max(column, width);
  }
  std::string text = chosen.empty() ? "# nothing is set; --all prints the defaults\n" : "";
  for (const auto& one : chosen) {
    text += padded(line_of(one), column) + "  # " + one.origin + "\n";
  }
  for (const auto& notice : notices) text += "# notice: " + notice + "\n";
  return text;
}

std::string print_as_json(const std::vector<effective_setting>& chosen, const strings& notices) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& [key, value, origin] : chosen) {
    list.push_back({{"key", key}, {"value", value}, {"origin", origin}});
  }
  const nlohmann::ordered_json document = {{"settings", list}, {"notices", notices}};
  // The name of a file in an origin may be no UTF-8.
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

CLI::App* config_verb::add_to(CLI::App& app) {
  auto* verb = app.add_subcommand(
      "config", "Prints the settings of the job and where each was given, as a settings file");
  verb->add_flag("--all", all, "also what nobody has set: the defaults");
  auto* as_json = verb->add_flag("--json", json, "as JSON");
  verb->add_flag("--markdown", markdown, "the manual of all keys instead")->excludes(as_json);
  const std::string begin = "\n  " + app.get_name() + " config";
  verb->footer("Examples:" + begin + begin + " --all > all.yaml" + begin +
               " --json | jq '.settings[] | select(.origin == \"-D\")'");
  return verb;
}

int config_verb::run(const environment& env, const result<void>& built) const {
  if (markdown) {
    std::fputs(configuration_manual().c_str(), stdout);
    return exit_finished;
  }
  const auto settings = environment_settings::from(env);
  if (!settings) {
    std::fprintf(stderr, "%s: %s\n", env.name().c_str(), settings.error().text().c_str());
    return exit_usage;
  }
  if (!built) {
    std::fprintf(stderr,
                 "%s: note: with these options the program makes no job, so that its own settings "
                 "may be missing: %s\n",
                 env.name().c_str(), built.error().text().c_str());
  }
  const auto chosen = chosen_of(settings->given, all);
  const auto text =
      json ? print_as_json(chosen, settings->notices) : print_as_yaml(chosen, settings->notices);
  std::fputs(text.c_str(), stdout);
  return exit_finished;
}

}  // namespace weir
