// SPDX-License-Identifier: Apache-2.0
#include "rest/rest_settings.hpp"

#include "rest/access_rules.hpp"

namespace weir::rest {

rest_settings rest_settings::from(const configuration& config, serving by_default) {
  WEIR_CHECK(rule().holds(config));
  rest_settings made;
  const auto port = config.get_integer("rest.port");
  made.port_was_set = config.is_set("rest.port");
  if (port >= 0 && (made.port_was_set || by_default == serving::always)) {
    made.port = static_cast<std::uint16_t>(port);
  }
  made.bind_address = config.get_text("rest.bind-address");
  made.name = config.get_text("rest.address");
  if (config.has_value("weir.rest.token")) made.token = config.get_text("weir.rest.token");
  made.keep_triggers = config.get_duration("rest.async.store-duration");
  made.may_cancel = config.get_boolean("web.cancel.enable");
  return made;
}

settings_rule rest_settings::rule() {
  return {
      {"rest.bind-address", "weir.rest.token", "rest.port"},
      [](const configuration& config) -> std::string {
        if (config.get_integer("rest.port") < 0 || config.has_value("weir.rest.token") ||
            is_loopback(config.get_text("rest.bind-address"))) {
          return {};
        }
        return "the address reaches beyond this machine; expected weir.rest.token to be set, or "
               "an address of the loopback such as 127.0.0.1";
      }};
}

}  // namespace weir::rest
