/* An invalid memory access in the kernel's code is a finding, no crash of the fuzzer. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
enum { fault_signal_count = sizeof fault_signals / sizeof *fault_signals };
static struct sigaction before[fault_signal_count];
static void (*on_fault)(void);

/* Does not return from a run of the kernel's code; elsewhere the handler before ours takes over. */
static void fault(int signal_number, siginfo_t *info, void *context) {
    (void)info, (void)context;
    on_fault();
    for (int i = 0; i < fault_signal_count; ++i)
        if (fault_signals[i] == signal_number) sigaction(signal_number, &before[i], NULL);
}

/* Not deferred, since the handler is left by a jump. */
void dk_catch_faults(void (*handler)(void)) {
    struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};

    if (on_fault) return;
    on_fault = handler;
    for (int i = 0; i < fault_signal_count; ++i) sigaction(fault_signals[i], &action, &before[i]);
}

/* The library may be unloaded: nothing may be left that calls it. */
__attribute__((destructor)) static void let_go(void) {
    struct sigaction now;

    for (int i = 0; on_fault && i < fault_signal_count; ++i)
        if (!sigaction(fault_signals[i], NULL, &now) && now.sa_sigaction == fault)
            sigaction(fault_signals[i], &before[i], NULL);
}
