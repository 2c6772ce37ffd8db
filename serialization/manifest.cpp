// SPDX-License-Identifier: Apache-2.0
#include "serialization/manifest.hpp"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <cstring>
#include <exception>

#include "manifest.capnp.h"
#include "serialization/frame.hpp"

namespace weir {
namespace {

constexpr std::uint32_t readable_manifest = 1;

// Every pointer is followed a constant number of times, so that an honest message never traverses
// more than a few times its own size; a crafted one ends here (the library's default of 64 MiB is
// too small for honest ones).
capnp::ReaderOptions limits_for(std::size_t words) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = std::uint64_t{words} * 4 + 1024;
  options.nestingLimit = 16;
  return options;
}

kj::ArrayPtr<const kj::byte> as_kj(const byte_vector& bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}

byte_vector to_bytes(capnp::Data::Reader data) {
  const auto* begin = reinterpret_cast<const std::byte*>(data.begin());
  return byte_vector(begin, begin + data.size());
}

std::string to_text(capnp::Text::Reader text) {
  return std::string(text.begin(), text.size());
}

unsigned count(std::size_t size) {
  return static_cast<unsigned>(size);
}

// ---- writing ----

void write(schema::Chunk::Builder out, const chunk_ref& from) {
  out.setBlob(from.blob);
  out.setChecksum(from.checksum);
  out.setEntries(from.entries);
  out.setBytes(from.bytes);
  out.setFirstGroup(static_cast<std::uint16_t>(from.groups.first));
  out.setLastGroup(static_cast<std::uint16_t>(from.groups.last));
  out.setKind(static_cast<std::uint8_t>(from.kind));
}

void write(schema::State::Builder out, const state_snapshot& from) {
  out.setName(from.name);
  out.setSchema(from.schema);
  out.setFull(from.full);
  out.setBase(from.base.value);
  out.setEntries(from.entries);
  out.setChainLength(from.chain_length);
  auto chunks = out.initChunks(count(from.chunks.size()));
  for (unsigned i = 0; i < chunks.size(); ++i) write(chunks[i], from.chunks[i]);
}

void write(schema::Split::Builder out, const source_split& from) {
  out.setId(from.id);
  out.setPosition(as_kj(from.position));
}

void write(schema::Operator::Builder out, const operator_snapshot& from) {
  out.setUid(from.uid);
  out.setSchema(from.schema);
  auto states = out.initStates(count(from.states.size()));
  for (unsigned i = 0; i < states.size(); ++i) write(states[i], from.states[i]);
  auto splits = out.initSplits(count(from.splits.size()));
  for (unsigned i = 0; i < splits.size(); ++i) write(splits[i], from.splits[i]);
  auto intents = out.initIntents(count(from.intents.size()));
  for (unsigned i = 0; i < intents.size(); ++i) intents.set(i, as_kj(from.intents[i]));
}

void write(schema::Channel::Builder out, const channel_snapshot& from) {
  out.setInput(from.input);
  out.setSender(from.sender);
  out.setWatermark(from.watermark);
  out.setIdle(from.idle);
  out.setFinished(from.finished);
}

void write(schema::Task::Builder out, const task_snapshot& from) {
  out.setName(from.task);
  out.setSubtask(from.subtask);
  out.setParallelism(from.parallelism);
  out.setFinished(from.finished);
  auto operators = out.initOperators(count(from.operators.size()));
  for (unsigned i = 0; i < operators.size(); ++i) write(operators[i], from.operators[i]);
  auto channels = out.initChannels(count(from.channels.size()));
  for (unsigned i = 0; i < channels.size(); ++i) write(channels[i], from.channels[i]);
}

void write(schema::Manifest::Builder out, const manifest& from) {
  out.setEpoch(from.epoch.value);
  out.setAttempt(from.attempt.value);
  out.setFence(from.fence.value);
  out.setKind(static_cast<std::uint8_t>(from.kind));
  out.setJob(from.job);
  out.setBuild(from.build);
  out.setGraphFingerprint(from.graph_fingerprint);
  out.setKeyHashVersion(from.key_hash_version);
  out.setCreatedUnixMs(from.created_unix_ms);
  out.setFinished(from.finished);
  auto sinks = out.initUnreleasableSinks(count(from.unreleasable_sinks.size()));
  for (unsigned i = 0; i < sinks.size(); ++i) sinks.set(i, from.unreleasable_sinks[i]);
  auto tasks = out.initTasks(count(from.tasks.size()));
  for (unsigned i = 0; i < tasks.size(); ++i) write(tasks[i], from.tasks[i]);
}

// ---- reading: what the form allows but the meaning does not is thrown as `error`, and caught in
// decode_manifest ----

error incompatible(std::string message) {
  return {error_code::incompatible, std::move(message)};
}

chunk_ref read(schema::Chunk::Reader in) {
  if (in.getKind() > static_cast<std::uint8_t>(chunk_kind::elements)) {
    throw incompatible("chunk of unknown kind " + std::to_string(in.getKind()));
  }
  chunk_ref out;
  out.kind = static_cast<chunk_kind>(in.getKind());
  out.blob = in.getBlob();
  out.groups = {in.getFirstGroup(), in.getLastGroup()};
  out.entries = in.getEntries();
  out.bytes = in.getBytes();
  out.checksum = in.getChecksum();
  return out;
}

state_snapshot read(schema::State::Reader in) {
  state_snapshot out;
  out.name = to_text(in.getName());
  out.schema = to_text(in.getSchema());
  out.full = in.getFull();
  out.base = {in.getBase()};
  out.entries = in.getEntries();
  out.chain_length = in.getChainLength();
  const auto chunks = in.getChunks();
  out.chunks.reserve(chunks.size());
  for (const auto chunk : chunks) out.chunks.push_back(read(chunk));
  return out;
}

operator_snapshot read(schema::Operator::Reader in) {
  operator_snapshot out;
  out.uid = to_text(in.getUid());
  out.schema = to_text(in.getSchema());
  for (const auto state : in.getStates()) out.states.push_back(read(state));
  for (const auto split : in.getSplits()) {
    out.splits.push_back({to_text(split.getId()), to_bytes(split.getPosition())});
  }
  for (const auto intent : in.getIntents()) out.intents.push_back(to_bytes(intent));
  return out;
}

channel_snapshot read(schema::Channel::Reader in) {
  return {to_text(in.getInput()), in.getSender(), in.getWatermark(), in.getIdle(),
          in.getFinished()};
}

task_snapshot read(schema::Task::Reader in) {
  task_snapshot out;
  out.task = to_text(in.getName());
  out.subtask = in.getSubtask();
  out.parallelism = in.getParallelism();
  out.finished = in.getFinished();
  for (const auto one : in.getOperators()) out.operators.push_back(read(one));
  for (const auto channel : in.getChannels()) out.channels.push_back(read(channel));
  return out;
}

manifest read(schema::Manifest::Reader in) {
  if (in.getRequires() > readable_manifest) {
    throw incompatible("manifest needs a reader of version " + std::to_string(in.getRequires()) +
                       ", this program has version " + std::to_string(readable_manifest));
  }
  if (in.getKind() > static_cast<std::uint8_t>(checkpoint_kind::final)) {
    throw incompatible("manifest of unknown kind " + std::to_string(in.getKind()));
  }
  manifest out;
  out.epoch = {in.getEpoch()};
  out.attempt = {in.getAttempt()};
  out.fence = {in.getFence()};
  out.kind = static_cast<checkpoint_kind>(in.getKind());
  out.job = to_text(in.getJob());
  out.build = to_text(in.getBuild());
  out.graph_fingerprint = in.getGraphFingerprint();
  out.key_hash_version = in.getKeyHashVersion();
  out.created_unix_ms = in.getCreatedUnixMs();
  out.finished = in.getFinished();
  for (const auto sink : in.getUnreleasableSinks()) out.unreleasable_sinks.push_back(to_text(sink));
  for (const auto task : in.getTasks()) out.tasks.push_back(read(task));
  return out;
}

error unreadable(const char* why) {
  return {error_code::corrupt, std::string("manifest cannot be decoded: ") + why};
}

}  // namespace

