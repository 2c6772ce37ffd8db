// SPDX-License-Identifier: Apache-2.0
// element is what a channel carries, in order: a batch, a marker, or the end of the stream. credit_return is what travels
// back: the emptied batch, and with it the right to send another one.
//
// Owner:      a value; moves from the sending task to the receiving one.
// Invariants: a channel's elements of one attempt arrive in the order in which they were sent (P1), batches numbered
//             from 0 without gaps, and every marker and end carries the counts since the last marker (P2).
#pragma once

#include <cstdint>

#include "weir/core/batch.hpp"
#include "weir/core/ids.hpp"

namespace weir {

struct element {
  enum class kind : std::uint8_t { batch, marker, end };

  kind what = kind::batch;
  std::uint32_t channel = 0;  ///< number of the channel among the receiver's inputs
  attempt_id attempt;
  std::uint64_t number = 0;   ///< batch: how many came before it on this channel
  epoch_id epoch;             ///< marker
  std::uint64_t batches = 0;  ///< marker, end: batches since the last marker
  std::uint64_t records = 0;  ///< marker, end: records since the last marker
  batch_ptr content;          ///< batch
};

struct credit_return {
  attempt_id attempt;
  std::uint32_t exchange = 0;  ///< index in the plan
  std::uint32_t channel = 0;   ///< the sender's number of the channel within the exchange
  batch_ptr emptied;
};

/// Batches in flight on a channel at most. With 8 batches of 1,024 small records both sides stay busy through a scheduling
/// round, and what is in flight still fits the second-level cache: 4 starve a counter at parallelism 1 by a fifth, 16
/// cost up to a tenth, and more only adds to what a marker must pass.
inline constexpr std::uint32_t channel_credits = 8;

}  // namespace weir
