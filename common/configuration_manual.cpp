// SPDX-License-Identifier: Apache-2.0
#include "common/configuration_manual.hpp"

#include <string_view>

#include "common/configuration_key.hpp"
#include "common/words.hpp"

namespace weir {
namespace {

constexpr std::string_view introduction = R"(# Configuration

<!-- Made from the table of keys (common/configuration_table*.cpp) by
     build/apps/word_count config --markdown > docs/configuration.md
     Change the table, not this page. -->

Names and notation are Flink's where it has them; the defaults are weir's own where Flink's would surprise.

## Where values come from

In rising order, each overrides those above it:

1. the default of the key;
2. the program: `env.set("parallelism.default", "4")`. What a program sets is *its* default, so that whoever runs it can
   change everything without building it anew;
3. a file: `--config FILE`, else `weir.yaml` in the working directory when there is one;
4. environment variables: `WEIR_`, then the key in upper case with underscores for dots and dashes. `rest.port` is
   `WEIR_REST_PORT`; a `weir.` in front is left out, so that `weir.rest.token` is `WEIR_REST_TOKEN`;
5. the command line: `-D rest.port=0`, of which the last one of a key counts.

`word_count config` checks all of it as `run` would, and prints what is set, with the origin of each value, as a file that
`--config` takes; with `--all` also the defaults, with `--json` for programs. A guard (`run --guard`) has the same
configuration as the job, but for what the program sets: it runs none of the program's code. It reads the sources when it
starts, the job at each of its starts. A host program that calls `env.execute()` itself has what it sets, and what it hands
to `env.override_with()`.

An unknown key, a bad value, or values that contradict each other end the program with exit code 2 before the job begins. All
mistakes are reported at once, each with its file, line and column, its variable, `-D`, or `program`:

```
weir.yaml:3:5: "execution.checkpointing.intervall" (value "5 s") is not a known setting; the nearest one is execution.checkpointing.interval
weir.yaml:7:1: execution.checkpointing.timeout: duration "10 minuts": unit 'minuts' is unknown; expected an integer and a unit of d, h, min, s, ms, us or ns (ms when absent), such as "100 ms"
WEIR_REST_PROT: no setting has this variable; the nearest one is WEIR_REST_PORT, of rest.port
-D: guard.restart.max-backoff = 1 ms with guard.restart.initial-backoff = 200 ms (default): expected an initial backoff that is at most the longest
```

Old names are accepted, and a warning at the start names the new one. So does a warning tell of a key without effect.
The value of a secret is never printed; give it in a file or a variable, as others can read the command line.

## The file

```yaml
execution:
  checkpointing:
    interval: 250 ms
    mode: AT_LEAST_ONCE
execution.checkpointing.timeout: 5 min   # nested, dotted or both
parallelism.default: 4
```

It is YAML, of which maps and single values are read. Lists, anchors, aliases, tags, merge keys and a second document are
refused, because no setting needs them; so is a key that is given twice, also when once nested and once dotted, or by its
old and its new name. A file has at most 1 MiB, 1,000 keys and 16 levels, and is UTF-8.

## Environment variables that are no settings

A variable that begins with `WEIR_` and is none of the settings is a mistake, except `WEIR_LOG` (levels of the log:
`info`, or `info,state=debug`), `WEIR_GUARD_FD` (from the guard to its job), those of weir's tests (`WEIR_TEST_*`, `WEIR_SEED`,
`WEIR_FIRST_SEED`, `WEIR_SIMULATIONS`, `WEIR_CRASHES`), and `WEIR_SERVICE_*`, `WEIR_PORT`, `WEIR_PORT_*`, which Kubernetes sets when a service
is called "weir".

## Values

* **durations**: an integer and `d`, `h`, `min`, `s`, `ms`, `us`, `ns`, or a long form (`2 minutes`); without a unit, milliseconds.
* **sizes**: an integer and `b`, `kb`, `mb`, `gb`, `tb`, in powers of 1024; without a unit, bytes.
* **words** (`true`, `EXACTLY_ONCE`): in any case.
)";

constexpr std::string_view without_effect = R"(
## Keys of Flink without effect

They are accepted, so that a file written for Flink can be used; any value but the default is answered by a warning at the start.

| key | why |
|---|---|
)";

std::string code(std::string_view text) {
  return "`" + std::string(text) + "`";
}

std::string sentence(std::string_view text) {
  std::string plain(text);
  for (auto at = plain.find('<'); at != plain.npos; at = plain.find('<'))
    plain.replace(at, 1, "&lt;");
  return plain + ". ";
}

/// Without the example: the page has said before how durations and sizes look.
std::string values_of(const configuration_key& key) {
  if (!key.unsupported.empty()) return code(key.fallback);
  std::string text = describe_values(key);
  constexpr std::string_view example = " such as \"";
  const auto begin = text.find(example);
  if (begin == text.npos) return text;
  const auto end = text.find('"', begin + example.size()) + 1;
  return text.erase(begin, end - begin);
}

std::string old_names(const configuration_key& key) {
  std::string list;
  for (const auto name : detail::words(key.old_names)) {
    list += (list.empty() ? "Old name: " : ", ") + code(name);
  }
  return list.empty() ? "" : list + ". ";
}

/// What stands in a cell of a table: no bar, no space at the end.
std::string cell(std::string text) {
  for (auto at = text.find('|'); at != text.npos; at = text.find('|', at + 2))
    text.insert(at, "\\");
  while (text.ends_with(' ')) text.pop_back();
  return " " + text + " |";
}

std::string row(const configuration_key& key) {
  std::string meaning = sentence(key.meaning) + old_names(key);
  if (!key.unsupported.empty())
    meaning += "Nothing else is supported: " + sentence(key.unsupported);
  if (key.secret) meaning += "Secret. ";
  const bool has_default = !key.fallback.empty();
  return "|" + cell(code(key.name)) + cell(has_default ? code(key.fallback) : "") +
         cell(values_of(key)) + cell(meaning) + "\n";
}

std::string table_of(const configuration_group& group) {
  std::string rows;
  for (const auto& key : group.keys) {
    if (key.no_effect.empty()) rows += row(key);
  }
  if (rows.empty()) return {};
  return "\n## " + std::string(group.title) +
         "\n\n| key | default | values | |\n|---|---|---|---|\n" + rows;
}

}  // namespace

std::string configuration_manual() {
  std::string page(introduction);
  std::string ignored(without_effect);
  for (const auto& group : configuration_groups()) {
    page += table_of(group);
    for (const auto& key : group.keys) {
      if (key.no_effect.empty()) continue;
      ignored += "|" + cell(code(key.name)) + cell(sentence(key.no_effect) + old_names(key)) + "\n";
    }
  }
  return page + ignored;
}

}  // namespace weir
