// SPDX-License-Identifier: Apache-2.0
// The sources that come with weir: generate, from_collection, file_lines, socket_lines, and journaled around the last.
// Give one to environment::from.
//
// A source is a value with record_type, reader, describe(), guarantee(), bounded(), parallelism_max() and
// make_reader(uid); its reader is described in detail/pipe_units.hpp.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/core/line_feed.hpp"
#include "weir/core/unit.hpp"
#include "weir/detail/residue_classes.hpp"

namespace weir {

namespace detail {

/// Emits f(seq) for the sequence numbers of this subtask's residue classes.
template <class T, class F>
class generator_reader final : public operator_part {
 public:
  using record_type = T;
  using view_type = T;

  generator_reader(std::string uid, F f, residue_schedule schedule)
      : operator_part(std::move(uid)), f_(std::move(f)), classes_(schedule) {}

  void attach(unit_host& host) { host_ = &host; }
  void open() { classes_.open(host_->subtask().index, host_->subtask().parallelism, host_->now()); }
  void close() {}

  template <class Emit>
  poll_result poll(Emit& out) {
    const std::uint64_t bound = classes_.due(host_->now());
    // In local variables, so that what f captured stays in registers; unless it owns memory.
    constexpr bool small = std::is_trivially_copyable_v<F> && sizeof(F) <= 64;
    std::conditional_t<small, F, F&> f = f_;
    for (std::uint32_t made = 0; made < records_per_poll;) {
      const auto run = classes_.next_run(bound, records_per_poll - made);
      if (run.count == 0) {
        auto idle = classes_.idle(bound, host_->now());
        idle.records = made;
        return idle;
      }
      std::uint64_t seq = run.first;
      for (std::uint32_t i = 0; i < run.count; ++i, seq += run.stride) out.emit(f(seq));
      made += run.count;
    }
    return {.records = records_per_poll};
  }
  source_progress progress() const { return classes_.progress(host_->now()); }
  bool snapshot(epoch_id, operator_image& out) override {
    classes_.save(out.splits);
    return true;
  }
  result<void> restore(operator_restore written) override {
    return classes_.restore(written.image.splits, uid());
  }

 private:
  static constexpr std::uint32_t records_per_poll = 1024;

  F f_;
  residue_classes classes_;
  unit_host* host_ = nullptr;
};

/// Emits the lines of a line_feed.
class line_reader final : public operator_part {
 public:
  using record_type = std::string;
  using view_type = std::string_view;

  explicit line_reader(std::unique_ptr<line_feed> feed)
      : operator_part(feed->uid()), feed_(std::move(feed)) {}

  void attach(unit_host& host) { feed_->attach(host); }
  void open() { feed_->open(); }
  void close() { feed_->close(); }

  template <class Emit>
  poll_result poll(Emit& out) {
    for (std::uint32_t i = 0; i < lines_per_poll; ++i) {
      std::string_view line;
      switch (feed_->next(line)) {
        case line_feed::outcome::line:
          out.emit(line);
          break;
        case line_feed::outcome::starved:
          return {poll_result::kind::wait, steady_time::max(), i};
        case line_feed::outcome::ended:
          return {poll_result::kind::ended, {}, i};
      }
    }
    return {.records = lines_per_poll};
  }
  source_progress progress() const { return feed_->progress(); }
  bool snapshot(epoch_id epoch, operator_image& out) override {
    return feed_->snapshot(epoch, out);
  }
  bool collect(epoch_id epoch, operator_image& out) override { return feed_->collect(epoch, out); }
  result<void> restore(operator_restore written) override {
    return feed_->restore(std::move(written));
  }
  void retained_from(epoch_id oldest) override { feed_->retained_from(oldest); }

 private:
  static constexpr std::uint32_t lines_per_poll = 256;
  std::unique_ptr<line_feed> feed_;
};

template <class Options, auto Make>
class line_source {
 public:
  using record_type = std::string;
  using reader = line_reader;

  line_source(Options options, std::string what, std::string guarantee, bool bounded,
              std::uint32_t parallel)
      : options_(std::move(options)),
        what_(std::move(what)),
        guarantee_(std::move(guarantee)),
        bounded_(bounded),
        parallelism_max_(parallel) {}

  const Options& options() const { return options_; }
  const std::string& describe() const { return what_; }
  const std::string& guarantee() const { return guarantee_; }
  bool bounded() const { return bounded_; }
  std::uint32_t parallelism_max() const { return parallelism_max_; }
  std::unique_ptr<reader> make_reader(const std::string& uid) const {
    return std::make_unique<reader>(Make(uid, options_));
  }

 private:
  Options options_;
  std::string what_;
  std::string guarantee_;
  bool bounded_;
  std::uint32_t parallelism_max_;
};

}  // namespace detail

/// A source whose record number seq (0, 1, 2, ...) is f(seq). Exactly-once: it resumes at sequence numbers.
template <class F>
class generator_source {
 public:
  using record_type = std::decay_t<std::invoke_result_t<F&, std::uint64_t>>;
  using reader = detail::generator_reader<record_type, F>;

