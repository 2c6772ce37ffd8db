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

/// Words on their way to another thread: as bytes one after the other, since what is dear is to
/// move cache lines from core to core. The text keeps its room from fill to fill.
struct word_batch {
  static constexpr std::uint32_t capacity = 512;
  static constexpr std::size_t full_bytes = 64 * 1024;  // long words fill a batch earlier

  std::uint32_t size = 0;
  std::array<std::uint64_t, capacity> hashes;
  std::array<std::uint32_t, capacity> ends;  // of each word in the text
  std::string text;
};

/// Counts words a block at a time, in strings that are reused from block to block.
class word_counter {
 public:
  explicit word_counter(std::uint64_t words) {
    table_.reserve(words);
    for (std::size_t i = 0; i < probe_block; ++i) keys_[i] = &words_[i];
  }
  word_counter(const word_counter&) = delete;
  word_counter& operator=(const word_counter&) = delete;

  void add(std::string_view word, std::uint64_t hash) {
    hashes_[size_] = hash;
    words_[size_].assign(word);
    if (++size_ == probe_block) [[unlikely]]
      flush();
  }
  void operator()(const word_batch& batch) {
    const char* begin = batch.text.data();
    for (std::uint32_t i = 0; i < batch.size; ++i) {
      const char* end = batch.text.data() + batch.ends[i];
      add({begin, static_cast<std::size_t>(end - begin)}, batch.hashes[i]);
      begin = end;
    }
  }
  /// Counts what add() has kept back.
  void flush() {
    std::array<void*, probe_block> values;
    table_.probe(hashes_.data(), keys_.data(), size_, values.data());
    for (std::size_t i = 0; i < size_; ++i) {
      auto* count = static_cast<std::int64_t*>(values[i]);
      if (count == nullptr) [[unlikely]]
        count = put(hashes_[i], words_[i]);
      table_.touch(count);
      found_.sum += static_cast<std::uint64_t>(++*count);
    }
    found_.records += size_;
    size_ = 0;
  }
  work_sum found() const { return found_; }

 private:
  std::int64_t* put(std::uint64_t hash, const std::string& word) {
    std::int64_t* earlier_in_block = table_.find(hash, &word);
    return earlier_in_block != nullptr ? earlier_in_block : table_.insert(hash, &word, 0);
  }

  keyed_table<std::string, std::int64_t> table_;
  work_sum found_;
  std::size_t size_ = 0;
  std::array<std::uint64_t, probe_block> hashes_;
  std::array<const std::string*, probe_block> keys_;
  std::array<std::string, probe_block> words_;
};

/// One of the threads: reads and splits `range`, and counts the words it owns.
class word_thread {
 public:
  word_thread(exchange_rings<word_batch>& rings, unsigned self, word_counter& counter)
      : self_(self), counter_(counter), end_(rings, self, counter), open_(rings.ways()) {
    for (unsigned to = 0; to < open_.size(); ++to) reopen(to);
  }

  void run(const text_file& file, byte_range range) {
    line_blocks blocks(file, range);
    for (std::string_view block = blocks.next(); !block.empty(); block = blocks.next()) {
      split_words(block, [this](const char* word, std::size_t length) { route({word, length}); });
      end_.consume_arrived();
    }
    for (unsigned to = 0; to < open_.size(); ++to) end_.publish(to);
    end_.finish();
    counter_.flush();
  }

 private:
  void route(std::string_view word) {
    const std::uint64_t hash = hash_bytes(word);
    const unsigned to = owner(hash);
    if (to == self_) {
      counter_.add(word, hash);
    } else {
      send(to, word, hash);
    }
  }
  void send(unsigned to, std::string_view word, std::uint64_t hash) {
    word_batch& batch = *open_[to];
    batch.text.append(word);
    batch.hashes[batch.size] = hash;
    batch.ends[batch.size] = static_cast<std::uint32_t>(batch.text.size());
    ++batch.size;
    if (batch.size == word_batch::capacity || batch.text.size() >= word_batch::full_bytes)
        [[unlikely]] {
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
    open_[to]->text.clear();
  }

  unsigned self_;
  word_counter& counter_;
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
