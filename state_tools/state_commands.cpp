// SPDX-License-Identifier: Apache-2.0
#include "state_tools/state_commands.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <new>
#include <optional>
#include <utility>

#include "state_tools/state_dump.hpp"
#include "state_tools/state_list.hpp"
#include "state_tools/state_verify.hpp"

namespace weir {
namespace {

namespace fs = std::filesystem;

enum exit_codes : int { done = 0, nothing = 1, usage = 2, refused = 3 };

bool write_to_stdout(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

struct dump_options {
  std::uint64_t checkpoint = 0;
  std::string key;
  std::string format = "text";
  dump_request request;
};

constexpr std::uint64_t value_bytes_max = std::uint64_t{1} << 30;

}  // namespace

int report_state_failure(const std::string& name, const error& failure) {
  std::fprintf(stderr, "%s: %s\n", name.c_str(), failure.text().c_str());
  switch (failure.code) {
    case error_code::invalid_argument:
      return usage;
    case error_code::corrupt:
    case error_code::incompatible:
    case error_code::not_found:
    case error_code::in_use:
      return refused;
    default:
      return nothing;
  }
}

struct state_commands::implementation {
  std::string name;
  std::string directory;
  bool json = false;
  dump_options dump;
  CLI::App* lists = nullptr;
  CLI::App* dumps = nullptr;
  CLI::App* verifies = nullptr;

  CLI::App* add(CLI::App& to, const char* verb, const char* what, const std::string& examples,
                state_commands::directory given) {
    CLI::App* made = to.add_subcommand(verb, what);
    auto* where =
        made->add_option("directory", directory,
                         given == directory::required ? "the state directory"
                                                      : "the state directory; default: this job's");
    where->required(given == directory::required);
    made->add_flag("--json", json, "print JSON");
    made->footer("Examples:\n" + examples +
                 "Nothing is written, created or locked: the directory may be a running job's.\n"
                 "Exit codes: 0; 1 nothing found, or the output could not be written; 2 usage; 3 "
                 "damaged, missing or of a newer\n"
                 "format.");
    return made;
  }
  void add_dump_options(CLI::App& to) {
    auto* number =
        to.add_option("--checkpoint", dump.checkpoint, "of this number; default: the newest");
    to.add_option("--operator", dump.request.operator_name, "of this operator only");
    to.add_option("--state", dump.request.state, "this state only, without positions and files");
    auto* key = to.add_option("--key", dump.key,
                              "the value of this key only: a string as it is, other keys as JSON");
    to.add_option("--format", dump.format, "text, or json: an object a line")
        ->check(CLI::IsMember({"text", "json"}));
    to.add_option("--limit", dump.request.lines_max, "at most so many lines; 0: all")
        ->capture_default_str();
    to.add_option("--value-limit", dump.request.value_bytes_max,
                  "at most so many bytes of text for one key or value; what is longer is cut")
        ->check(CLI::Range(std::uint64_t{16}, value_bytes_max))
        ->capture_default_str();
    to.parse_complete_callback([this, number, key] {
      if (number->count() != 0) dump.request.checkpoint = epoch_id{dump.checkpoint};
      if (key->count() != 0) dump.request.key = dump.key;
    });
  }

  int run(const std::function<result<fs::path>()>& otherwise) const;
  value_style style() const {
    return json || dump.format == "json" ? value_style::json : value_style::text;
  }
  result<int> run_list(stored_state& from, text_output& out) const {
    const auto listing = list_checkpoints(from);
    if (!listing) return listing.error();
    print_list(*listing, style(), out);
    return listing->has_damage() ? refused : done;
  }
  result<int> run_dump(stored_state& from, text_output& out) const {
    dump_request request = dump.request;
    request.style = style();
    const auto dumped = dump_state(from, request, out);
    const bool taken_away = !dumped && dumped.error().code == error_code::in_use;
    if (taken_away && out.discard()) return dumped.error();
    out.flush();
    if (!dumped) return report_state_failure(name, dumped.error());
    if (dumped->cut) {
      std::fprintf(stderr, "%s: stopped after %llu lines (--limit)\n", name.c_str(),
                   static_cast<unsigned long long>(dumped->lines));
    }
    if (request.key && dumped->lines == 0) {
      std::fprintf(stderr, "%s: there is no entry with the key '%s'\n", name.c_str(),
                   request.key->c_str());
      return nothing;
    }
    return done;
  }
  result<int> run_verify(stored_state& from, text_output& out) const {
    const auto found = verify_state(from);
    if (!found) return found.error();
    print_verification(*found, style(), out);
    return found->sound() ? done : refused;
  }
};

state_commands::state_commands(CLI::App& to, const std::string& name, directory given)
    : self_(std::make_unique<implementation>()) {
  self_->name = name;
  const std::string place = given == directory::required ? " weir-state/word-count" : "";
  const auto example = [&](const std::string& text) { return "  " + name + " " + text + "\n"; };
  self_->lists = self_->add(to, "list", "Lists the checkpoints of a state directory",
                            example("list" + place) + example("list" + place + " --json"), given);
  self_->dumps = self_->add(
      to, "dump", "Prints what a checkpoint holds: state, positions of sources, files of sinks",
      example("dump" + place) + example("dump" + place + " --operator count --key the") +
          example("dump" + place + " --checkpoint 12 --state seen --format json"),
      given);
  self_->add_dump_options(*self_->dumps);
  self_->verifies = self_->add(to, "verify", "Reads everything, and says what is damaged",
                               example("verify" + place), given);
}

state_commands::~state_commands() = default;

std::vector<CLI::App*> state_commands::all() const {
  return {self_->lists, self_->dumps, self_->verifies};
}

bool state_commands::chosen() const {
  return self_->lists->parsed() || self_->dumps->parsed() || self_->verifies->parsed();
}

int state_commands::run(const std::function<result<fs::path>()>& otherwise) const {
  try {
    return self_->run(otherwise);
  } catch (const std::bad_alloc&) {
    return report_state_failure(self_->name, {error_code::limit, "there is not enough memory"});
  }
}

int state_commands::implementation::run(const std::function<result<fs::path>()>& otherwise) const {
  fs::path place = directory;
  if (place.empty()) {
    auto found = otherwise();
    if (!found) return report_state_failure(name, found.error());
    place = std::move(*found);
  }
  text_output out(write_to_stdout);
  const auto code = stored_state::look_at(place, [&](stored_state& from) {
    if (lists->parsed()) return run_list(from, out);
    if (dumps->parsed()) return run_dump(from, out);
    return run_verify(from, out);
  });
  if (!code) return report_state_failure(name, code.error());
  out.flush();
  if (!out.failed()) return *code;
  std::fprintf(stderr, "%s: cannot write to standard output\n", name.c_str());
  return nothing;
}

}  // namespace weir
