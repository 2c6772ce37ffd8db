// SPDX-License-Identifier: Apache-2.0
#include "common/edit_distance.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "weir/core/check.hpp"

namespace weir {
namespace {

/// Whether `part` stands in `whole` between dots or ends.
bool has_part(std::string_view whole, std::string_view part) {
  for (auto at = whole.find(part); at != whole.npos; at = whole.find(part, at + 1)) {
    const auto end = at + part.size();
    const bool starts = at == 0 || whole[at - 1] == '.';
    const bool ends = end == whole.size() || whole[end] == '.';
    if (starts && ends) return true;
  }
  return false;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view nearest_word(std::string_view given, std::span<const std::string_view> known) {
  WEIR_CHECK(!known.empty());
  const auto shorter = [](std::string_view a, std::string_view b) { return a.size() < b.size(); };
  std::vector<std::string_view> holders;
  for (const auto word : known) {
    if (!given.empty() && has_part(word, given)) holders.push_back(word);
  }
  if (!holders.empty()) return *std::min_element(holders.begin(), holders.end(), shorter);

  // A key that nobody types: what is far longer than every known word is compared by its head only.
  const std::string_view head = given.substr(0, std::size_t{256});
  return *std::min_element(known.begin(), known.end(),
                           [head](std::string_view a, std::string_view b) {
                             return edit_distance(head, a) < edit_distance(head, b);
                           });
}

}  // namespace weir
