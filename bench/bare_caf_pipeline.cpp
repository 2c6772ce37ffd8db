// SPDX-License-Identifier: Apache-2.0
// Counter c owns the keys with key mod parallelism == c. A source holds batch_credits batches for
// each counter; when one of its open batches is full and none is left, it waits for one to come back.
#include "bench/bare_caf_pipeline.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "bench/hand/count_table.hpp"
#include "bench/works.hpp"

namespace weir::bench {
namespace {

constexpr std::size_t batch_records_max = 1024;
constexpr unsigned batch_credits = 16;
constexpr std::size_t records_per_step = 4096;  // between two looks into the mailbox

using keyed_batch = std::vector<keyed_record>;

}  // namespace

/// From a source to a counter: the batch, and where to send it back.
struct batch_for_counter {
  std::shared_ptr<keyed_batch> records;
  caf::actor source;
  unsigned counter = 0;
};
/// From a counter to a source: the batch, empty, as credit.
struct batch_returned {
  std::shared_ptr<keyed_batch> records;
  unsigned counter = 0;
};

}  // namespace weir::bench

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::bench::batch_for_counter)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::bench::batch_returned)

namespace weir::bench {
namespace {

using step_atom = caf::atom_constant<caf::atom("step")>;
using ended_atom = caf::atom_constant<caf::atom("ended")>;

/// What a counter leaves behind; read after all counters have quit.
struct counter_result {
  explicit counter_result(std::size_t capacity) : samples(capacity) {}
  latency_samples samples;
  work_sum found;
};

/// What all actors of a run share; it outlives them.
struct pipeline {
  open_loop schedule;
  std::uint64_t keys = 0;
  unsigned parallelism = 1;
  std::vector<counter_result> results;
};

class counter_state {
 public:
  void begin(pipeline& run, unsigned index) {
    run_ = &run;
    index_ = index;
    table_ = std::make_unique<count_table>(run.keys / run.parallelism + 1);
  }
  void count(const keyed_batch& batch) {
    counter_result& result = run_->results[index_];
    if (table_->outgrows_cache()) {
      for (const keyed_record& record : batch) table_->prefetch(record.key);
    }
    std::uint64_t sum = 0;
    for (const keyed_record& record : batch) {
      sum += fold(record.key, ++(*table_)[record.key]);
      run_->schedule.arrived(record.value, result.samples);
    }
    result.found += {batch.size(), sum};
  }
  /// True when this was the last source.
  bool source_ended() { return ++sources_ended_ == run_->parallelism; }

 private:
  pipeline* run_ = nullptr;
  unsigned index_ = 0;
  std::unique_ptr<count_table> table_;
  unsigned sources_ended_ = 0;
};

caf::behavior counter(caf::stateful_actor<counter_state>* self, pipeline* run, unsigned index) {
  self->state.begin(*run, index);
  return {
      [self](batch_for_counter& full) {
        self->state.count(*full.records);
        full.records->clear();
        self->send(full.source, batch_returned{std::move(full.records), full.counter});
      },
      [self](ended_atom) {
        if (self->state.source_ended()) self->quit();
      },
  };
}

/// What a source does next.
enum class next_step : std::uint8_t { at_once, after_pause, on_credit, never };

class source_state {
 public:
  void begin(caf::event_based_actor* self, const pipeline& run, unsigned index,
             std::vector<caf::actor> counters) {
    self_ = self;
    run_ = &run;
    next_seq_ = index;
    counters_ = std::move(counters);
    lanes_.resize(counters_.size());
    for (lane& each : lanes_) {
      for (unsigned i = 0; i < batch_credits; ++i) {
        each.free.push_back(std::make_shared<keyed_batch>());
        each.free.back()->reserve(batch_records_max);
      }
      each.take_free();
    }
  }

