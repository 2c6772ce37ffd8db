// SPDX-License-Identifier: Apache-2.0
// Specifies how a settings file is read: which shapes are the same, what is refused and where the
// message points, and that no bytes at all make the reader fail, hang or eat memory. By example, and
// at random: files that were written right are damaged, from a printed seed.
#include "common/yaml_settings.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "common/configuration.hpp"
#include "tests/support/seed.hpp"

using weir::read_settings;
using weir::read_yaml_settings;

namespace {

read_settings read(std::string_view text) {
  return read_yaml_settings(text, "weir.yaml");
}

/// "key=value" of everything that was given, a line each.
std::string given(std::string_view text) {
  const auto all = read(text);
  CAPTURE(text);
  for (const auto& mistake : all.mistakes) CHECK_MESSAGE(false, mistake);
  std::string lines;
  for (const auto& one : all.given) lines += one.key + "=" + one.value + "\n";
  return lines;
}

/// The mistakes, a line each.
std::string refusal(std::string_view text) {
  std::string lines;
  for (const auto& mistake : read(text).mistakes) lines += mistake + "\n";
  return lines;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

}  // namespace

TEST_CASE("nested, dotted and mixed keys are the same, and so are both styles of maps") {
  const std::string same =
      "execution.checkpointing.interval=250 ms\nexecution.checkpointing.mode=AT_LEAST_ONCE\n";

  CHECK(given("execution.checkpointing.interval: 250 ms\n"
              "execution.checkpointing.mode: AT_LEAST_ONCE\n") == same);
  CHECK(given("execution:\n  checkpointing:\n    interval: 250 ms\n    mode: AT_LEAST_ONCE\n") ==
        same);
  CHECK(given("execution:\n  checkpointing.interval: 250 ms\n"
              "execution.checkpointing:\n  mode: AT_LEAST_ONCE\n") == same);
  CHECK(given("execution: {checkpointing: {interval: 250 ms, mode: AT_LEAST_ONCE}}") == same);
  CHECK(given("{\"execution.checkpointing\": {\"interval\": \"250 ms\", "
              "\"mode\": \"AT_LEAST_ONCE\"}}") == same);
  CHECK(given("\xef\xbb\xbf---\r\nexecution.checkpointing:\r\n  interval: '250 ms'\r\n"
              "  mode: AT_LEAST_ONCE\r\n...\r\n") == same);
}

TEST_CASE("a value is the text that stands there") {
  CHECK(given("a: 007\nb: yes\nc: 1e3\nd: -1\ne: 'x: y'  # why\nf: \"a\\tb\"\n") ==
        "a=007\nb=yes\nc=1e3\nd=-1\ne=x: y\nf=a\tb\n");
  CHECK(given("plan: >\n  throw task=a;\n  kill9 task=b\nname: x\n") ==
        "plan=throw task=a; kill9 task=b\nname=x\n");
  CHECK(given("Gr\xc3\xb6\xc3\x9f"
              "e: \xf0\x9f\x8c\x8a\n") ==
        "Gr\xc3\xb6\xc3\x9f"
        "e=\xf0\x9f\x8c\x8a\n");
}

TEST_CASE("a file without settings has none") {
  for (const auto* text :
       {"", "\n\n", "# nothing yet\n", "---\n", "---\n# nothing\n...\n", "{}", "a: {}"}) {
    CHECK(given(text) == "");
  }
}

TEST_CASE("each setting remembers file, line and column of its key") {
  const auto all = read("# mine\nrest:\n  port: 0\nparallelism.default:   4\n");

  REQUIRE(all.given.size() == 2);
  CHECK(all.given[0].origin == "weir.yaml:3:3");
  CHECK(all.given[1].origin == "weir.yaml:4:1");
}

TEST_CASE("a key that is given twice is refused with both lines, in whatever form") {
  CHECK(refusal("a: 1\nb: 2\na: 3\n") == "weir.yaml:3:1: \"a\" is given twice; first in line 1\n");
  CHECK(refusal("rest:\n  port: 1\nrest:\n  address: x\n") ==
        "weir.yaml:3:1: \"rest\" is given twice; first in line 1\n");
  CHECK(refusal("rest:\n  port: 1\nrest.port: 2\n") ==
        "weir.yaml:3:1: \"rest.port\" is given twice; first in line 2\n");
  CHECK(refusal("{rest: {port: 1}, rest.port: 2}") ==
        "weir.yaml:1:19: \"rest.port\" is given twice; first in line 1\n");
  CHECK(refusal("state.backend.type: hashmap\nstate.backend: memory\n") ==
        "weir.yaml:2:1: \"state.backend\" is given twice, as state.backend.type is the same; first "
        "in line 1\n");
}

TEST_CASE("what no setting needs of YAML is refused where it stands") {
  struct example {
    const char* text;
    const char* where;
    const char* why;
  };
  const example examples[] = {
      {"a: &x 1\n", "1:4", "an anchor"},
      {"a: &x\n  b: 1\n", "1:4", "an anchor"},
      {"a: &x 1\nb: *x\n", "2:4", "an alias"},
      {"a: *x\n", "1:4", "anchor is not defined"},
      {"a: &x {b: 1}\nc:\n  <<: *x\n", "3:3", "merge key"},
      {"&x a: 1\n*x : 2\n", "2:1", "an alias"},
      {"a: !!str 1\n", "1:4", "a tag (\"tag:yaml.org,2002:str\")"},
      {"a: !mine\n  b: 1\n", "1:4", "a tag (\"!mine\")"},
      {"a: [1, 2]\n", "1:4", "\"a\" is given a list; expected one value"},
      {"a:\n  b:\n    - 1\n    - {c: 2}\n", "3:5", "\"a.b\" is given a list"},
      {"b: 1\na:\n", "2:1", "\"a\" has no value"},
      {"a: ~\n", "1:1", "\"a\" has no value"},
      {"a: null\n", "1:1", "\"a\" has no value"},
      {"- a: 1\n", "1:1", "a list; expected lines of key: value"},
      {"just text\n", "1:1", "one value; expected lines of key: value"},
      {"? {a: 1}\n: 2\n", "1:3", "a map in the place of a key"},
      {"? [a]\n: 2\n", "1:3", "a list in the place of a key"},
      {"a: 1\n---\nb: 2\n", "2:1", "a second document"},
      {"a: 1\n---\n", "2:1", "a second document"},
      {"a: b: c\n", "1:5", "this is no YAML: illegal map value"},
      {"a: 'open\n", "3:1", "this is no YAML: a quotation mark above is not closed"},
      {"a: \"open\nb: 2\n\n", "5:1", "this is no YAML: a quotation mark above is not closed"},
      {"a: {b: 1\n", "3:1", "this is no YAML: end of map flow not found"},
      {"a: 1\n\tb: 2\n", "2:1", "this is no YAML"},
      {"a: \"\\q\"\n", "1:", "unknown escape character"},
      {"a: @x\n", "1:4", "this is no YAML"},
      {"a: 1\n b: 2\n", "2:3", "this is no YAML: illegal map value"},
      {"{a: 1}, {b: 2}\n", "1:7", "a second document"},
  };
  for (const auto& [example_text, where, why] : examples) {
    const std::string text = example_text;
    CAPTURE(text);
    const auto refused = refusal(text);
    CAPTURE(refused);
    CHECK(has(refused, "weir.yaml:" + std::string(where)));
    CHECK(has(refused, why));
  }
}

TEST_CASE("all mistakes are reported, and what is right beside them is still read") {
  const auto all =
      read("a: [1, [2], {b: 3}]\nc: 4\nd: &x 5\ne: *x\nf:\ng: {h: !t 6, i: 7}\nc: 8\n");

  CHECK(all.mistakes.size() == 6);
  std::string keys;
  for (const auto& one : all.given) keys += one.key + " ";
  CHECK(keys == "c d g.h g.i c ");
}

TEST_CASE("bytes that are no text are refused before anything is parsed") {
  CHECK(refusal("a: 1\nb: \xff\n") == "weir.yaml:2:4: a byte that is not UTF-8\n");
  CHECK(refusal("\xff\xfe"
                "a\0:\0") == "weir.yaml:1:1: a byte that is not UTF-8\n");
  CHECK(refusal("a: \xc0\xaf\n") == "weir.yaml:1:4: a byte that is not UTF-8\n");
  CHECK(refusal(std::string("a: 1\nb\0: 2\n", 12)) ==
        "weir.yaml:2:2: a control character; is this a binary file?\n");
  CHECK(has(refusal("\x7f"
                    "ELF"),
            "1:1: a control character"));
}

TEST_CASE("size, depth, number of keys and length of a key are bounded") {
  CHECK(
      has(refusal(std::string(weir::settings_file_bytes_max + 1, '#')), "1048577 bytes; at most"));
  CHECK(refusal(std::string(weir::settings_file_bytes_max, '#')) == "");

  CHECK(given(repeated("{a: ", 16) + "1" + repeated("}", 16)) == repeated("a.", 15) + "a=1\n");
  CHECK(has(refusal(repeated("{a: ", 17) + "1" + repeated("}", 17)), "nested deeper than 16"));

  std::string many;
  for (int i = 0; i < 1'000; ++i) many += "k" + std::to_string(i) + ": 1\n";
  CHECK(read(many).mistakes.empty());
  CHECK(read(many).given.size() == 1'000);
  CHECK(refusal(many + "one: 1\ntwo: 2\n") == "weir.yaml:1001:1: more than 1000 keys\n");

  CHECK(has(refusal(std::string(300, 'k') + ": 1\n"), "more than 256 bytes"));
}

TEST_CASE("bombs cost no more than their bytes") {
  std::string laughs = "a0: &a0 [\"lol\", \"lol\"]\n";
  for (int i = 1; i < 200; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
              "]\n";
  }
  const std::size_t half = weir::settings_file_bytes_max / 2;
  const std::pair<std::string, std::string> bombs[] = {
      {"aliases of aliases", laughs},
      {"lists in lists", std::string(half, '[')},
      {"maps in maps", std::string(half, '{')},
      {"maps in maps with keys", repeated("{a: ", half / 4)},
      {"lists in lines", repeated("- ", half / 2)},
      {"lists under keys", "a: " + std::string(half, '[')},
      {"keys of keys", repeated("? ", half / 2)},
      {"values of values", repeated(": ", half / 2)},
      {"anchors", repeated("&a ", half / 3)},
      {"tags", repeated("!a ", half / 3)},
      {"quotation marks", std::string(half, '"')},
      {"an open text", "a: \"" + std::string(half, 'x')},
      {"a long word", std::string(half, 'x')},
      {"commas", "a: [" + std::string(half, ',')},
      {"deep lines",
       [] {
         std::string deep;
         for (int i = 0; i < 900; ++i)
           deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
         return deep;
       }()},
      {"directives", repeated("%TAG ! tag:a,2000:\n", half / 20)},
      {"documents", repeated("---\n", half / 4)},
      {"empty lines", std::string(half, '\n')},
  };
  for (const auto& [name, text] : bombs) {
    CAPTURE(name);
    const auto begin = std::chrono::steady_clock::now();
    const auto all = read(text);
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(took < std::chrono::seconds(20));
    CHECK(all.mistakes.size() <= 1'010);
    CHECK(all.given.size() <= weir::settings_file_keys_max);
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    MESSAGE(name << ": " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
                 << " ms, " << use.ru_maxrss / 1024 << " MiB at most so far");
  }
}

TEST_CASE("damaged files are read or refused, and nothing else happens") {
  const auto seed = weir::test::print_seed();
  std::mt19937_64 random(seed);
  const std::vector<std::string> sound = {
      "execution:\n  checkpointing:\n    interval: 250 ms\n    mode: AT_LEAST_ONCE\n"
      "rest.port: 0\nweir.rest.token: \"hush\"\n",
      "{state: {dir: '/tmp/x'}, parallelism.default: 4} # end\n",
      "weir.injection.plan: >\n  throw task=a;\n  kill9 task=b\n---\n",
      "a: &x [1, 2]\nb: *x\nc: {<<: *x}\n? [k]\n: !!str v\n",
  };
  const std::string spice = "{}[]:,?-&*!|>'\"%@`#~ \t\n\r<=.\\x\xc3\xff";
  const auto below = [&random](std::size_t bound) {
    return random() % std::max<std::size_t>(bound, 1);
  };
  std::size_t sound_left = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = sound[below(sound.size())];
    for (std::size_t changes = below(6); changes > 0; --changes) {
      const auto at = below(text.size());
      switch (below(5)) {
        case 0:
          text.insert(at, 1, spice[below(spice.size())]);
          break;
        case 1:
          text.erase(at, below(8));
          break;
        case 2:
          text.insert(at, text.substr(below(text.size()), below(20)));
          break;
        case 3:
          if (!text.empty()) text[at] = static_cast<char>(random());
          break;
        default:
          text += sound[below(sound.size())];
          break;
      }
    }
    CAPTURE(text);
    const auto all = read(text);
    for (const auto& mistake : all.mistakes) REQUIRE(mistake.starts_with("weir.yaml"));
    const auto made = weir::configuration::from(all);
    REQUIRE((all.mistakes.empty() || !made));
    sound_left += made ? 1 : 0;
  }
  CHECK(sound_left > 1'000);  // the damage was not always fatal, so that both ways are tried
}
