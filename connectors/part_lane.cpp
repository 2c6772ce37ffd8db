// SPDX-License-Identifier: Apache-2.0
#include "connectors/part_lane.hpp"

#include <utility>

namespace weir {

namespace {
/// Short enough that a person who makes space does not notice it, long enough to cost nothing.
constexpr std::chrono::milliseconds full_disk_wait(200);
}  // namespace

result<sink_work> part_lane::run(sink_work work) {
  if (!files_) {
    if (auto opened = open(work); !opened) return explain(opened.error());
  }
  result<void> done = commit(work);
  while (done && work.steps_done < work.steps.size()) {
    done = do_step(work.steps[work.steps_done]);
    if (done) ++work.steps_done;
  }
  if (done) return work;
  if (!is_to_wait_for(done.error())) return explain(done.error());
  work.no_space = done.error();
  (void)stop_.wait(full_disk_wait);
  return work;
}

result<void> part_lane::open(sink_work& work) {
  auto files = part_files::open(options_);
  if (!files) return files.error();
  if (restored_.fresh) {
    if (auto unused = check_unused(files->directory()); !unused) return unused;
  }
  const auto recovered = files->recover(restored_.intents);
  if (!recovered) return recovered.error();
  if (auto committed = files->commit(recovered->claimed); !committed) return committed;
  work.files_removed = recovered->removed;
  restored_.intents = {};
  files_ = std::move(*files);
  return {};
}

/// Two runs in one directory could not be told apart, and their names would meet. Nothing of this
/// run is visible yet: that takes a checkpoint, which takes every subtask's opening.
result<void> part_lane::check_unused(const part_directory& directory) const {
  const auto parts = directory.visible_parts(options_.sink.prefix);
  if (!parts) return parts.error();
  if (parts->empty()) return {};
  return error{error_code::in_use, "output directory '" + directory.path() + "' holds " +
                                       std::to_string(parts->size()) +
                                       " part files of an earlier run, such as '" +
                                       final_name(parts->front()) +
                                       "', and this run begins afresh: use another output "
                                       "directory, or remove it"};
}

result<void> part_lane::commit(sink_work& work) {
  auto committed = files_->commit(work.commits);
  work.committed = committed.has_value();
  return committed;
}

result<void> part_lane::do_step(sink_step& step) {
  switch (step.what) {
    case sink_step::kind::append:
      return append(step);
    case sink_step::kind::roll:
      return files_->on_time(step.now);
    case sink_step::kind::prepare:
      break;
  }
  auto intents = files_->prepare(step.epoch);
  if (!intents) return intents.error();
  step.intents = std::move(*intents);
  return {};
}

result<void> part_lane::append(const sink_step& step) {
  auto appended = files_->append(step.text, step.now);
  if (appended || appended.error().code != error_code::in_use) return appended;
  // The other case in which attempts meet: somebody removed the state, and so the attempts' count.
  return error{error_code::in_use,
               appended.error().message +
                   ", or it is left of a run whose state directory was "
                   "removed: then remove the hidden files of output directory '" +
                   files_->directory().path() + "', too"};
}

bool part_lane::is_to_wait_for(const error& failure) {
  if (when_full_ != full_disk::wait || failure.code != error_code::no_space) return false;
  // A sync that found no space may have lost pages: part_files refuses everything from then on, and
  // only a rollback helps. At time 0 no file is due, so that this call only tells.
  return files_->on_time(std::chrono::nanoseconds(0)).has_value();
}

error part_lane::explain(error failure) const {
  failure.message = "file sink '" + options_.sink.uid + "': " + failure.message;
  return failure;
}

}  // namespace weir
