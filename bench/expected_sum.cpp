// SPDX-License-Identifier: Apache-2.0
#include "bench/expected_sum.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir::bench {

work_sum expected_keyed_count(std::uint64_t records, std::uint64_t keys) {
  std::vector<std::uint64_t> counts(keys);
  for (std::uint64_t seq = 0; seq < records; ++seq) ++counts[mix(seq) % keys];
  work_sum expected{records, 0};
  for (std::uint64_t key = 0; key < keys; ++key) {
    for (std::uint64_t count = 1; count <= counts[key]; ++count) expected.sum += fold(key, count);
  }
  return expected;
}

work_sum expected_stateless(std::uint64_t records) {
  work_sum expected;
  for (std::uint64_t residue = 0; residue < 5; ++residue) {  // seq = residue, residue + 5, ...
    if (records <= residue || (3 * residue + 1) % 5 == 0) continue;
    const std::uint64_t terms = (records - residue - 1) / 5 + 1;
    // The terms are 3 * residue + 1 + 15 * i; one of terms and terms - 1 is even.
    const std::uint64_t pairs = terms % 2 == 0 ? terms / 2 * (terms - 1) : (terms - 1) / 2 * terms;
    expected.records += terms;
    expected.sum += terms * (3 * residue + 1) + 15 * pairs;
  }
  return expected;
}

result<work_sum> expected_word_count(const std::string& file) {
  std::ifstream text(file);
  if (!text) return error{error_code::io, "cannot open '" + file + "'"};
  std::unordered_map<std::string, std::uint64_t> counts;
  std::string line;
  while (std::getline(text, line)) {
    for (std::size_t begin = 0, end = 0; end != line.size(); begin = end + 1) {
      end = std::min(line.find(' ', begin), line.size());
      if (end > begin) ++counts[line.substr(begin, end - begin)];
    }
  }
  if (text.bad()) return error{error_code::io, "cannot read '" + file + "'"};
  work_sum expected;
  for (const auto& [key, count] : counts) {
    expected.records += count;
    expected.sum += count * (count + 1) / 2;
  }
  return expected;
}

}  // namespace weir::bench
