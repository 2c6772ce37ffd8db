// SPDX-License-Identifier: Apache-2.0
// for_each_element reads the elements of a list state back, also those that were written before their type gained fields.
//
// Owner:      a pure function.
#pragma once

#include <string>
#include <utility>

#include "weir/core/codec.hpp"
#include "weir/core/image.hpp"
#include "weir/core/result.hpp"
#include "weir/core/schema_evolution.hpp"

namespace weir::detail {

/// Calls take(T&&) for each element. An image without a schema has today's. Errors: incompatible, corrupt; the message
/// begins with `what`.
template <class T, class Take>
result<void> for_each_element(const list_image& written, const std::string& what, Take take) {
  const evolved_decoder<T> decoder(written.schema.empty() ? codec<T>::schema() : written.schema);
  if (decoder.outcome().change == schema_change::incompatible) {
    return error{error_code::incompatible, what + " was " + written.schema + ", is now " +
                                               codec<T>::schema() + " (" +
                                               decoder.outcome().message + ")"};
  }
  for (const auto& piece : written.chunks) {
    byte_reader reader(piece.bytes);
    for (std::uint32_t i = 0; i < piece.entries; ++i) {
      T element{};
      if (!decoder.decode(reader, element) || reader.failed()) {
        return error{error_code::corrupt, what + " does not decode"};
      }
      take(std::move(element));
    }
  }
  return {};
}

}  // namespace weir::detail
