// SPDX-License-Identifier: GPL-2.0-only
/* Nothing writes while something reads: no reader begins again. */
#pragma once
#include <linux/spinlock.h>

typedef struct {
    unsigned int sequence;
} seqcount_t;
typedef struct {
    seqcount_t seqcount;
    spinlock_t lock;
} seqlock_t;

#define SEQCNT_ZERO(name) {0}
#define DEFINE_SEQLOCK(name) seqlock_t name
#define seqlock_init(lock) ((void)(lock))
#define seqcount_init(count) ((void)(count))
#define read_seqbegin(l) ((void)(l), 0u)
#define read_seqretry(l, start) ((void)(l), (void)(start), false)
#define read_seqcount_begin(count) ((void)(count), 0u)
#define read_seqcount_retry(count, start) ((void)(count), (void)(start), false)
#define write_seqlock(l) dk_lock(&(l)->lock)
#define write_sequnlock(l) dk_unlock(&(l)->lock)
#define write_seqlock_irqsave(l, flags) dk_lock_save(&(l)->lock, flags)
#define write_sequnlock_irqrestore(l, flags) dk_unlock_restore(&(l)->lock, flags)
#define write_seqcount_begin(count) ((void)(count))
#define write_seqcount_end(count) ((void)(count))
