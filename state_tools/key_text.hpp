// SPDX-License-Identifier: Apache-2.0
// encode_key turns a key as a user writes it into the bytes under which it is stored, knowing only its schema: a string as
// it is, everything else as value_writer writes it in JSON.
//
// Owner:      a function without state.
// Invariants: for every key, encode_key(its JSON) gives its codec's bytes; no text crashes it.
#pragma once

#include <string_view>

#include "weir/core/bytes.hpp"
#include "weir/core/result.hpp"
#include "weir/core/schema.hpp"

namespace weir {

/// Errors: invalid_argument, which names the text, the place in it and what was expected there.
result<byte_vector> encode_key(const schema_node& type, std::string_view text);

}  // namespace weir
