# SPDX-License-Identifier: Apache-2.0
# The manifest of one complete checkpoint, as stored inside a frame (docs/formats.md). Field numbers and enum values are
# never reused. A field that is absent (an older writer) reads as the default given here. Unless said otherwise the
# coordinator writes a field, from the tasks' acks.
@0xeb4308747cabe408;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("weir::schema");

struct Manifest {
  epoch @0 :UInt64;
  attempt @1 :UInt64;
  fence @2 :UInt64;
  kind @3 :UInt8;                      # 0 periodic, 1 savepoint, 2 initial, 3 final; anything else is refused
  job @4 :Text;
  build @5 :Text;                      # for people; never compared
  graphFingerprint @6 :UInt64;         # 0: not known
  keyHashVersion @7 :UInt32;           # of weir/core/hash.hpp; must match at a restore
  createdUnixMs @8 :UInt64;            # written by the snapshot store
  finished @9 :Bool;
  unreleasableSinks @10 :List(Text);   # uids of sinks that cannot recognise released epochs
  tasks @11 :List(Task);
  requires @12 :UInt32 = 1;            # oldest manifest version a reader must understand; a reader refuses higher ones
}

struct Task {
  name @0 :Text;                       # of the chain
  subtask @1 :UInt32;
  parallelism @2 :UInt32;
  finished @3 :Bool;
  operators @4 :List(Operator);
  channels @5 :List(Channel);
}

struct Channel {                       # written by the task: its inputs as they were at the marker
  input @0 :Text;
  sender @1 :UInt32;
  watermark @2 :Int64;
  idle @3 :Bool;
  finished @4 :Bool;
}

struct Operator {
  uid @0 :Text;
  schema @1 :Text;
  states @2 :List(State);
  splits @3 :List(Split);              # written by sources
  intents @4 :List(Data);              # written by sinks: commits that nobody has confirmed
}

struct State {
  name @0 :Text;
  schema @1 :Text;
  full @2 :Bool;
  base @3 :UInt64;                     # of a delta: epoch of the checkpoint that it is relative to
  entries @4 :UInt64;                  # 0: not known
  chunks @5 :List(Chunk);              # in apply order: full image, then deltas
  chainLength @6 :UInt32 = 1;
}

struct Split {
  id @0 :Text;
  position @1 :Data;                   # opaque here: the source's codec
}

struct Chunk {                         # written by the snapshot store when it put the blob
  blob @0 :UInt64;
  checksum @1 :UInt64;
  entries @2 :UInt32;
  bytes @3 :UInt32;
  firstGroup @4 :UInt16;
  lastGroup @5 :UInt16;
  kind @6 :UInt8;                      # 0 entries, 1 erased, 2 elements; anything else is refused
}
