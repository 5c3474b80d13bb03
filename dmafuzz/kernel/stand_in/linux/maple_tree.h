// SPDX-License-Identifier: GPL-2.0-only
/* Maple trees: a map from ranges of indices that do not overlap to items, kept in a red-black tree. Every change is
 * undone by a reset. Here is what needs no state between calls (mtree_..., mt_find, mt_for_each); struct ma_state is
 * not. */
#pragma once
#include <linux/radix-tree.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

struct maple_tree {
    struct rb_root dk_ranges;
    unsigned int ma_flags;
    spinlock_t ma_lock;
};

struct dk_range {
    struct rb_node rb;
    unsigned long first, last;
    void *item;
};

#define MT_FLAGS_ALLOC_RANGE 1u
#define MT_FLAGS_USE_RCU 2u
#define MTREE_INIT(name, flags) {.ma_flags = (flags)}
#define DEFINE_MTREE(name) struct maple_tree name = MTREE_INIT(name, 0)
#define mtree_lock(mt) spin_lock(&(mt)->ma_lock)
#define mtree_unlock(mt) spin_unlock(&(mt)->ma_lock)
#define mtree_empty(mt) RB_EMPTY_ROOT(&(mt)->dk_ranges)

static inline void mt_init_flags(struct maple_tree *mt, unsigned int flags) {
    dk_set(mt->dk_ranges.rb_node, NULL);
    dk_set(mt->ma_flags, flags);
}
#define mt_init(mt) mt_init_flags(mt, 0)

/* The first range that ends at an index or behind it. */
static inline struct dk_range *dk_range_from(const struct maple_tree *mt, unsigned long index) {
    struct rb_node *n = mt->dk_ranges.rb_node;
    struct dk_range *found = NULL;

    dk_count_tree_operation();
    while (n && dk_step()) {
        struct dk_range *range = rb_entry(n, struct dk_range, rb);

        if (range->last >= index) found = range;
        n = range->last >= index ? n->rb_left : n->rb_right;
    }
    return found;
}

static inline bool dk_range_before(struct rb_node *a, const struct rb_node *b) {
    return rb_entry(a, struct dk_range, rb)->first < rb_entry(b, struct dk_range, rb)->first;
}

static inline bool dk_range_add(struct maple_tree *mt, unsigned long first, unsigned long last, void *item) {
    struct dk_range *range = kzalloc(sizeof *range, 0);

    if (!range) return false;
    dk_undo_memory(range, sizeof *range);
    range->first = first;
    range->last = last;
    range->item = item;
    rb_add(&range->rb, &mt->dk_ranges, dk_range_before);
    return true;
}

/* Nothing is left between two indices; what reaches beyond them stays there. */
static inline bool dk_range_cut(struct maple_tree *mt, unsigned long first, unsigned long last) {
    struct dk_range *range;

    while ((range = dk_range_from(mt, first)) && range->first <= last && dk_step()) {
        if (range->last > last && !dk_range_add(mt, last + 1, range->last, range->item)) return false;
        if (range->first < first) dk_set(range->last, first - 1);
        else rb_erase(&range->rb, &mt->dk_ranges);
    }
    return true;
}

static inline void *mtree_load(struct maple_tree *mt, unsigned long index) {
    struct dk_range *range = dk_range_from(mt, index);

    return range && range->first <= index ? range->item : NULL;
}

static inline int dk_range_store(struct maple_tree *mt, unsigned long first, unsigned long last, void *item,
                                 bool insert) {
    struct dk_range *there = dk_range_from(mt, first);
    int failed = 0;

    if (first > last) return -EINVAL;
    mtree_lock(mt);
    if (insert && there && there->first <= last) failed = -EEXIST;
    else if (!dk_range_cut(mt, first, last) || (item && !dk_range_add(mt, first, last, item))) failed = -ENOMEM;
    mtree_unlock(mt);
    return failed;
}
#define mtree_store_range(mt, first, last, item, gfp) dk_range_store(mt, first, last, item, false)
#define mtree_insert_range(mt, first, last, item, gfp) dk_range_store(mt, first, last, item, true)
#define mtree_store(mt, index, item, gfp) mtree_store_range(mt, index, index, item, gfp)
#define mtree_insert(mt, index, item, gfp) mtree_insert_range(mt, index, index, item, gfp)

/* The whole range goes. */
static inline void *mtree_erase(struct maple_tree *mt, unsigned long index) {
    struct dk_range *range = dk_range_from(mt, index);

    if (!range || range->first > index) return NULL;
    mtree_lock(mt);
    rb_erase(&range->rb, &mt->dk_ranges);
    mtree_unlock(mt);
    return range->item;
}

static inline void mtree_destroy(struct maple_tree *mt) {
    mtree_lock(mt);
    dk_set(mt->dk_ranges.rb_node, NULL);
    mtree_unlock(mt);
}

/* The first item at an index or behind it; *index is behind its range then. */
static inline void *mt_find(struct maple_tree *mt, unsigned long *index, unsigned long max) {
    struct dk_range *range = *index > max ? NULL : dk_range_from(mt, *index);

    if (!range || range->first > max) return NULL;
    *index = range->last + 1;
    return range->item;
}
#define mt_find_after(mt, index, max) (*(index) ? mt_find(mt, index, max) : NULL)
#define mt_for_each(mt, item, i_, max) \
    for (item = mt_find(mt, &(i_), max); item && dk_step(); item = mt_find_after(mt, &(i_), max))
