// SPDX-License-Identifier: Apache-2.0
// thread_without_signals starts a thread of weir's own in which every signal is blocked: signals are for the program's
// threads, which have said what they do with them.
//
// Owner:      a free function; whoever gets the thread joins it.
#pragma once

#include <signal.h>

#include <thread>
#include <utility>

namespace weir {

template <class Work>
std::thread thread_without_signals(Work work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread made;
  try {
    made = std::thread(std::move(work));
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return made;
}

}  // namespace weir
