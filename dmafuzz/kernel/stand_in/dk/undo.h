/* The undo log: one record for each list operation since the machine was booted. */
#pragma once
#include <linux/compiler.h>
#include <linux/types.h>

struct dk_undo {
    struct list_head *entry;
    struct list_head *next, *prev;  /* its links before */
    bool added;
};

static struct dk_undo *dk_undo_log, *dk_undo_top, *dk_undo_limit;

void dk_undo_grow(struct dk_undo **log, struct dk_undo **top, struct dk_undo **limit);

/* The log's own addresses are not given away: the compiler may keep them in registers. */
static noinline void dk_undo_make_room(void) {
    struct dk_undo *log = dk_undo_log, *top = dk_undo_top, *limit = dk_undo_limit;

    dk_undo_grow(&log, &top, &limit);
    dk_undo_log = log;
    dk_undo_top = top;
    dk_undo_limit = limit;
}

static inline void dk_undo_record(struct list_head *entry, bool added) {
    if (unlikely(dk_undo_top == dk_undo_limit)) dk_undo_make_room();
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