  next_step step() {
    if (!has_open_batches()) return next_step::on_credit;
    const std::uint64_t due = run_->schedule.due(open_loop::clock::now());
    const keyed_generator generate(run_->keys);
    const fast_modulus owner(run_->parallelism);
    for (std::size_t made = 0; made < records_per_step && next_seq_ < due; ++made) {
      const keyed_record record = generate(next_seq_);
      next_seq_ += run_->parallelism;
      const auto to = static_cast<unsigned>(owner(record.key));
      lanes_[to].open->push_back(record);
      if (lanes_[to].open->size() < batch_records_max) continue;
      send_open(to);
      if (!lanes_[to].open) return next_step::on_credit;
    }
    if (next_seq_ < due) return next_step::at_once;
    return caught_up();
  }

  /// True when the source waits for this and can go on.
  bool credit(batch_returned& returned) {
    lane& to = lanes_[returned.counter];
    to.free.push_back(std::move(returned.records));
    if (!to.open) to.take_free();
    return has_open_batches();
  }

 private:
  struct lane {
    std::shared_ptr<keyed_batch> open;
    std::vector<std::shared_ptr<keyed_batch>> free;

    void take_free() {
      open.reset();
      if (free.empty()) return;
      open = std::move(free.back());
      free.pop_back();
    }
  };

  bool has_open_batches() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const lane& each) { return !!each.open; });
  }
  void send_open(unsigned to) {
    self_->send(counters_[to], batch_for_counter{std::move(lanes_[to].open),
                                                 caf::actor_cast<caf::actor>(self_), to});
    lanes_[to].take_free();
  }
  /// Nothing waits in a batch for records that are not due yet.
  next_step caught_up() {
    for (unsigned to = 0; to < lanes_.size(); ++to) {
      if (!lanes_[to].open->empty()) send_open(to);
    }
    if (next_seq_ < run_->schedule.records()) return next_step::after_pause;
    for (const caf::actor& each : counters_) self_->send(each, ended_atom::value);
    return next_step::never;
  }

  caf::event_based_actor* self_ = nullptr;
  const pipeline* run_ = nullptr;
  std::uint64_t next_seq_ = 0;
  std::vector<caf::actor> counters_;
  std::vector<lane> lanes_;
};

caf::behavior source(caf::stateful_actor<source_state>* self, const pipeline* run, unsigned index,
                     std::vector<caf::actor> counters) {
  self->state.begin(self, *run, index, std::move(counters));
  // Quits only when its counters have, so that there is an actor for the batches that come back.
  const auto waits = std::make_shared<bool>(false);
  const auto act = [self, waits](next_step next) {
    *waits = next == next_step::on_credit;
    if (next == next_step::at_once) self->send(self, step_atom::value);
    if (next == next_step::after_pause) {
      self->delayed_send(self, open_loop::pause, step_atom::value);
    }
  };
  self->send(self, step_atom::value);
  return {
      [self, act](step_atom) { act(self->state.step()); },
      [self, act, waits](batch_returned& returned) {
        if (self->state.credit(returned) && *waits) act(self->state.step());
      },
  };
}

void run_actors(pipeline& run) {
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads",
             std::size_t{std::max(1u, std::thread::hardware_concurrency())});
  config.set("scheduler.max-throughput", std::size_t{64});
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  std::vector<caf::actor> counters;
  std::vector<caf::actor> sources;
  for (unsigned i = 0; i < run.parallelism; ++i) counters.push_back(system.spawn(counter, &run, i));
  for (unsigned i = 0; i < run.parallelism; ++i) {
    sources.push_back(system.spawn(source, &run, i, counters));
  }
  for (const caf::actor& each : counters) self->wait_for(each);
  for (const caf::actor& each : sources) {
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
  }
}

}  // namespace

latency_run run_bare_caf(const open_loop& schedule, std::uint64_t keys, unsigned parallelism) {
  pipeline run{schedule, keys, parallelism, {}};
  for (unsigned i = 0; i < parallelism; ++i) run.results.emplace_back(schedule.sample_count());
  latency_run result;
  const stopwatch watch;
  run_actors(run);
  result.cost = watch.elapsed();
  for (const counter_result& each : run.results) {
    result.samples.merge(each.samples);
    result.found += each.found;
  }
  return result;
}

}  // namespace weir::bench
