// SPDX-License-Identifier: Apache-2.0
// manifest is the table of contents of one complete checkpoint: who wrote it, and for every task,
// operator and state which blobs, in which order, make up its image. It is written last, so that a
// manifest means a checkpoint (P12).
//
// Owner:      a value; built by the coordinator from the tasks' acks, kept by the snapshot store.
// Invariants: `decode_manifest(encode_manifest(m)) == m`; decoding never throws and never reads
//             outside its bytes, whatever they are.
// Source:     the bytes are a Cap'n Proto message, serialization/manifest.capnp; docs/formats.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "weir/core/bytes.hpp"
#include "weir/core/chunk.hpp"
#include "weir/core/ids.hpp"
#include "weir/core/key_group.hpp"
#include "weir/core/result.hpp"

namespace weir {

/// Where one stored chunk lies, and what it must look like when it is read back.
struct chunk_ref {
  chunk_kind kind = chunk_kind::entries;
  std::uint64_t blob = 0;      ///< sequence number of the blob in its store, from 1
  key_group_range groups;      ///< every entry's key group lies in it
  std::uint32_t entries = 0;   ///< lets a restore reserve its table
  std::uint32_t bytes = 0;     ///< length of the chunk's bytes
  std::uint64_t checksum = 0;  ///< XXH3 over the stored value: the chunk's header and its bytes

  bool operator==(const chunk_ref&) const = default;
};

/// One state of one subtask, in apply order: the full image, then the deltas on it.
struct state_snapshot {
  std::string name;
  std::string schema;              ///< the codecs' schema text; a restore compares it
  bool full = true;                ///< what this epoch added was a full image (chain_length is 1)
  epoch_id base;                   ///< of a delta: the checkpoint that it is relative to (P10)
  std::uint64_t entries = 0;       ///< live entries at the cut; 0 when not known
  std::vector<chunk_ref> chunks;   ///< of the whole chain, not only of this epoch
  std::uint32_t chain_length = 1;  ///< the full image and its deltas

  bool operator==(const state_snapshot&) const = default;
};

/// A source's position in one split; it goes with the split, never with the subtask (P21).
struct source_split {
  std::string id;
  byte_vector position;

  bool operator==(const source_split&) const = default;
};

struct operator_snapshot {
  std::string uid;
  std::string schema;  ///< of the operator itself: what its splits and intents are written as
  std::vector<state_snapshot> states;
  std::vector<source_split> splits;
  std::vector<byte_vector>
      intents;  ///< commits that a sink has prepared and nobody has confirmed (P17)

  bool operator==(const operator_snapshot&) const = default;
};

/// Watermark and idleness of one input channel at the cut (P11).
struct channel_snapshot {
  std::string input;           ///< name of the exchange
  std::uint32_t sender = 0;    ///< subtask of the sending chain
  std::int64_t watermark = 0;  ///< event time in milliseconds; INT64_MIN before the first
  bool idle = false;
  bool finished = false;

  bool operator==(const channel_snapshot&) const = default;
};

struct task_snapshot {
  std::string task;  ///< name of the chain
  std::uint32_t subtask = 0;
  std::uint32_t parallelism = 1;
  bool finished = false;  ///< the task had seen the end of its input (P16)
  std::vector<operator_snapshot> operators;
  std::vector<channel_snapshot> channels;

  bool operator==(const task_snapshot&) const = default;
};

/// What sets a checkpoint apart from the periodic ones. Stored: values are never reused or
/// reordered.
enum class checkpoint_kind : std::uint8_t {
  periodic = 0,
  savepoint = 1,  ///< owned by the user: retention does not count or delete it
  initial = 2,    ///< epoch 0: positions of the sources, empty state (P5)
  final = 3,      ///< the last one of a bounded job (P16)
};

struct manifest {
  epoch_id epoch;
  attempt_id attempt;
  fence_id fence;
  checkpoint_kind kind = checkpoint_kind::periodic;
  std::string job;
  std::string build;  ///< of the program that wrote it, for people only
  std::uint64_t graph_fingerprint = 0;
  std::uint32_t key_hash_version = 0;
  std::uint64_t created_unix_ms = 0;  ///< filled in by the store
  bool finished = false;              ///< the job had ended
  std::vector<std::string>
      unreleasable_sinks;  ///< uids that cannot recognise released epochs (P18)
  std::vector<task_snapshot> tasks;

  bool operator==(const manifest&) const = default;
};

/// The manifest as a sealed frame (frame.hpp). Fails with `limit` if it would exceed
/// manifest_bytes_max.
result<byte_vector> encode_manifest(const manifest& value);

/// Errors: corrupt (checksum, length, form), incompatible (a newer format, or an unknown chunk
/// kind).
result<manifest> decode_manifest(std::span<const std::byte> frame);

inline constexpr std::size_t manifest_bytes_max = std::size_t{256} << 20;

}  // namespace weir
