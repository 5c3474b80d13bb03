/* The undo log: one record for each list operation since the machine was booted. */
#pragma once
#include <dk/fault.h>
#include <dk/own.h>
#include <linux/compiler.h>
#include <linux/types.h>

struct dk_undo {
    struct list_head *entry;
    struct list_head *next, *prev;  /* its links before */
    bool added;
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
    *dk_undo_top++ = (struct dk_undo){entry, entry->next, entry->prev, added};
}

static inline void dk_undo_one(const struct dk_undo *u) {
    struct list_head *entry = u->entry;

    if (u->added) {
        entry->prev->next = entry->next;
        entry->next->prev = entry->prev;
    } else {
        u->next->prev = entry;
        u->prev->next = entry;
    }
    entry->next = u->next;
    entry->prev = u->prev;
}

static void dk_undo_all(void) {
    while (dk_undo_top != dk_undo_log) dk_undo_one(--dk_undo_top);
}
