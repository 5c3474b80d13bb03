// SPDX-License-Identifier: GPL-2.0-only
/* The undo log: one record for each list operation since the machine was booted, and what was in memory that other
 * stand-ins have changed and no reset copies back: entries, buckets, what was allocated at boot. */
#pragma once
#include <dk/fault.h>
#include <dk/own.h>
#include <linux/compiler.h>
#include <linux/types.h>

enum dk_undo_kind { DK_REMOVED, DK_ADDED, DK_WORD };

struct dk_undo {
    struct list_head *entry;       /* or the word */
    struct list_head *next, *prev; /* its links before; of a word: what was in it, and its size */
    enum dk_undo_kind kind;
};

static struct dk_undo *dk_undo_log DK_OWN, *dk_undo_top DK_OWN, *dk_undo_limit DK_OWN;

void dk_undo_room(void **log, void **limit);

/* The first record makes the room. A hook that fills it changes lists without end. */
static noinline __cold void dk_undo_make_room(void) {
    void *log, *limit;

    if (dk_undo_log) dk_hang();
    dk_undo_room(&log, &limit);
    if (!log) dk_crash("no memory");
    dk_undo_log = dk_undo_top = log;
    dk_undo_limit = limit;
}

static inline void dk_undo_record(struct list_head *entry, bool added) {
    if (unlikely(dk_undo_top >= dk_undo_limit)) dk_undo_make_room();
    *dk_undo_top++ = (struct dk_undo){entry, entry->next, entry->prev, added ? DK_ADDED : DK_REMOVED};
}

/* Where the stack was when the last run began. It grows down. */
static unsigned long dk_stack_top DK_OWN;

#define dk_note_stack() ((void)(dk_stack_top = (unsigned long)__builtin_frame_address(0)))

/* A variable of a function of that run: what lies there when it is over belongs to another function. */
static inline bool dk_is_local(const void *p) {
    const unsigned long deepest = 1 << 20;

    return dk_stack_top - (unsigned long)p < deepest;
}

/* Before a change of memory. */
static inline void dk_undo_memory(const void *p, size_t size) {
    const char *at = p;

    if (dk_is_local(p)) return;
    for (size_t done = 0, now; done < size; done += now) {
        struct dk_undo u = {(struct list_head *)(at + done), NULL, NULL, DK_WORD};

        now = size - done < sizeof u.next ? size - done : sizeof u.next;
        __builtin_memcpy(&u.next, at + done, now);
        u.prev = (struct list_head *)now;
        if (unlikely(dk_undo_top >= dk_undo_limit)) dk_undo_make_room();
        *dk_undo_top++ = u;
    }
}

/* A pointer that is part of what is undone. */
#define dk_set(pointer, value)                  \
    ({                                          \
        __typeof__(pointer) *dk_p = &(pointer); \
        dk_undo_memory(dk_p, sizeof *dk_p);     \
        *dk_p = (value);                        \
    })

#define dk_put(field, value)                             \
    ({                                                   \
        struct list_head **dk_f = &(field);              \
        if (likely(!dk_is_local(dk_f))) *dk_f = (value); \
    })

static inline void dk_undo_one(const struct dk_undo *u) {
    struct list_head *entry = u->entry;

    if (u->kind == DK_WORD) {
        __builtin_memcpy(entry, &u->next, (size_t)u->prev);
        return;
    }
    if (u->kind == DK_ADDED) {
        if (dk_is_local(entry)) return;
        dk_put(entry->prev->next, entry->next);
        dk_put(entry->next->prev, entry->prev);
    } else {
        dk_put(u->next->prev, entry);
        dk_put(u->prev->next, entry);
    }
    dk_put(entry->next, u->next);
    dk_put(entry->prev, u->prev);
}

static void dk_undo_all(void) {
    while (dk_undo_top != dk_undo_log) dk_undo_one(--dk_undo_top);
}
