// SPDX-License-Identifier: Apache-2.0
// Counts words: for each word of the input a line `word count`, exactly once, whatever crashes on the way.
//
//   word_count run --input file:PATH | socket:HOST:PORT | generate:N --output print | files:DIR | none
//   with a socket: --journal (lines are kept on disk until they count), --until-closed (the input can end)
#include <weir/weir.hpp>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

struct word_count {
  std::string word;
  std::int64_t count = 0;
};
WEIR_RECORD(word_count, word, count)

void split_words(std::string_view line, weir::collector<std::string>& out) {
  while (!line.empty()) {
    const auto end = line.find(' ');
    if (end != 0) out.emplace(line.substr(0, end));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 1);
  }
}

/// split_words, but it throws at one line (0: at none), once in the life of the process: its task dies and comes back.
auto split_words_crashing_at(std::uint64_t fatal_line) {
  return [fatal_line](std::string_view line, weir::collector<std::string>& out) {
    static std::atomic<std::uint64_t> lines{0};
    if (fatal_line != 0 && ++lines == fatal_line) throw std::runtime_error("--crash-after");
    split_words(line, out);
  };
}

struct count_words final : weir::keyed_process<std::string, std::string, word_count> {
  weir::value_state<std::int64_t> seen{*this, "seen", 0};

  void process(const std::string& word, context&, weir::collector<word_count>& out) override {
    seen.update(seen.value() + 1);
    out.emit({word, seen.value()});
  }
};

/// A line of ten words for each number, the same for every run.
std::string generated_line(std::uint64_t number) {
  std::string line;
  for (std::uint64_t i = 0; i < 10; ++i) {
    line += (i == 0 ? "w" : " w") + std::to_string((number * 10 + i) * 2654435761 % 1000);
  }
  return line;
}

struct socket_flags {
  bool journal = false;
  bool until_closed = false;
};

weir::stream<std::string> lines_of_socket(weir::environment& env, std::string host,
                                          std::uint16_t port, socket_flags flags) {
  weir::socket_lines_options options;
  options.host = std::move(host);
  options.port = port;
  options.reconnect = !flags.until_closed;
  const auto source = weir::socket_lines(options);
  if (flags.journal) return env.from("lines", weir::journaled(source));
  return env.from("lines", source);
}

weir::result<weir::stream<std::string>> lines_from(weir::environment& env, const std::string& input,
                                                   socket_flags flags) {
  const auto colon = input.find(':');
  const std::string kind = input.substr(0, colon);
  if (flags.journal && kind != "socket") {
    return weir::error{weir::error_code::invalid_argument,
                       "--journal with --input '" + input + "': expected socket:HOST:PORT"};
  }
  const std::string rest = colon == std::string::npos ? "" : input.substr(colon + 1);
  if (kind == "file" && !rest.empty()) return env.from("lines", weir::file_lines(rest));
  if (kind == "socket") {
    const auto port_at = rest.rfind(':');
    const auto port =
        port_at == std::string::npos ? 0 : std::strtoul(rest.c_str() + port_at + 1, nullptr, 10);
    if (port > 0 && port < 65536) {
      return lines_of_socket(env, rest.substr(0, port_at), static_cast<std::uint16_t>(port), flags);
    }
  }
  if (kind == "generate") {
    const auto count = std::strtoull(rest.c_str(), nullptr, 10);
    if (count > 0) return env.from("lines", weir::generate(generated_line).count(count));
  }
  return weir::error{weir::error_code::invalid_argument,
                     "--input '" + input + "': expected file:PATH, socket:HOST:PORT or generate:N"};
}

int main(int argc, char** argv) {
  std::string input;
  std::string output = "print";
  std::string crash_after = "0";
  socket_flags flags;
  weir::program program("word-count", "Counts words, exactly once.");
  program.option("--input", input, "file:PATH | socket:HOST:PORT | generate:N (lines)")
      .option("--output", output, "print | files:DIR | none")
      .flag("--journal", flags.journal, "a socket's lines are durable on disk before they count")
      .flag("--until-closed", flags.until_closed, "a socket's stream ends when the peer closes")
      .option("--crash-after", crash_after, "let a task die once, at this many lines; 0: never");
  return program.main(argc, argv, [&](weir::environment& env) -> weir::result<void> {
    auto lines = lines_from(env, input, flags);
    if (!lines) return lines.error();
    const std::uint64_t fatal_line = std::strtoull(crash_after.c_str(), nullptr, 10);
    auto counts = lines->flat_map("split", split_words_crashing_at(fatal_line))
                      .key_by([](const std::string& word) -> const std::string& { return word; })
                      .process<count_words>("count");
    if (output == "print") {
      counts.to("out", weir::print_sink());
    } else if (output.starts_with("files:") && output.size() > 6) {
      counts.to("out", weir::file_sink(output.substr(6)));
    } else if (output == "none") {
      counts.to("out", weir::discard_sink());
    } else {
      return weir::error{weir::error_code::invalid_argument,
                         "--output '" + output + "': expected print, files:DIR or none"};
    }
    return {};
  });
}
