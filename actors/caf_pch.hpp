// SPDX-License-Identifier: Apache-2.0
// The precompiled header of the few files that include CAF (it takes 4 seconds to parse).
#pragma once

#include <caf/all.hpp>
