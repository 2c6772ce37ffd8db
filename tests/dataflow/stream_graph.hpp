// SPDX-License-Identifier: Apache-2.0
// Adds a source to a graph without an environment, for tests of what comes below one.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "weir/sources.hpp"
#include "weir/stream.hpp"

namespace weir::test {

/// As environment::from.
template <class Source>
auto from(const std::shared_ptr<graph>& job, std::string name, Source source) {
  using record = typename Source::record_type;
  using head = detail::source_head<Source>;
  graph_node node;
  node.name = std::move(name);
  node.kind = node_kind::source;
  node.parallelism_max = source.parallelism_max();
  node.ports.push_back(detail::port_of<record>(""));
  const head begin{std::move(source), node.name};
  node.make = [begin] {
    return begin.template make<detail::identity_stage, detail::batch_emitter<record>>(
        detail::identity_stage{});
  };
  job->nodes.push_back(std::move(node));
  const auto index = static_cast<std::uint32_t>(job->nodes.size() - 1);
  return fused_stream<record, head, detail::identity_stage>(stream<record>(job, index), begin, {},
                                                            1);
}

}  // namespace weir::test
