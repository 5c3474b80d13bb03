// SPDX-License-Identifier: GPL-2.0-only
/* XArrays: a map from an index to an item with three marks, in a hash table of the kind that linux/radix-tree.h has; a
 * walk in the order of indices looks for the next one each time. Every change is undone by a reset. Not here: entries
 * of several indices (xa_store_range), reserved ones, and struct xa_state. */
#pragma once
#include <dk/undo.h>
#include <linux/radix-tree.h>
#include <linux/spinlock.h>

struct xarray {
    struct radix_tree_root xa_root;
    unsigned int xa_flags;
    spinlock_t xa_lock;
};

typedef unsigned int xa_mark_t;
struct xa_limit {
    u32 max, min;
};

#define XA_MARK_0 0u
#define XA_MARK_1 1u
#define XA_MARK_2 2u
#define XA_PRESENT 8u
#define XA_FLAGS_LOCK_IRQ 1u
#define XA_FLAGS_LOCK_BH 2u
#define XA_FLAGS_ALLOC 4u
#define XA_FLAGS_ALLOC1 12u
#define XA_LIMIT(min_, max_) \
    (struct xa_limit) { .min = (min_), .max = (max_) }
#define xa_limit_32b XA_LIMIT(0, ~0u)
#define xa_limit_31b XA_LIMIT(0, ~0u >> 1)
#define xa_limit_16b XA_LIMIT(0, 0xffffu)

#define XARRAY_INIT(name, flags) {.xa_flags = (flags)}
#define DEFINE_XARRAY_FLAGS(name, flags) struct xarray name = XARRAY_INIT(name, flags)
#define DEFINE_XARRAY(name) DEFINE_XARRAY_FLAGS(name, 0)
#define DEFINE_XARRAY_ALLOC(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC)
#define DEFINE_XARRAY_ALLOC1(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC1)

static inline void xa_init_flags(struct xarray *xa, unsigned int flags) {
    dk_set(xa->xa_root.table, NULL);
    dk_set(xa->xa_flags, flags);
}
#define xa_init(xa) xa_init_flags(xa, 0)

/* Numbers as items, and errors that are returned in the place of items. */
#define xa_mk_value(n) ((void *)((unsigned long)(n) << 1 | 1))
#define xa_to_value(item) ((unsigned long)(item) >> 1)
#define xa_is_value(item) (((unsigned long)(item) & 1) != 0)
#define dk_xa_error(n) ((void *)((unsigned long)(long)-(n) << 2 | 2))
#define xa_is_err(item) (((unsigned long)(item) & 3) == 2 && (long)(item) < 0)
#define xa_err(item)                                        \
    ({                                                      \
        const void *dk_item = (item);                       \
        xa_is_err(dk_item) ? (int)((long)dk_item >> 2) : 0; \
    })

#define xa_lock(xa) spin_lock(&(xa)->xa_lock)
#define xa_unlock(xa) spin_unlock(&(xa)->xa_lock)
#define xa_lock_irq(xa) xa_lock(xa)
#define xa_unlock_irq(xa) xa_unlock(xa)
#define xa_lock_bh(xa) xa_lock(xa)
#define xa_unlock_bh(xa) xa_unlock(xa)
#define xa_lock_irqsave(xa, flags) spin_lock_irqsave(&(xa)->xa_lock, flags)
#define xa_unlock_irqrestore(xa, flags) spin_unlock_irqrestore(&(xa)->xa_lock, flags)

static inline struct dk_slot *dk_xa_slot(const struct xarray *xa, unsigned long index) {
    return dk_find(&xa->xa_root, index);
}

static inline void *xa_load(const struct xarray *xa, unsigned long index) {
    struct dk_slot *slot = dk_xa_slot(xa, index);

    return slot ? slot->item : NULL;
}

/* Room for one index more; false without memory. */
static noinline bool dk_xa_grow(struct radix_tree_root *root) {
    enum { first_slots = 64 };
    struct dk_table *old = root->table, *table = dk_make_table(old ? 2 * (old->mask + 1) : first_slots);

    if (!table) return false;
    if (old) dk_move_slots(old, table);
    dk_set(root->table, table);
    return true;
}

/* The item before, or an error. */
static noinline void *__xa_store(struct xarray *xa, unsigned long index, void *item, gfp_t gfp) {
    struct dk_slot *slot = dk_xa_slot(xa, index);
    struct dk_table *table;
    void *before = slot ? slot->item : NULL;

    (void)gfp;
    if (unlikely(((unsigned long)item & 3) == 2)) dk_crash("an xarray's item that is no pointer");
    if (!slot && !item) return NULL;
    if (!slot) {
        table = xa->xa_root.table;
        if ((!table || 2 * table->used >= table->mask) && !dk_xa_grow(&xa->xa_root)) return dk_xa_error(ENOMEM);
        table = xa->xa_root.table;
        slot = dk_probe(table, index);
        dk_undo_memory(slot, sizeof *slot);
        if (slot->generation != table->generation) dk_set(table->used, table->used + 1);
        *slot = (struct dk_slot){index, item, 0, table->generation};
        return NULL;
    }
    dk_undo_memory(slot, sizeof *slot);
    slot->item = item;
    if (!item) slot->tags = 0;
    return before;
}

#define __xa_erase(xa, index) __xa_store(xa, index, NULL, 0)

static inline int __xa_insert(struct xarray *xa, unsigned long index, void *item, gfp_t gfp) {
    if (xa_load(xa, index)) return -EBUSY;
    return xa_err(__xa_store(xa, index, item, gfp));
}

