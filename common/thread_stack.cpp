// SPDX-License-Identifier: Apache-2.0
#include "common/thread_stack.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

namespace weir {
namespace {

constexpr int frames_max = 64;
/// The innermost two frames are the handler and the kernel's way into it.
constexpr int frames_of_handler = 2;

struct capture {
  std::array<void*, frames_max> frames{};
  int count = 0;
  std::atomic<bool> done{false};
};

/// One that nothing else is likely to use: the C library has the first two real-time signals.
int sample_signal() {
  return SIGRTMIN + 9;
}

void on_sample(int, siginfo_t* info, void*) {
  if (info->si_code != SI_QUEUE || info->si_pid != getpid()) return;
  const int saved = errno;
  auto* into = static_cast<capture*>(info->si_value.sival_ptr);
  into->count = backtrace(into->frames.data(), frames_max);
  into->done.store(true, std::memory_order_release);
  errno = saved;
}

bool ask(pid_t thread, capture* into) {
  siginfo_t what{};
  what.si_signo = sample_signal();
  what.si_code = SI_QUEUE;
  what.si_pid = getpid();
  what.si_uid = getuid();
  what.si_value.sival_ptr = into;
  return syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, sample_signal(), &what) == 0;
}

std::string readable(const char* symbol) {
  int status = -1;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &std::free);
  return status == 0 ? text.get() : symbol;
}

std::string hex(std::uintptr_t number) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%lx", static_cast<unsigned long>(number));
  return text.data();
}

std::string describe(void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  Dl_info found{};
  if (dladdr(address, &found) == 0 || found.dli_fname == nullptr) return hex(at);
  std::string file = found.dli_fname;
  file.erase(0, file.rfind('/') + 1);
  const auto base = reinterpret_cast<std::uintptr_t>(found.dli_fbase);
  const std::string place = "(" + file + "+" + hex(at - base) + ")";
  if (found.dli_sname == nullptr) return place;
  const auto begin = reinterpret_cast<std::uintptr_t>(found.dli_saddr);
  return readable(found.dli_sname) + "+" + hex(at - begin) + " " + place;
}

}  // namespace

thread_stack::thread_stack() {
  void* ignored[1];
  backtrace(ignored, 1);  // loads the unwinder: later, in the handler, it could not
  struct sigaction before {};
  if (sigaction(sample_signal(), nullptr, &before) != 0) return;
  const bool ours = (before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction == on_sample;
  if (!ours && before.sa_handler != SIG_DFL) return;
  struct sigaction wanted {};
  wanted.sa_sigaction = on_sample;
  wanted.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  installed_ = sigaction(sample_signal(), &wanted, nullptr) == 0;
}

std::vector<std::string> thread_stack::lines_of(pid_t thread,
                                                std::chrono::milliseconds patience) const {
  if (!installed_) return {};
  auto taken = std::make_unique<capture>();
  if (!ask(thread, taken.get())) return {};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!taken->done.load(std::memory_order_acquire)) {
    if (std::chrono::steady_clock::now() >= deadline) {
      taken.release();  // the thread may still write there, whenever it answers
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::vector<std::string> lines;
  for (int i = frames_of_handler; i < taken->count; ++i) {
    lines.push_back(describe(taken->frames[static_cast<std::size_t>(i)]));
  }
  return lines;
}

}  // namespace weir
