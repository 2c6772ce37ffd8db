// SPDX-License-Identifier: Apache-2.0
// team is the message by which a coordinator learns whom it works with; its job starts then.
//
// Owner:      a value.
#pragma once

#include <caf/actor.hpp>
#include <caf/all.hpp>

namespace weir {

struct team {
  caf::actor supervisor;
  caf::actor store;
};

}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::team)
