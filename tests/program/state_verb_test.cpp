// SPDX-License-Identifier: Apache-2.0
// weir-state and the verb `state` as real processes: exit codes and output, on a finished job's directory and on the one of
// a job that runs, which it must not disturb.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "common/scratch_directory.hpp"
#include "tests/crash/victim.hpp"

namespace {

namespace fs = std::filesystem;
using weir::scratch_directory;

struct finished {
  int code = -1;
  std::string output;  // of both streams
};

finished run(const std::string& command) {
  finished found;
  FILE* pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char block[4096];
  for (std::size_t size; (size = std::fread(block, 1, sizeof block, pipe)) != 0;) {
    found.output.append(block, size);
  }
  const int status = ::pclose(pipe);
  found.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return found;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string tool = WEIR_STATE;
const std::string word_count = WEIR_VICTIM;

std::string settings(const fs::path& state) {
  return " --input generate:2000 --output none -D parallelism.default=2 -D state.dir=" +
         state.string();
}

/// Wherever it stands in the state's file; both are equally long.
void overwrite(const fs::path& state, const std::string& from, const std::string& to) {
  const fs::path file = state / "snapshots.mdb" / "data.mdb";
  std::string bytes = weir::crash::read_file(file);
  std::size_t found = 0;
  for (auto at = bytes.find(from); at != bytes.npos; at = bytes.find(from, at + 1), ++found) {
    bytes.replace(at, from.size(), to);
  }
  REQUIRE(found > 0);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// A word count that has run to its end.
struct counted {
  counted() : state(directory.path() / "state") {
    const auto ran = run(word_count + " run" + settings(state));
    REQUIRE_MESSAGE(ran.code == 0, ran.output);
  }
  scratch_directory directory;
  fs::path state;
};

}  // namespace

TEST_CASE("weir-state lists, dumps and verifies without the program") {
  const counted job;
  const std::string place = " " + job.state.string();

  const auto list = run(tool + " list" + place);
  CHECK(list.code == 0);
  CHECK(has(list.output, "Job word-count"));
  CHECK(has(list.output, "the job had finished"));

  const auto dump = run(tool + " dump" + place + " --operator count --key w7");
  CHECK(dump.code == 0);
  CHECK(has(dump.output, "\"w7\"\t20\n"));

  const auto json = run(tool + " dump" + place + " --state seen --format json --limit 1");
  CHECK(json.code == 0);
  CHECK(has(json.output, R"({"operator":"count","subtask":0,"state":"seen","key":"w)"));
  CHECK(has(json.output, "stopped after 1 lines (--limit)"));

  CHECK(run(tool + " verify" + place).code == 0);
  CHECK(nlohmann::json::parse(run(tool + " list --json" + place).output)["job"] == "word-count");
  CHECK(nlohmann::json::parse(run(tool + " verify --json" + place).output)["sound"] == true);
}

TEST_CASE("exit codes: 1 no such key, 2 usage, 3 what cannot be read") {
  const counted job;
  const std::string place = " " + job.state.string();
  CHECK(run(tool + " dump" + place + " --key nowhere").code == 1);
  CHECK(run(tool).code == 2);
  CHECK(run(tool + " list").code == 2);
  CHECK(run(tool + " dump" + place + " --format xml").code == 2);
  CHECK(run(tool + " dump" + place + " --operator x").code == 2);
  CHECK(run(tool + " dump" + place + " --checkpoint 999").code == 3);
  CHECK(run(tool + " list /nowhere").code == 3);
  CHECK(run(tool + " --help").code == 0);

  // One byte in the middle of the file: LMDB's pages or a chunk.
  const fs::path file = job.state / "snapshots.mdb" / "data.mdb";
  std::fstream data(file, std::ios::in | std::ios::out | std::ios::binary);
  for (std::uintmax_t at = fs::file_size(file) / 4; at < fs::file_size(file); at += 64) {
    data.seekp(static_cast<std::streamoff>(at));
    data.put('!');
  }
  data.close();
  const auto damaged = run(tool + " verify" + place);
  CHECK(damaged.code == 3);
  CHECK(damaged.output.size() > 10);
}

TEST_CASE("a shell completes the tool's commands and options") {
  const auto completed = [](const std::string& words) {
    return run("bash -c 'source <(" + tool + " completion bash); COMP_WORDS=(weir-state " + words +
               "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _weir_weir_state; "
               "printf \"%s\\n\" \"${COMPREPLY[@]}\"'")
        .output;
  };
  CHECK(completed("v") == "verify\n");
  CHECK(completed("dump --value") == "--value-limit\n");
}

TEST_CASE("damage of a chunk, or of a manifest, gives exit code 3 wherever it matters") {
  const counted job;
  const std::string place = " " + job.state.string();

  SUBCASE("a chunk: verify and dump, not list") {
    overwrite(job.state, "w777", "w778");
    const auto verified = run(tool + " verify" + place);
    CHECK(verified.code == 3);
    CHECK(has(verified.output, "DAMAGED"));
    CHECK(has(run(tool + " verify --json" + place).output, "\"sound\": false"));
    CHECK(run(tool + " dump --operator count" + place).code == 3);
    CHECK(run(tool + " list" + place).code == 0);
  }
  SUBCASE("a manifest: also list, which shows the others") {
    overwrite(job.state, "map<string,i64>", "map<string,u64>");
    const auto list = run(tool + " list" + place);
    CHECK(list.code == 3);
    CHECK(has(list.output, "damaged: checkpoint"));
    CHECK(run(tool + " verify" + place).code == 3);
  }
}

TEST_CASE("a full standard output is told") {
  const counted job;
  const auto full = run(tool + " dump " + job.state.string() + " > /dev/full");
  CHECK(full.code == 1);
  CHECK(has(full.output, "cannot write to standard output"));
}

TEST_CASE("the program's own verb finds its directory, and checks whether it fits") {
  const counted job;
  CHECK(run(word_count + " state list" + settings(job.state)).code == 0);
  // Which graph the options make matters to `check` alone.
  const std::string where = " -D state.dir=" + job.state.string();
  const auto list = run(word_count + " state list" + where);
  CHECK_MESSAGE(list.code == 0, list.output);
  CHECK(has(list.output, "Job word-count"));
  CHECK(run(word_count + " state check --from 1" + where).code == 2);
  CHECK(run(word_count + " state verify " + job.state.string()).code == 0);

  const auto fits = run(word_count + " state check" + settings(job.state));
  CHECK(fits.code == 0);
  CHECK(has(fits.output, "Fits: the job would go on from checkpoint"));
  CHECK(has(fits.output, "keeps nothing"));  // split

  // By a directory on the command line, whatever the settings say.
  const auto given = run(word_count + " state check --json " + job.state.string() +
                         " --input generate:2000 --output none");
  CHECK(nlohmann::json::parse(given.output)["fits"] == true);

  const auto other = run(word_count + " state check -D pipeline.name=other" + settings(job.state));
  CHECK(other.code == 3);
  CHECK(has(other.output, "Refused: "));
  CHECK(run(word_count + " state check --from 999" + settings(job.state)).code == 3);
  CHECK(run(word_count + " state check --input nonsense").code == 2);
}

TEST_CASE("check refuses what a sink would repeat, unless that is allowed") {
  const counted job;
  const auto listed =
      nlohmann::json::parse(run(tool + " list --json " + job.state.string()).output);
  const std::string older = std::to_string(listed["checkpoints"][1]["id"].get<int>());
  const std::string question = word_count + " state check -D state.dir=" + job.state.string() +
                               " --input generate:2000 --output print --from " + older;
  const auto refused = run(question);
  CHECK(refused.code == 3);
  CHECK(has(refused.output, "would repeat it"));
  CHECK(run(question + " --allow-duplicates").code == 0);
}

TEST_CASE("beside a job that runs: what it shows is complete, and the job is not disturbed") {
  const scratch_directory directory;
  const fs::path state = directory.path() / "state";
  weir::crash::victim job(
      {"run", "--input", "generate:100000000", "--output", "none", "-D",
       "execution.checkpointing.interval=10 ms", "-D", "state.dir=" + state.string()},
      directory.path() / "log");
  const auto deadline = std::chrono::steady_clock::now() + weir::crash::patience;
  const auto in_time = [&] { return std::chrono::steady_clock::now() < deadline; };
  while (run(tool + " dump " + state.string() + " --key w7").code != 0 && in_time()) {
    REQUIRE(job.running());  // until its first checkpoint that holds something
  }
  int verified = 0;
  int dumped = 0;
  int refused = 0;
  while (verified + dumped < 10 && in_time()) {
    REQUIRE(job.running());
    const bool dumps = dumped < verified;
    const auto found = run(tool + (dumps ? " dump --key w7 " : " verify ") + state.string());
    const bool whole = found.code == 0 && has(found.output, dumps ? "\"w7\"\t" : ": sound, ");
    (dumps ? dumped : verified) += whole ? 1 : 0;
    refused += found.code == 3 ? 1 : 0;
    CHECK_MESSAGE((whole || found.code == 3), found.output);
    CHECK_FALSE(has(found.output, "DAMAGED"));
    CHECK_FALSE(has(found.output, "corrupt"));
  }
  CHECK(verified + dumped == 10);
  MESSAGE("refused because the job was too fast: " << refused);
  CHECK(job.running());
  CHECK(run(word_count + " run" + settings(state)).code == 3);  // the job still holds it
}
