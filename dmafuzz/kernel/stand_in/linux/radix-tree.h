// SPDX-License-Identifier: GPL-2.0-only
/* A map from an index to an item with three tags: what dma-debug asks of a radix tree. It is a hash
 * table, since a reset must not cost more than a new generation number. */
#pragma once
#include <linux/spinlock.h>
#include <dk/fault.h>
#include <dk/own.h>
#include <linux/kernel.h>

#define RADIX_TREE_MAX_TAGS 3

struct dk_slot {
    unsigned long index;
    void *item; /* NULL: deleted, the slot stays taken */
    u32 tags;
    u32 generation; /* an older one: the slot is free */
};

/* Of a tree: the same as long as it need not grow. */
struct dk_table {
    unsigned long mask; /* slots - 1 */
    unsigned long used;
    u32 generation;
    struct dk_table *next; /* of those that were there at boot */
    struct dk_slot slots[];
};

struct radix_tree_root {
    struct dk_table *table;
};

enum { dk_first_slots = 1024 };
static struct dk_table *dk_tables DK_OWN;
static u64 dk_tree_operations DK_OWN; /* under a lock */
static u64 dk_lockless_operations DK_OWN;

static inline void dk_count_tree_operation(void) { ++*(dk_held ? &dk_tree_operations : &dk_lockless_operations); }

void *dk_zalloc(size_t size);

static noinline struct dk_table *dk_make_table(unsigned long slots) {
    struct dk_table *table = dk_zalloc(sizeof *table + slots * sizeof *table->slots);

    if (!table) return NULL;
    table->mask = slots - 1;
    table->generation = 1;
    return table;
}

/* When the library is loaded, so that the table is there at boot. */
static void dk_plant(struct radix_tree_root *root) {
    root->table = dk_make_table(dk_first_slots);
    if (!root->table) return;
    root->table->next = dk_tables;
    dk_tables = root->table;
}

#define RADIX_TREE(name, gfp)    \
    struct radix_tree_root name; \
    __attribute__((constructor)) static void dk_plant_##name(void) { dk_plant(&name); }
#define RADIX_TREE_INIT(...) \
    {}
#define INIT_RADIX_TREE(root, gfp) dk_plant(root)

static inline struct dk_slot *dk_probe(struct dk_table *table, unsigned long index) {
    unsigned long at = index * 0x9e3779b97f4a7c15ul >> 20;

    for (;; ++at) {
        struct dk_slot *slot = &table->slots[at & table->mask];

        if (slot->generation != table->generation || slot->index == index) return slot;
    }
}

static inline struct dk_slot *dk_find(const struct radix_tree_root *root, unsigned long index) {
    struct dk_slot *slot;

    dk_count_tree_operation();
    if (!root->table) return NULL;
    slot = dk_probe(root->table, index);
    return slot->generation == root->table->generation && slot->item ? slot : NULL;
}

static void dk_move_slots(const struct dk_table *old, struct dk_table *table) {
    unsigned long i;

    for (i = 0; i <= old->mask; ++i) {
        const struct dk_slot *slot = &old->slots[i];

        if (slot->generation != old->generation || !slot->item) continue;
        *dk_probe(table, slot->index) = (struct dk_slot){slot->index, slot->item, slot->tags, 1};
        ++table->used;
    }
}

static noinline bool dk_tree_grow(struct radix_tree_root *root) {
    struct dk_table *old = root->table, *table = dk_make_table(old ? 2 * (old->mask + 1) : dk_first_slots);

    if (!table) return false;
    if (old) dk_move_slots(old, table);
    root->table = table;
    return true;
}

static void dk_trees_reset(void) {
    struct dk_table *table;

    dk_tree_operations = dk_lockless_operations = 0;
    for (table = dk_tables; table; table = table->next) {
        table->used = 0;
        if (++table->generation) continue;
        memset(table->slots, 0, (table->mask + 1) * sizeof *table->slots);
        table->generation = 1;
    }
}

static inline int radix_tree_insert(struct radix_tree_root *root, unsigned long index, void *item) {
    struct dk_table *table = root->table;
    struct dk_slot *slot;

    dk_count_tree_operation();
    if (unlikely(!table || 2 * table->used >= table->mask)) {
        if (!dk_tree_grow(root)) return -ENOMEM;
        table = root->table;
    }
    slot = dk_probe(table, index);
    if (slot->generation == table->generation) {
        if (slot->item) return -EEXIST;
    } else {
        ++table->used;
    }
    *slot = (struct dk_slot){index, item, 0, table->generation};
    return 0;
}

static inline void *radix_tree_lookup(const struct radix_tree_root *root, unsigned long index) {
    struct dk_slot *slot = dk_find(root, index);

    return slot ? slot->item : NULL;
}

static inline void *radix_tree_delete(struct radix_tree_root *root, unsigned long index) {
    struct dk_slot *slot = dk_find(root, index);
    void *item = slot ? slot->item : NULL;

    if (slot) slot->item = NULL;
    return item;
}

static inline int radix_tree_tag_get(const struct radix_tree_root *root, unsigned long index, unsigned int tag) {
    struct dk_slot *slot = dk_find(root, index);

    return slot && slot->tags >> tag & 1;
}

static inline void *radix_tree_tag_set(struct radix_tree_root *root, unsigned long index, unsigned int tag) {
    struct dk_slot *slot = dk_find(root, index);

    if (!slot) dk_crash("a tag is set on an absent index");
    slot->tags |= 1u << tag;
    return slot->item;
}

static inline void *radix_tree_tag_clear(struct radix_tree_root *root, unsigned long index, unsigned int tag) {
    struct dk_slot *slot = dk_find(root, index);

    if (slot) slot->tags &= ~(1u << tag);
    return slot ? slot->item : NULL;
}

static struct dk_slot *dk_least_from(struct dk_table *table, unsigned long from) {
    struct dk_slot *least = NULL;
    unsigned long i;

    for (i = 0; i <= table->mask; ++i) {
        struct dk_slot *slot = &table->slots[i];

        if (slot->generation != table->generation || !slot->item || slot->index < from) continue;
        if (!least || slot->index < least->index) least = slot;
    }
    return least;
}

/* Items in ascending order of index. Only assert-idle asks, for one page's lines. */
static unsigned int radix_tree_gang_lookup(const struct radix_tree_root *root, void **items, unsigned long first,
                                           unsigned int max_items) {
    unsigned int n = 0;

    dk_count_tree_operation();
    while (root->table && n < max_items) {
        struct dk_slot *next = dk_least_from(root->table, first);

        if (!next) break;
        items[n++] = next->item;
        first = next->index + 1;
        if (!first) break;
    }
    return n;
}
