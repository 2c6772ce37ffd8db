// SPDX-License-Identifier: Apache-2.0
// word-count by hand at its fastest: words stay in two registers, in a table made for them, and the
// text is mapped.
#include <functional>
#include <memory>
#include <vector>

#include "bench/hand/exchange.hpp"
#include "bench/hand/hand_works.hpp"
#include "bench/hand/packed_word_table.hpp"
#include "bench/hand/split_words.hpp"
#include "bench/hand/text_file.hpp"
#include "bench/hand/thread_team.hpp"

namespace weir::bench {

namespace {

struct hashed_word {
  packed_word word;
  std::uint64_t hash;
};
using hashed_batch = record_batch<hashed_word, 256>;

[[gnu::noinline, gnu::cold]] hashed_word hashed_long(packed_word word) {
  return {word, std::hash<std::string_view>()(word.long_text())};
}

[[gnu::always_inline]] inline hashed_word hashed(const char* text, std::size_t length) {
  const packed_word word = pack(text, length);
  if (word.is_long()) [[unlikely]]
    return hashed_long(word);
  return {word, hash_of(word)};
}

class packed_counter {
 public:
  explicit packed_counter(std::uint64_t words) : table_(words) {}

  void operator()(const hashed_batch& batch) {
    work_sum found{batch.size, 0};
    for (std::uint32_t i = 0; i < batch.size; ++i) table_.prefetch(batch.records[i].hash);
    for (std::uint32_t i = 0; i < batch.size; ++i) {
      found.sum += table_.add(batch.records[i].word, batch.records[i].hash);
    }
    found_ += found;
  }
  work_sum found() const { return found_; }

 private:
  packed_word_table table_;
  work_sum found_;
};

/// One of the threads: splits `text` into batches by the thread that counts the word, and counts
/// what arrives.
void count_packed(std::string_view text, exchange_rings<hashed_batch>& rings, unsigned self,
                  packed_counter& counter) {
  exchange_end<hashed_batch, packed_counter> end(rings, self, counter);
  std::vector<hashed_batch*> open(rings.ways());
  const auto reopen = [&](unsigned to) {
    open[to] = &end.open(to);
    open[to]->size = 0;
  };
  for (unsigned to = 0; to < open.size(); ++to) reopen(to);
  split_words(text, [&](const char* begin, std::size_t length) {
    const hashed_word word = hashed(begin, length);
    const auto to = static_cast<unsigned>(((word.hash & 0xffff'ffff) * open.size()) >> 32);
    hashed_batch& batch = *open[to];
    batch.records[batch.size] = word;
    if (++batch.size == hashed_batch::capacity) [[unlikely]] {
      end.publish(to);
      end.consume_arrived();
      reopen(to);
    }
  });
  for (unsigned to = 0; to < open.size(); ++to) end.publish(to);
  end.finish();
}

/// The same for a single thread.
void count_packed_alone(std::string_view text, packed_counter& counter) {
  const auto batch = std::make_unique<hashed_batch>();
  std::uint32_t size = 0;
  const auto flush = [&] {
    batch->size = size;
    counter(*batch);
    size = 0;
  };
  split_words(text, [&](const char* begin, std::size_t length) {
    batch->records[size] = hashed(begin, length);
    if (++size == hashed_batch::capacity) [[unlikely]]
      flush();
  });
  flush();
}

constexpr std::uint64_t words_expected =
    100'000;  // the benchmark's vocabulary; a table grows beyond it

}  // namespace

run_result run_hand_word_count_simd(const work_settings& settings) {
  const unsigned threads = settings.parallelism;
  run_result result;
  const stopwatch setup;
  const auto file = text_file::open(settings.file);
  if (!file) {
    result.failure = file.error().text();
    return result;
  }
  const auto text = mapped_text::map(file.value());
  if (!text) {
    result.failure = text.error().text();
    return result;
  }
  const std::vector<byte_range> parts = file.value().whole_lines(threads);
  exchange_rings<hashed_batch> rings(threads);
  std::vector<std::unique_ptr<packed_counter>> counters;
  for (unsigned self = 0; self < threads; ++self) {
    counters.push_back(std::make_unique<packed_counter>(words_expected / threads));
  }
  result.threads = threads;
  result.setup_s = setup.elapsed().wall_s;
  result.cost = run_threads(threads, [&](unsigned self) {
    const std::string_view part = text.value().part(parts[self]);
    if (threads == 1) {
      count_packed_alone(part, *counters[self]);
    } else {
      count_packed(part, rings, self, *counters[self]);
    }
  });
  for (const auto& each : counters) result.found += each->found();
  result.anon_bytes = process_memory().anon_bytes;
  return result;
}

}  // namespace weir::bench
