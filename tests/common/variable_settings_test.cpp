// SPDX-License-Identifier: Apache-2.0
// Specifies which environment variables are settings, which are not, and that a typing error is
// never silent.
#include "common/variable_settings.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "common/configuration.hpp"
#include "common/words.hpp"

using weir::read_variables;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("a variable is its key in upper case, with underscores, and weir. is not said twice") {
  const std::vector<std::string> environment = {"PATH=/bin",
                                                "WEIR_EXECUTION_CHECKPOINTING_INTERVAL=250 ms",
                                                "WEIR_REST_PORT=0",
                                                "WEIR_REST_TOKEN=a=b",
                                                "WEIR_WEB_EXCEPTION_HISTORY_SIZE=3",
                                                "weir_rest_address=x"};
  const auto read = read_variables(environment);

  CHECK(read.mistakes.empty());
  REQUIRE(read.given.size() == 4);
  CHECK(read.given[0].key == "execution.checkpointing.interval");
  CHECK(read.given[0].value == "250 ms");
  CHECK(read.given[0].origin == "WEIR_EXECUTION_CHECKPOINTING_INTERVAL");
  CHECK(read.given[1].key == "rest.port");
  CHECK(read.given[2].key == "weir.rest.token");
  CHECK(read.given[2].value == "a=b");
  CHECK(read.given[3].key == "web.exception-history-size");
}

TEST_CASE("every key and every old name can be set by a variable of its own, and none is weir's") {
  for (const auto& key : weir::configuration_keys()) {
    CAPTURE(key.name);
    if (key.name.find('<') != key.name.npos) continue;
    auto names = weir::detail::words(key.old_names);
    names.push_back(key.name);
    for (const auto name : names) {
      const auto variable = weir::variable_of(name);
      CHECK_FALSE(weir::is_own_variable(variable));
      const auto read = read_variables(std::vector<std::string>{variable + "=x"});
      REQUIRE(read.given.size() == 1);
      CHECK(read.given[0].key == name);
    }
  }
}

TEST_CASE("a variable that begins with WEIR_ and is nothing is refused with the nearest one") {
  const std::vector<std::string> environment = {"WEIR_REST_PROT=hush", "WEIR_=", "WEIR_X",
                                                "WEIR_METRICS_REPORTER_PROM_PORT=1"};
  const auto read = read_variables(environment);

  CHECK(read.given.empty());
  REQUIRE(read.mistakes.size() == 4);
  CHECK(read.mistakes[0] ==
        "WEIR_REST_PROT: no setting has this variable; the nearest one is WEIR_REST_PORT, of "
        "rest.port");
  for (const auto& mistake : read.mistakes) CHECK_FALSE(has(mistake, "hush"));
}

TEST_CASE("variables that weir, its tests and containers use are left alone") {
  const std::vector<std::string> environment = {"WEIR_LOG=debug",      "WEIR_GUARD_FD=7",
                                                "WEIR_TEST_SEED=1",    "WEIR_SEED=1",
                                                "WEIR_SIMULATIONS=9",  "WEIR_SERVICE_HOST=10.0.0.1",
                                                "WEIR_PORT=tcp://x:1", "WEIR_PORT_8081_TCP=tcp:x",
                                                "WEIR_FIRST_SEED=2",   "WEIR_CRASHES=1"};
  const auto read = read_variables(environment);

  CHECK(read.given.empty());
  CHECK(read.mistakes.empty());
}

TEST_CASE("one setting by its old and its new name is ambiguous") {
  const std::vector<std::string> environment = {"WEIR_STATE_BACKEND=memory",
                                                "WEIR_STATE_BACKEND_TYPE=rocksdb"};
  const auto read = read_variables(environment);

  REQUIRE(read.mistakes.size() == 1);
  CHECK(read.mistakes[0] ==
        "WEIR_STATE_BACKEND_TYPE: state.backend.type is given twice, also by WEIR_STATE_BACKEND");
}

TEST_CASE("a bad value names its variable and key") {
  const auto made =
      weir::configuration::from(read_variables(std::vector<std::string>{"WEIR_REST_PORT="}));

  REQUIRE_FALSE(made);
  CHECK(has(made.error().message, "WEIR_REST_PORT: rest.port = \"\""));
  CHECK(has(made.error().message, "expected an integer from -1 to 65535"));
}
