// SPDX-License-Identifier: GPL-2.0-only
/* Ends a run whose kernel has crashed or hangs. */
#pragma once
#include <dk/own.h>
#include <linux/compiler.h>
#include <linux/types.h>

static noinline void dk_crash(const char *why) __attribute__((noreturn, cold));
static noinline void dk_hang(void) __attribute__((noreturn, cold));
static noinline void dk_deadlock(const char *lock) __attribute__((noreturn, cold));

/* Counts locks or list steps since the last reset. The longest legal walk takes some 10^5 of them: a hook
 * that spends the measure more than once hangs. */
struct dk_counter {
    u64 count;
    u64 run, call; /* the hook that filled the last measure */
};

enum { dk_measure = 1 << 21 };

/* Once a measure: true if the same hook has filled the one before. */
static noinline __cold bool dk_filled_again(struct dk_counter *counter);

static inline void dk_count(struct dk_counter *counter) {
    if (unlikely(!(++counter->count % dk_measure)) && dk_filled_again(counter)) dk_hang();
}

static struct dk_counter dk_list_steps DK_OWN;

static inline bool dk_step(void) {
    dk_count(&dk_list_steps);
    return true;
}
