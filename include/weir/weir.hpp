// SPDX-License-Identifier: Apache-2.0
// All of weir's public API. Start reading at environment.hpp and stream.hpp.
#pragma once

#include "weir/core/codec.hpp"
#include "weir/core/record.hpp"
#include "weir/environment.hpp"
#include "weir/operators.hpp"
#include "weir/poison.hpp"
#include "weir/program.hpp"
#include "weir/sinks.hpp"
#include "weir/sources.hpp"
#include "weir/state.hpp"
#include "weir/stream.hpp"