  explicit generator_source(F f) : f_(std::move(f)) {}

  /// Ends after this many records; without it the source never ends.
  generator_source count(std::uint64_t records) const {
    auto other = *this;
    other.schedule_.count = records;
    return other;
  }
  /// Record seq is made at start + seq / records_per_second, in all subtasks together. Without it: as fast as possible.
  generator_source rate(double records_per_second) const {
    auto other = *this;
    other.schedule_.records_per_second = records_per_second;
    return other;
  }
  /// When a rate starts to count; without it, when the source opens.
  generator_source start_at(steady_time start) const {
    auto other = *this;
    other.schedule_.start = start;
    return other;
  }

  std::string describe() const {
    return schedule_.count == residue_schedule_unbounded
               ? "generate"
               : "generate(" + std::to_string(schedule_.count) + ")";
  }
  std::string guarantee() const { return "exactly-once: resumes at sequence numbers"; }
  bool bounded() const { return schedule_.count != residue_schedule_unbounded; }
  std::uint32_t parallelism_max() const { return detail::residue_classes::class_count; }
  std::unique_ptr<reader> make_reader(const std::string& uid) const {
    return std::make_unique<reader>(uid, f_, schedule_);
  }

 private:
  static constexpr std::uint64_t residue_schedule_unbounded =
      std::numeric_limits<std::uint64_t>::max();
  F f_;
  detail::residue_schedule schedule_;
};

template <class F>
generator_source<F> generate(F f) {
  return generator_source<F>(std::move(f));
}

/// The elements of a collection, once each. Exactly-once: it resumes at indices.
template <class T>
auto from_collection(std::vector<T> items) {
  auto shared = std::make_shared<const std::vector<T>>(std::move(items));
  const std::uint64_t count = shared->size();
  return generate([shared](std::uint64_t index) { return (*shared)[index]; }).count(count);
}

/// The lines of files, read in byte ranges by all subtasks. Exactly-once: it resumes at byte offsets.
inline auto file_lines(file_lines_options options) {
  std::string what = "file_lines(" +
                     (options.paths.empty() ? std::string() : options.paths.front()) +
                     (options.paths.size() > 1 ? ", ..." : "") + ")";
  return detail::line_source<file_lines_options, &make_file_lines>(
      std::move(options), std::move(what), "exactly-once: resumes at byte offsets", true, 1024);
}
inline auto file_lines(std::string path) {
  file_lines_options options;
  options.paths.push_back(std::move(path));
  return file_lines(std::move(options));
}

/// The lines that a TCP peer sends. At-most-once: a socket cannot be read again, so that what was in flight at a crash
/// is lost.
inline auto socket_lines(socket_lines_options options) {
  std::string what = "socket_lines(" + options.host + ":" + std::to_string(options.port) + ")";
  const bool bounded = !options.reconnect;
  return detail::line_source<socket_lines_options, &make_socket_lines>(
      std::move(options), std::move(what),
      "at-most-once: a socket cannot be read again, lines in flight at a crash are lost", bounded,
      1);
}
inline auto socket_lines(std::string host, std::uint16_t port) {
  socket_lines_options options;
  options.host = std::move(host);
  options.port = port;
  return socket_lines(std::move(options));
}

namespace detail {

struct journaled_socket {
  socket_lines_options socket;
  journal_options journal;
};

inline std::unique_ptr<line_feed> make_journaled_socket(std::string uid, journaled_socket options) {
  return make_journaled_socket_lines(std::move(uid), std::move(options.socket),
                                     std::move(options.journal));
}

inline std::string journal_guarantee(handshake with_peer) {
  switch (with_peer) {
    case handshake::required:
      return "exactly-once: a journal on disk, and a peer that resumes behind it";
    case handshake::offered:
      return "exactly-once with a peer that answers RESUME; with any other, lines in flight before "
             "the journal are lost at a crash";
    case handshake::off:
      return "exactly-once from the journal on; lines in flight before it are lost at a crash";
  }
  return {};
}

}  // namespace detail

/// Makes socket_lines replayable: its lines are durable in a journal on disk before they are emitted. Exactly-once with
/// a peer that speaks the handshake (docs/formats.md); with any other, only what is on its way to the journal is lost.
template <class Source>
auto journaled(const Source& source, journal_options options = {}) {
  static_assert(std::is_same_v<std::decay_t<decltype(source.options())>, socket_lines_options>,
                "only socket_lines needs a journal: the other sources can be read again");
  return detail::line_source<detail::journaled_socket, &detail::make_journaled_socket>(
      {source.options(), options}, "journaled(" + source.describe() + ")",
      detail::journal_guarantee(options.with_peer), source.bounded(), 1);
}

}  // namespace weir
