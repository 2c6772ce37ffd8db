// SPDX-License-Identifier: Apache-2.0
// resume_handshake is the begin of a connection to a peer that may be able to go on at a given line:
// it says what to send, and takes what comes until it is clear whether the peer has answered.
//
//   source -> peer   RESUME n        n lines are durable: go on at line n (from 0)
//   peer -> source   WEIR 1 n        the first line, before all data; a version and the same n
//   source -> peer   ACK n           after each sync
//
// Owner:      whoever owns the connection; one object a connection. Pure.
// Invariants: (1) a peer whose first line has the form of an answer and is not the right one is
//             refused in every mode but off; (2) nothing that comes is lost: data() holds what is
//             not the answer; (3) what is held while undecided is bounded.
// Source:     P21; docs/formats.md, section "Handshake".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/core/line_feed.hpp"
#include "weir/core/result.hpp"

namespace weir {

class resume_handshake {
 public:
  enum class peer : std::uint8_t {
    unknown,  ///< what came so far may become an answer
    speaks,   ///< it has answered: it wants acks
    plain,    ///< it does not speak the protocol, and need not
  };

  /// `durable` is the number of lines; `spoke` whether the peer has ever answered: then it must.
  resume_handshake(handshake mode, std::uint64_t durable, bool spoke);

  /// What to send first; empty: nothing.
  std::string greeting() const;
  static std::string ack(std::uint64_t durable);

  /// Takes bytes while state() is unknown. Error: connection (the peer is to be left, with the
  /// reason).
  result<void> feed(std::string_view bytes);
  /// The peer ends the connection while state() is unknown. Error as in feed().
  result<void> on_end();

  peer state() const { return state_; }
  /// What came and is data, once it is decided.
  std::string_view data() const { return data_; }
  /// An answer is the only way to go on.
  bool must_answer() const { return must_answer_; }

 private:
  result<void> judge(std::string_view line);
  error refused(const std::string& what) const;

  bool must_answer_;
  bool asks_;
  std::uint64_t durable_;
  peer state_ = peer::unknown;
  std::string data_;
};

}  // namespace weir
