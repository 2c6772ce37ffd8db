// SPDX-License-Identifier: Apache-2.0
// Specifies what someone sees who runs a job on a terminal, or through a pipe: a word count on a pseudo terminal, whose
// bytes a small model of a terminal turns into rows. Jobs are looked at until they have shown what is expected; nothing
// waits for time to pass.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <regex>
#include <string>
#include <vector>

#include "common/scratch_directory.hpp"
#include "connectors/unique_fd.hpp"
#include "program/outer_settings.hpp"
#include "tests/program/terminal_screen.hpp"
#include "weir/program.hpp"

namespace weir {
namespace {

using strings = std::vector<std::string>;

constexpr std::chrono::seconds patience{60};  // what is not shown within it is not shown at all

struct stage {
  unsigned short columns = 0;  ///< of the terminal that stderr is; 0: it is a pipe
  strings variables{"TERM=xterm"};
  bool has_output = false;  ///< stdout is there as well
};

/// A word count whose stderr is looked at.
class shown_job {
 public:
  shown_job(const strings& arguments, const stage& on) {
    const unique_fd far_end = on.columns == 0 ? open_pipe() : open_terminal(on.columns);
    strings texts = {WEIR_VICTIM, "run"};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    for (const auto& more : {"state.dir=" + (scratch_.path() / "state").string(),
                             std::string("rest.port=-1"), std::string("parallelism.default=1")}) {
      texts.insert(texts.end(), {"-D", more});
    }
    std::vector<char*> argv;
    for (auto& text : texts) argv.push_back(text.data());
    argv.push_back(nullptr);
    child_ = fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) become(argv, on, far_end.get());
  }
  ~shown_job() {
    if (child_ > 0) {
      kill(-child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
  }
  shown_job(const shown_job&) = delete;
  shown_job& operator=(const shown_job&) = delete;

  /// Until the screen shows it.
  void look_until(const std::function<bool(const terminal_screen&)>& seen) {
    while (!seen(screen_)) REQUIRE_MESSAGE(read_some(), text());
  }
  /// To the end of the program; its exit code.
  int look_to_the_end() {
    while (read_some()) {
    }
    int status = 0;
    REQUIRE(waitpid(child_, &status, 0) == child_);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void send(int number) const { kill(child_, number); }
  void type(char key) const { REQUIRE(write(near_end_.get(), &key, 1) == 1); }
  const terminal_screen& screen() const { return screen_; }
  const std::string& bytes() const { return bytes_; }
  std::string text() const {
    std::string all;
    for (const auto& row : screen_.rows()) all += row + "\n";
    return all + screen_.last_row();
  }

 private:
  unique_fd open_pipe() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    near_end_ = unique_fd(ends[0]);
    return unique_fd(ends[1]);
  }
  unique_fd open_terminal(unsigned short columns) {
    near_end_ = unique_fd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(near_end_);
    REQUIRE(grantpt(near_end_.get()) == 0);
    REQUIRE(unlockpt(near_end_.get()) == 0);
    unique_fd far_end(open(ptsname(near_end_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(far_end);
    winsize size{};
    size.ws_row = 24;
    size.ws_col = columns;
    REQUIRE(ioctl(near_end_.get(), TIOCSWINSZ, &size) == 0);
    termios modes{};
    REQUIRE(tcgetattr(far_end.get(), &modes) == 0);
    modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);  // keys that are pressed are no output
    REQUIRE(tcsetattr(far_end.get(), TCSANOW, &modes) == 0);
    return far_end;
  }

  [[noreturn]] static void become(const std::vector<char*>& argv, const stage& on, int far_end) {
    for (const auto& entry : environment_variables()) {
      if (entry.starts_with("WEIR_")) unsetenv(entry.substr(0, entry.find('=')).c_str());
    }
    unsetenv("NO_COLOR");
    for (const auto& variable : on.variables) {
      const auto equals = variable.find('=');
      setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
    }
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (on.columns != 0) ioctl(far_end, TIOCSCTTY, 0);
    for (const int number : {SIGINT, SIGTERM}) signal(number, SIG_DFL);
    const int nowhere = open("/dev/null", O_RDWR);
    if (on.columns == 0) dup2(nowhere, STDIN_FILENO);
    dup2(on.has_output ? far_end : nowhere, STDOUT_FILENO);
    dup2(far_end, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }

  /// False at the end: nobody has the other side open any more.
  bool read_some() {
    pollfd wanted{near_end_.get(), POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - now());
    const int ready = poll(&wanted, 1, std::max(0, static_cast<int>(left.count())));
    REQUIRE_MESSAGE(ready == 1, text());
    std::array<char, 4096> block{};
    const auto count = read(near_end_.get(), block.data(), block.size());
    if (count <= 0) return false;  // a terminal says EIO
    const std::string_view more(block.data(), static_cast<std::size_t>(count));
    bytes_ += more;
    screen_.put(more);
    return true;
  }

  static std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

  scratch_directory scratch_;
  std::chrono::steady_clock::time_point deadline_ = now() + patience;
  unique_fd near_end_;
  pid_t child_ = -1;
  terminal_screen screen_;
  std::string bytes_;
};

strings word_count_of(const std::string& lines, strings more = {}) {
  strings all = {"--input",  "generate:" + lines,
                 "--output", "none",
                 "-D",       "execution.checkpointing.interval=20 ms"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
const std::string endless = "4000000000";

/// What the live line has shown, without nothing.
strings shown_lines(const terminal_screen& screen) {
  strings lines;
  for (const auto& row : screen.erased()) {
    if (!row.empty()) lines.push_back(row);
  }
  return lines;
}

std::size_t rows_with(const terminal_screen& screen, const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(screen.rows().begin(), screen.rows().end(),
                    [&](const auto& row) { return row.find(text) != row.npos; }));
}

/// Every row is one whole line of the log, and nothing stands behind the last.
void check_log_is_whole(const terminal_screen& screen) {
  static const std::regex line(
      "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}[+-]\\d\\d:\\d\\d "
      "(debug|info|warning|error) [a-z]+ .*");
  static const std::regex time("\\dT\\d\\d:\\d\\d:\\d\\d");
  for (const auto& row : screen.rows()) {
    CAPTURE(row);
    CHECK(std::regex_match(row, line));
    const auto times = std::distance(std::sregex_iterator(row.begin(), row.end(), time), {});
    CHECK(times == 1);
    CHECK(row.find("records/s  [") == row.npos);
  }
  CHECK(screen.last_row().empty());
  CHECK(screen.unknown().empty());
}

}  // namespace

TEST_CASE(
    "on a terminal one line is written anew, below whole lines of the log, and goes at the end") {
  shown_job job(word_count_of(endless),
                {.columns = 120, .variables = {"TERM=xterm", "WEIR_LOG=debug"}});
  strings different;
  // The line is moved down by every line of the log, but not all of these are new.
  job.look_until([&](const terminal_screen& screen) {
    different = shown_lines(screen);
    different.erase(std::unique(different.begin(), different.end()), different.end());
    return different.size() >= 4 && shown_lines(screen).size() >= different.size() + 20;
  });
  job.send(SIGINT);
  CHECK(job.look_to_the_end() == 128 + SIGINT);

  const auto& screen = job.screen();
  CAPTURE(job.text());
  check_log_is_whole(screen);
  CHECK(rows_with(screen, "debug coordinator checkpoint complete") >= 20);
  CHECK(rows_with(screen, "FINISHED after") == 1);
  CHECK(screen.rows().back().find("info program FINISHED after") != std::string::npos);
  CHECK(screen.colours() > 0);
  static const std::regex full(
      "word-count RUNNING  [0-9,]+ records/s  \\[[#-]{10}\\] \\d+ %, .* left  checkpoint .* ago, "
      "took .*");
  CHECK(std::any_of(different.begin(), different.end(),
                    [](const auto& line) { return std::regex_match(line, full); }));
  for (const auto& line : shown_lines(screen)) {
    CAPTURE(line);
    CHECK(line.starts_with("word-count "));
    CHECK(line.size() < 120);
  }
}

TEST_CASE("the line is narrower than the terminal, and without colours when these are not wanted") {
  shown_job job(word_count_of(endless), {.columns = 45, .variables = {"TERM=xterm", "NO_COLOR=1"}});
  job.look_until([](const terminal_screen& screen) { return shown_lines(screen).size() >= 3; });
  job.send(SIGTERM);
  CHECK(job.look_to_the_end() == 128 + SIGTERM);

  check_log_is_whole(job.screen());
  CHECK(job.screen().colours() == 0);
  for (const auto& line : shown_lines(job.screen())) {
    CAPTURE(line);
    CHECK(line.starts_with("word-count RUNNING"));
    CHECK(line.size() < 45);
  }
}

TEST_CASE("restarts are counted on the line while they are logged above it") {
  shown_job job(
      word_count_of(endless, {"-D", "weir.injection.enabled=true", "-D",
                              "weir.injection.plan=throw task=count/0 chance=0.01 times=20", "-D",
                              "restart-strategy.exponential-delay.initial-backoff=1 ms"}),
      {.columns = 160});
  job.look_until([](const terminal_screen& screen) {
    const auto shown = shown_lines(screen);
    return rows_with(screen, "task failed") >= 3 && !shown.empty() &&
           shown.back().find(" restarts") != std::string::npos;
  });
  job.send(SIGINT);
  job.look_to_the_end();
  check_log_is_whole(job.screen());
}

TEST_CASE("the line of a process that is killed is gone before its guard says so") {
  shown_job job(word_count_of(endless, {"--guard", "-D", "weir.injection.enabled=true", "-D",
                                        "weir.injection.plan=kill9 task=count/0 epoch=30"}),
                {.columns = 100});
  job.look_until([](const terminal_screen& screen) {
    return rows_with(screen, "guard: started process") == 2 && !shown_lines(screen).empty() &&
           screen.last_row().starts_with("word-count RUNNING");
  });
  job.type('\x03');  // Ctrl-C
  CHECK(job.look_to_the_end() == 128 + SIGINT);
  CAPTURE(job.text());
  CHECK(rows_with(job.screen(), "died of SIGKILL") == 1);
  check_log_is_whole(job.screen());
}

TEST_CASE("the line of a job that hangs is gone when its process ends") {
  shown_job job(
      word_count_of(endless, {"-D", "weir.injection.enabled=true", "-D", "task.hang.timeout=500 ms",
                              "-D", "weir.injection.plan=hang task=count/0 epoch=30"}),
      {.columns = 100});
  CHECK(job.look_to_the_end() == exit_hung);
  CHECK_FALSE(shown_lines(job.screen()).empty());
  check_log_is_whole(job.screen());
}

TEST_CASE("in a pipe, and on a terminal that can do nothing, there are lines of the log alone") {
  for (const auto& on : {stage{.columns = 0, .variables = {"TERM=xterm", "WEIR_LOG=debug"}},
                         stage{.columns = 80, .variables = {"TERM=dumb", "WEIR_LOG=debug"}}}) {
    shown_job job(word_count_of(endless), on);
    // More than a second, in which a line would have been shown.
    job.look_until([](const terminal_screen& screen) {
      return rows_with(screen, "checkpoint complete") >= 60;
    });
    job.send(SIGINT);
    CHECK(job.look_to_the_end() == 128 + SIGINT);
    CHECK(job.bytes().find('\x1b') == std::string::npos);
    CHECK((on.columns != 0 || job.bytes().find('\r') == std::string::npos));
    check_log_is_whole(job.screen());
    CHECK(job.screen().rows().back().find("FINISHED after") != std::string::npos);
  }
}

TEST_CASE("there is no line where the job prints its records") {
  shown_job job({"--input", "generate:20000"}, {.columns = 80, .has_output = true});
  CHECK(job.look_to_the_end() == exit_finished);
  CHECK(job.bytes().find('\x1b') == std::string::npos);
  CHECK(job.screen().rows().size() > 200'000);
}

}  // namespace weir
