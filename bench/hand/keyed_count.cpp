// SPDX-License-Identifier: Apache-2.0
// keyed-count by hand. Three functions, each over a batch of 1024 records: source, count, sink; on
// several threads a fourth, which generates and splits by key at once.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/hand/count_table.hpp"
#include "bench/hand/exchange.hpp"
#include "bench/hand/hand_works.hpp"
#include "bench/hand/thread_team.hpp"

namespace weir::bench {

namespace {

constexpr std::uint32_t batch_capacity = 1024;
using keyed_batch = record_batch<keyed_record, batch_capacity>;
using counted_batch = record_batch<keyed_count, batch_capacity>;

[[gnu::noinline]] void generate(const keyed_generator& record, std::uint64_t begin,
                                std::uint64_t end, keyed_batch& out) {
  out.size = static_cast<std::uint32_t>(end - begin);
  for (std::uint32_t i = 0; i < out.size; ++i) out.records[i] = record(begin + i);
}

template <bool Prefetch>
[[gnu::noinline]] void count(const keyed_batch& in, count_table& table, counted_batch& out) {
  constexpr std::uint32_t ahead = 32;
  const std::uint32_t size = in.size;
  if constexpr (Prefetch) {
    for (std::uint32_t i = 0; i < std::min(size, ahead); ++i) table.prefetch(in.records[i].key);
  }
  for (std::uint32_t i = 0; i < size; ++i) {
    if (Prefetch && i + ahead < size) table.prefetch(in.records[i + ahead].key);
    const std::uint64_t key = in.records[i].key;
    out.records[i] = {key, ++table[key]};
  }
  out.size = size;
}

[[gnu::noinline]] std::uint64_t sink(const counted_batch& in) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < in.size; ++i) sum += fold(in.records[i].key, in.records[i].count);
  return sum;
}

/// Counter and sink of one thread.
class counter {
 public:
  explicit counter(std::uint64_t keys)
      : table_(keys),
        prefetch_(table_.outgrows_cache()),
        counted_(std::make_unique<counted_batch>()) {}

  void operator()(const keyed_batch& batch) {
    if (prefetch_) {
      count<true>(batch, table_, *counted_);
    } else {
      count<false>(batch, table_, *counted_);
    }
    found_ += {batch.size, sink(*counted_)};
  }
  work_sum found() const { return found_; }

 private:
  count_table table_;
  bool prefetch_;
  std::unique_ptr<counted_batch> counted_;
  work_sum found_;
};

/// Which thread counts a key.
class key_owner {
 public:
  explicit key_owner(unsigned ways) : modulus_(ways) {}
  unsigned operator()(std::uint64_t key) const { return static_cast<unsigned>(modulus_(key)); }

 private:
  fast_modulus modulus_;
};

/// The records first, first + stride, ... before end, split into two batches. Both stores are
/// always done and one index moves, so that there is no branch to mispredict. `own` takes the keys
/// of parity `self`.
[[gnu::noinline]] void split_two(const keyed_generator& record, std::uint64_t first,
                                 std::uint64_t end, unsigned self, keyed_batch& own,
                                 keyed_batch& other) {
  std::uint32_t owned = 0;
  std::uint32_t given = 0;
  for (std::uint64_t seq = first; seq < end; seq += 2) {
    const keyed_record made = record(seq);
    own.records[owned] = made;
    other.records[given] = made;
    const std::uint32_t mine = (made.key & 1) == self;
    owned += mine;
    given += 1 - mine;
  }
  own.size = owned;
  other.size = given;
}

[[gnu::noinline]] void split_many(const keyed_generator& record, std::uint64_t first,
                                  std::uint64_t end, const key_owner& owner,
                                  const std::vector<keyed_batch*>& out) {
  for (keyed_batch* batch : out) batch->size = 0;
  for (std::uint64_t seq = first; seq < end; seq += out.size()) {
    const keyed_record made = record(seq);
    keyed_batch& batch = *out[owner(made.key)];
    batch.records[batch.size++] = made;
  }
}

/// One of several threads: source of every ways-th record, counter and sink of the keys it owns.
void exchange_keys(const work_settings& settings, exchange_rings<keyed_batch>& rings, unsigned self,
                   counter& consume) {
  const unsigned ways = settings.parallelism;
  const keyed_generator record(settings.keys);
  const key_owner owner(ways);
  exchange_end<keyed_batch, counter> end(rings, self, consume);
  std::vector<keyed_batch*> out(ways);
  const std::uint64_t block = std::uint64_t{batch_capacity} * ways;
  for (std::uint64_t seq = self; seq < settings.records; seq += block) {
    for (unsigned to = 0; to < ways; ++to) out[to] = &end.open(to);
    const std::uint64_t stop = std::min(settings.records, seq + block);
    if (ways == 2) {
      split_two(record, seq, stop, self, *out[self], *out[1 - self]);
    } else {
      split_many(record, seq, stop, owner, out);
    }
    for (unsigned to = 0; to < ways; ++to) end.publish(to);
    end.consume_arrived();
  }
  end.finish();
}

void run_one_thread(const work_settings& settings, counter& consume) {
  const keyed_generator record(settings.keys);
  const auto batch = std::make_unique<keyed_batch>();
  for (std::uint64_t seq = 0; seq < settings.records; seq += batch_capacity) {
    generate(record, seq, std::min<std::uint64_t>(settings.records, seq + batch_capacity), *batch);
    consume(*batch);
  }
}

}  // namespace

run_result run_hand_keyed_count(const work_settings& settings) {
  const unsigned threads = settings.parallelism;
  const stopwatch setup;
  exchange_rings<keyed_batch> rings(threads);
  std::vector<std::unique_ptr<counter>> counters;
  for (unsigned self = 0; self < threads; ++self) {
    counters.push_back(std::make_unique<counter>((settings.keys + threads - 1) / threads));
  }
  run_result result;
  result.threads = threads;
  result.setup_s = setup.elapsed().wall_s;
  result.cost = run_threads(threads, [&](unsigned self) {
    if (threads == 1) {
      run_one_thread(settings, *counters[self]);
    } else {
      exchange_keys(settings, rings, self, *counters[self]);
    }
  });
  for (const auto& each : counters) result.found += each->found();
  result.anon_bytes = process_memory().anon_bytes;
  return result;
}

}  // namespace weir::bench