result<byte_vector> encode_manifest(const manifest& value) {
  try {
    capnp::MallocMessageBuilder message;
    write(message.initRoot<schema::Manifest>(), value);
    const kj::Array<capnp::word> words = capnp::messageToFlatArray(message);
    const auto bytes = words.asBytes();
    if (bytes.size() > manifest_bytes_max) {
      return error{error_code::limit, "manifest of epoch " + to_string(value.epoch) + " has " +
                                          std::to_string(bytes.size()) + " bytes, at most " +
                                          std::to_string(manifest_bytes_max) + " are allowed"};
    }
    return seal(std::as_bytes(std::span(bytes.begin(), bytes.size())));
  } catch (const kj::Exception& failure) {  // a list or text beyond what a message can hold
    return error{error_code::limit, "manifest of epoch " + to_string(value.epoch) +
                                        " cannot be encoded: " + failure.getDescription().cStr()};
  }
}

result<manifest> decode_manifest(std::span<const std::byte> frame) {
  const auto opened = open_frame(frame);
  if (!opened) return opened.error();
  const std::span<const std::byte> bytes = *opened;
  if (bytes.size() > manifest_bytes_max) return unreadable("it is larger than allowed");
  if (bytes.size() % sizeof(capnp::word) != 0) return unreadable("it is not made of whole words");
  try {
    auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));  // aligned copy
    if (!bytes.empty()) std::memcpy(words.begin(), bytes.data(), bytes.size());
    capnp::FlatArrayMessageReader message(words, limits_for(words.size()));
    return read(message.getRoot<schema::Manifest>());
  } catch (const error& failure) {
    return failure;
  } catch (const kj::Exception& failure) {
    return unreadable(failure.getDescription().cStr());
  } catch (const std::exception& failure) {  // bad_alloc, length_error: sizes beyond reason
    return unreadable(failure.what());
  }
}

}  // namespace weir