static inline void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *item, gfp_t gfp) {
    void *now = xa_load(xa, index);

    return now == old ? __xa_store(xa, index, item, gfp) : now;
}

#define dk_xa_locked(xa, call)          \
    ({                                  \
        struct xarray *dk_xa = (xa);    \
        xa_lock(dk_xa);                 \
        __auto_type dk_result = (call); \
        xa_unlock(dk_xa);               \
        dk_result;                      \
    })
#define xa_store(xa, index, item, gfp) dk_xa_locked(xa, __xa_store(dk_xa, index, item, gfp))
#define xa_erase(xa, index) dk_xa_locked(xa, __xa_erase(dk_xa, index))
#define xa_insert(xa, index, item, gfp) dk_xa_locked(xa, __xa_insert(dk_xa, index, item, gfp))
#define xa_cmpxchg(xa, index, old, item, gfp) dk_xa_locked(xa, __xa_cmpxchg(dk_xa, index, old, item, gfp))
#define xa_alloc(xa, id, item, limit, gfp) dk_xa_locked(xa, __xa_alloc(dk_xa, id, item, limit, gfp))
#define xa_store_irq(xa, index, item, gfp) xa_store(xa, index, item, gfp)
#define xa_erase_irq(xa, index) xa_erase(xa, index)
#define xa_insert_irq(xa, index, item, gfp) xa_insert(xa, index, item, gfp)
#define xa_store_bh(xa, index, item, gfp) xa_store(xa, index, item, gfp)
#define xa_erase_bh(xa, index) xa_erase(xa, index)

/* The first slot with an item and the mark, from an index on up to another one. */
static noinline struct dk_slot *dk_xa_next(const struct xarray *xa, unsigned long from, unsigned long last,
                                           xa_mark_t mark) {
    const struct dk_table *table = xa->xa_root.table;
    struct dk_slot *least = NULL;

    dk_count_tree_operation();
    dk_step();
    for (unsigned long n = 0; table && n <= table->mask; ++n) {
        struct dk_slot *slot = (struct dk_slot *)&table->slots[n];

        if (slot->generation != table->generation || !slot->item || slot->index < from || slot->index > last) continue;
        if (mark != XA_PRESENT && !(slot->tags >> mark & 1)) continue;
        if (!least || slot->index < least->index) least = slot;
    }
    return least;
}

static inline void *xa_find(struct xarray *xa, unsigned long *index, unsigned long last, xa_mark_t mark) {
    struct dk_slot *slot = dk_xa_next(xa, *index, last, mark);

    if (!slot) return NULL;
    *index = slot->index;
    return slot->item;
}

static inline void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long last, xa_mark_t mark) {
    struct dk_slot *slot = *index >= last ? NULL : dk_xa_next(xa, *index + 1, last, mark);

    if (!slot) return NULL;
    *index = slot->index;
    return slot->item;
}

#define dk_xa_each(xa, i_, item, first, last, mark)                                \
    for ((i_) = (first), item = xa_find(xa, &(i_), last, mark); item && dk_step(); \
         item = xa_find_after(xa, &(i_), last, mark))
#define xa_for_each_range(xa, i_, item, first, last) dk_xa_each(xa, i_, item, first, last, XA_PRESENT)
#define xa_for_each_start(xa, i_, item, first) dk_xa_each(xa, i_, item, first, ~0ul, XA_PRESENT)
#define xa_for_each(xa, i_, item) dk_xa_each(xa, i_, item, 0ul, ~0ul, XA_PRESENT)
#define xa_for_each_marked(xa, i_, item, mark) dk_xa_each(xa, i_, item, 0ul, ~0ul, mark)
#define xa_empty(xa) (!dk_xa_next(xa, 0, ~0ul, XA_PRESENT))
#define xa_marked(xa, mark) (dk_xa_next(xa, 0, ~0ul, mark) != NULL)
#define xa_destroy(xa) dk_set((xa)->xa_root.table, NULL)

/* The lowest free index within the limits. */
static inline int __xa_alloc(struct xarray *xa, u32 *id, void *item, struct xa_limit limit, gfp_t gfp) {
    u64 index = limit.min ? limit.min : xa->xa_flags == XA_FLAGS_ALLOC1;

    while (index <= limit.max && xa_load(xa, index) && dk_step()) ++index;
    if (index > limit.max) return -EBUSY;
    *id = index;
    return xa_err(__xa_store(xa, index, item, gfp));
}

static inline bool xa_get_mark(const struct xarray *xa, unsigned long index, xa_mark_t mark) {
    struct dk_slot *slot = dk_xa_slot(xa, index);

    return slot && slot->tags >> mark & 1;
}

static inline void dk_xa_mark(struct xarray *xa, unsigned long index, xa_mark_t mark, bool on) {
    struct dk_slot *slot = dk_xa_slot(xa, index);

    if (slot) dk_set(slot->tags, on ? slot->tags | 1u << mark : slot->tags & ~(1u << mark));
}
#define __xa_set_mark(xa, index, mark) dk_xa_mark(xa, index, mark, true)
#define __xa_clear_mark(xa, index, mark) dk_xa_mark(xa, index, mark, false)
#define xa_set_mark(xa, index, mark) ((void)dk_xa_locked(xa, (dk_xa_mark(dk_xa, index, mark, true), 0)))
#define xa_clear_mark(xa, index, mark) ((void)dk_xa_locked(xa, (dk_xa_mark(dk_xa, index, mark, false), 0)))
