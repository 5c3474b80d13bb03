// SPDX-License-Identifier: GPL-2.0-only
/* An entry's stack trace holds the index of the call that made it. */
#pragma once
#include <linux/types.h>

struct stack_trace {
    unsigned int nr_entries, max_entries;
    unsigned long *entries;
    int skip;
};

static inline unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skip) {
    store[0] = dk_now.call;
    return 1;
}

static inline void save_stack_trace(struct stack_trace *trace) {
    trace->nr_entries = stack_trace_save(trace->entries, trace->max_entries, 0);
}

/* dma-debug prints the trace of the entry that the last warning is about. */
static void dk_about_entry(const unsigned long *store);

#define stack_trace_print(store, count, spaces) dk_about_entry(store)
#define print_stack_trace(trace, spaces) dk_about_entry((trace)->entries)
