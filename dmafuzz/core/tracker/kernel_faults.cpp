// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/kernel_faults.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>

#include "kernel/abi.h"

namespace dmafuzz {

namespace {

// A failed check of the compiler is an illegal instruction, or on some machines a trap.
constexpr std::array<int, 5> fault_signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
constexpr int tick_signal = SIGVTALRM;
// Of the thread's own time. A hook takes at most some tenths of a millisecond, save on very slow machines.
constexpr long tick_nanoseconds = 10'000'000;

std::array<struct sigaction, fault_signals.size()> others{};

thread_local const Runner* running = nullptr;
constexpr uint64_t none_yet = ~uint64_t{0};
thread_local uint64_t progress_at_tick = none_yet;
thread_local uintptr_t deepest_stack = 0;  // at the ticks of this call
thread_local int patience_left = 0;
thread_local bool watched = false;

// Does not return from the kernel's code; elsewhere the handler before ours takes over.
void on_fault(int number, siginfo_t*, void*) {
    if (const Runner* runner = running) runner->abort(DK_CRASH);
    for (size_t i = 0; i < fault_signals.size(); i++)
        if (fault_signals[i] == number) sigaction(number, &others[i], nullptr);
}

// The end of the interrupted code's stack, which grows downwards; 0 on machines whose contexts are not known here.
uintptr_t stack_at(const void* context) {
    [[maybe_unused]] const mcontext_t& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    return static_cast<uintptr_t>(machine.gregs[REG_RSP]);
#elif defined(__aarch64__)
    return static_cast<uintptr_t>(machine.sp);
#else
    return 0;
#endif
}

// A call that was at work at the last ticks already hangs; unless its stack still grows, which ends in a fault however
// slowly the pages come.
void on_tick(int, siginfo_t*, void* context) {
    const Runner* runner = running;
    if (!runner) return;
    constexpr uintptr_t page = 4096;
    const uint64_t progress = runner->progress();
    const uintptr_t stack = stack_at(context);
    const bool same_call = progress == progress_at_tick, grows = same_call && stack + page <= deepest_stack;
    if (same_call && !grows && --patience_left <= 0) runner->abort(DK_HANG);
    if (!same_call || grows) deepest_stack = stack;
    progress_at_tick = progress;
}

struct sigaction action_of(void (*handler)(int, siginfo_t*, void*), int more) {
    struct sigaction action{};
    action.sa_sigaction = handler;
    // Not deferred, since a handler may be left by a jump; on a stack of its own, since the other may be full.
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK | more;
    sigemptyset(&action.sa_mask);
    return action;
}

void take_signal(int number, const struct sigaction& action, struct sigaction* other) {
    struct sigaction now{};
    if (sigaction(number, nullptr, &now) == 0 && now.sa_flags & SA_SIGINFO && now.sa_sigaction == action.sa_sigaction)
        return;
    sigaction(number, &action, other);
}

// For the thread's life.
void give_stack() {
    stack_t now{};
    if (sigaltstack(nullptr, &now) == 0 && !(now.ss_flags & SS_DISABLE)) return;
    constexpr size_t bytes = 64 * 1024;
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return;
    stack_t stack{};
    stack.ss_sp = at;
    stack.ss_size = bytes;
    sigaltstack(&stack, nullptr);
}

// A timer that runs while the thread does. A forked child has none of its parent's.
void watch_thread() {
    watched = true;
    give_stack();
    struct sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tick_signal;
    event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
    timer_t timer{};
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) != 0) return;
    const struct itimerspec every{{0, tick_nanoseconds}, {0, tick_nanoseconds}};
    timer_settime(timer, 0, &every, nullptr);
}

}  // namespace

RunGuard::RunGuard(const Runner& runner, int patience) {
    if (!watched) watch_thread();
    patience_left = patience;
    progress_at_tick = none_yet;
    running = &runner;
}

RunGuard::~RunGuard() { running = nullptr; }

void catch_kernel_faults() {
    static const bool forks = pthread_atfork(nullptr, nullptr, [] { watched = false; }) == 0;
    static_cast<void>(forks);
    const struct sigaction fault = action_of(on_fault, 0);
    for (size_t i = 0; i < fault_signals.size(); i++) take_signal(fault_signals[i], fault, &others[i]);
    take_signal(tick_signal, action_of(on_tick, SA_RESTART), nullptr);
}

}  // namespace dmafuzz
