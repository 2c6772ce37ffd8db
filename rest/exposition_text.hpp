// SPDX-License-Identifier: Apache-2.0
// exposition_text collects series into Prometheus' text format: each family with its help and type, then its series.
//
// Owner:      whoever builds answers; keeps its memory for the next one.
// Invariants: a family's series stand together, whatever order they came in; names hold only characters that Prometheus
//             allows, label values are escaped.
// Source:     Prometheus' text exposition format 0.0.4. prometheus-cpp's serializer takes over 100 ms for the 5,000 series of
//             200 tasks, mostly for labels, of which a task needs one text for all its series.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::rest {

using metric_labels = std::vector<std::pair<std::string_view, std::string>>;

enum class metric_type : std::uint8_t { gauge, summary };

/// `a="b",c="d"`
std::string labels_text(const metric_labels& labels);

class exposition_text {
 public:
  /// A series of the family `scope`_`name`, both constants. `suffix` is that of a summary's sum and count; `labels` is of labels_text().
  void add(std::string_view scope, std::string_view name, std::string_view help, metric_type type,
           std::string_view suffix, std::string_view labels, double value);

  std::string text() const;
  /// Forgets the series and keeps their memory: a text of some megabytes costs as much for fresh pages as for its letters.
  void clear();

 private:
  struct family {
    std::string_view scope;  // as it was asked for
    std::string_view short_name;
    std::string name;  // as it is shown
    std::string_view help;
    metric_type type;
    std::string series;
  };
  family& find(std::string_view scope, std::string_view name, std::string_view help,
               metric_type type);

  std::vector<family> families_;  // in the order of their first series
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t next_ =
      0;  // each task adds the same families in the same order: the one behind the last is likely the next
};

}  // namespace weir::rest
