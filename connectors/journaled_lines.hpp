// SPDX-License-Identifier: Apache-2.0
// Journaled lines whose disk and peer are somebody else's: a simulation's.
//
// Owner:      functions.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "connectors/journaled_intake.hpp"
#include "weir/core/line_feed.hpp"

namespace weir {

/// Gets the settings of each attempt before they are used.
using intake_change = std::function<void(intake_settings&)>;

/// As make_journaled_socket_lines, on what `change` puts in the place of directory and socket.
std::unique_ptr<line_feed> make_journaled_lines(std::string uid, socket_lines_options socket,
                                                journal_options journal, intake_change change);

}  // namespace weir
