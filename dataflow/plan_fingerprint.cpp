// SPDX-License-Identifier: Apache-2.0
#include "dataflow/plan_fingerprint.hpp"

#include <string>
#include <string_view>

#include "weir/core/hash.hpp"

namespace weir {

namespace {

constexpr std::string_view kind_name(node_kind kind) {
  switch (kind) {
    case node_kind::source:
      return "source";
    case node_kind::operation:
      return "operation";
    case node_kind::sink:
      return "sink";
  }
  return "unknown";
}

/// The canonical text. A change of its form changes the fingerprint of every job.
class canonical_text {
 public:
  explicit canonical_text(const graph& logical) {
    for (const auto& node : logical.nodes) {
      word("node").word(node.name).word(kind_name(node.kind));
      for (const auto& port : node.ports) word("port").word(port.name).word(port.record_schema);
      for (const auto& edge : node.inputs) {
        word("edge").word(logical.nodes[edge.from].name).word(std::to_string(edge.port));
        word(to_string(edge.how));
      }
      for (const auto& state : node.states) {
        word("state").word(state.name).word(state.keyed ? "keyed" : "list").word(state.schema);
      }
    }
  }
  const std::string& text() const { return text_; }

 private:
  canonical_text& word(std::string_view word) {
    text_ += std::to_string(word.size());
    text_ += ':';
    text_ += word;
    return *this;
  }
  std::string text_;
};

}  // namespace

std::uint64_t fingerprint_of(const graph& logical) {
  return hash_bytes(canonical_text(logical).text());
}

}  // namespace weir
