// SPDX-License-Identifier: Apache-2.0
// word-count by hand with the table of weir's state: each thread reads its part of the file in
// blocks, splits and hashes the words into batches by the thread that counts them, and counts what
// arrives.
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "bench/hand/exchange.hpp"
#include "bench/hand/hand_works.hpp"
#include "bench/hand/split_words.hpp"
#include "bench/hand/text_file.hpp"
#include "bench/hand/thread_team.hpp"
#include "weir/core/hash.hpp"
#include "weir/core/keyed_table.hpp"

namespace weir::bench {

namespace {

/// Words, their hashes and their addresses; the strings are reused from fill to fill.
struct word_batch {
  word_batch() {
    for (std::size_t i = 0; i < probe_block; ++i) keys[i] = &words[i];
  }
  word_batch(const word_batch&) = delete;
  word_batch& operator=(const word_batch&) = delete;

  std::uint32_t size = 0;
  std::array<std::uint64_t, probe_block> hashes;
  std::array<const std::string*, probe_block> keys;
  std::array<std::string, probe_block> words;
};

class word_counter {
 public:
  explicit word_counter(std::uint64_t words) { table_.reserve(words); }

  void operator()(const word_batch& batch) {
    std::array<void*, probe_block> values;
    table_.probe(batch.hashes.data(), batch.keys.data(), batch.size, values.data());
    for (std::uint32_t i = 0; i < batch.size; ++i) {
      auto* count = static_cast<std::int64_t*>(values[i]);
      if (count == nullptr) [[unlikely]]
        count = put(batch.hashes[i], batch.words[i]);
      table_.touch(count);
      found_.sum += static_cast<std::uint64_t>(++*count);
    }
    found_.records += batch.size;
  }
  work_sum found() const { return found_; }

 private:
  std::int64_t* put(std::uint64_t hash, const std::string& word) {
    std::int64_t* earlier_in_batch = table_.find(hash, &word);
    return earlier_in_batch != nullptr ? earlier_in_batch : table_.insert(hash, &word, 0);
  }

  keyed_table<std::string, std::int64_t> table_;
  work_sum found_;
};

/// One of the threads: reads and splits `range`, and counts the words it owns.
class word_thread {
 public:
  word_thread(exchange_rings<word_batch>& rings, unsigned self, word_counter& counter)
      : end_(rings, self, counter), open_(rings.ways()) {
    for (unsigned to = 0; to < open_.size(); ++to) reopen(to);
  }

  void run(const text_file& file, byte_range range) {
    line_blocks blocks(file, range);
    for (std::string_view block = blocks.next(); !block.empty(); block = blocks.next()) {
      split_words(block, [this](const char* word, std::size_t length) { put({word, length}); });
      end_.consume_arrived();
    }
    for (unsigned to = 0; to < open_.size(); ++to) end_.publish(to);
    end_.finish();
  }

 private:
  void put(std::string_view word) {
    const std::uint64_t hash = hash_bytes(word);
    const unsigned to = owner(hash);
    word_batch& batch = *open_[to];
    batch.hashes[batch.size] = hash;
    batch.words[batch.size].assign(word);
    if (++batch.size == probe_block) [[unlikely]] {
      end_.publish(to);
      reopen(to);
    }
  }
  /// By the low bits of the hash: the table goes by the high ones.
  unsigned owner(std::uint64_t hash) const {
    return static_cast<unsigned>(((hash & 0xffff'ffff) * open_.size()) >> 32);
  }
  void reopen(unsigned to) {
    open_[to] = &end_.open(to);
    open_[to]->size = 0;
  }

  exchange_end<word_batch, word_counter> end_;
  std::vector<word_batch*> open_;
};

constexpr std::uint64_t words_expected =
    100'000;  // the benchmark's vocabulary; a table grows beyond it

}  // namespace

run_result run_hand_word_count(const work_settings& settings) {
  const unsigned threads = settings.parallelism;
  run_result result;
  const stopwatch setup;
  const auto file = text_file::open(settings.file);
  if (!file) {
    result.failure = file.error().text();
    return result;
  }
  const std::vector<byte_range> parts = file.value().whole_lines(threads);
  exchange_rings<word_batch> rings(threads);
  std::vector<std::unique_ptr<word_counter>> counters;
  for (unsigned self = 0; self < threads; ++self) {
    counters.push_back(std::make_unique<word_counter>(words_expected / threads));
  }
  result.threads = threads;
  result.setup_s = setup.elapsed().wall_s;
  result.cost = run_threads(threads, [&](unsigned self) {
    word_thread(rings, self, *counters[self]).run(file.value(), parts[self]);
  });
  for (const auto& each : counters) result.found += each->found();
  result.anon_bytes = process_memory().anon_bytes;
  return result;
}

}  // namespace weir::bench
