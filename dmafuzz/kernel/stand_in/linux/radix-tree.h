/* A map from an index to an item with three tags: what dma-debug asks of a radix tree. It is a hash
 * table, since a reset must not cost more than a new generation number. */
#pragma once
#include <dk/fault.h>
#include <linux/kernel.h>

#define RADIX_TREE_MAX_TAGS 3

struct dk_slot {
    unsigned long index;
    void *item;               /* NULL: deleted, the slot stays taken */
    u32 tags;
    u32 generation;           /* an older one: the slot is free */
};

struct radix_tree_root {
    struct dk_slot *slots;
    unsigned long mask;       /* slots - 1 */
    unsigned long used;
    u32 generation;
    struct radix_tree_root *next;
};

static struct radix_tree_root *dk_trees;

#define RADIX_TREE(name, gfp) struct radix_tree_root name
#define RADIX_TREE_INIT(...) { }
#define INIT_RADIX_TREE(root, gfp) ((void)(root))

void *dk_zalloc(size_t size);

static inline struct dk_slot *dk_probe(const struct radix_tree_root *root, unsigned long index) {
    unsigned long at = index * 0x9e3779b97f4a7c15ul >> 20;

    for (;; ++at) {
        struct dk_slot *slot = &root->slots[at & root->mask];

        if (slot->generation != root->generation || slot->index == index) return slot;
    }
}

static inline struct dk_slot *dk_find(const struct radix_tree_root *root, unsigned long index) {
    struct dk_slot *slot;

    if (!root->slots) return NULL;
    slot = dk_probe(root, index);
    return slot->generation == root->generation && slot->item ? slot : NULL;
}

static noinline bool dk_tree_grow(struct radix_tree_root *root) {
    struct radix_tree_root old = *root;
    unsigned long count = old.slots ? 2 * (old.mask + 1) : 1024, i;
    struct dk_slot *slots = dk_zalloc(count * sizeof *slots);

    if (!slots) return false;
    *root = (struct radix_tree_root){slots, count - 1, 0, 1, old.next};
    for (i = 0; old.slots && i <= old.mask; ++i) {
        if (old.slots[i].generation != old.generation || !old.slots[i].item) continue;
        *dk_probe(root, old.slots[i].index) = old.slots[i];
        dk_probe(root, old.slots[i].index)->generation = 1;
        ++root->used;
    }
    if (!old.slots) {
        root->next = dk_trees;
        dk_trees = root;
    }
    return true;
}

static void dk_trees_reset(void) {
    struct radix_tree_root *root;

    for (root = dk_trees; root; root = root->next) {
        root->used = 0;
        if (++root->generation) continue;
        memset(root->slots, 0, (root->mask + 1) * sizeof *root->slots);
        root->generation = 1;
    }
}

static inline int radix_tree_insert(struct radix_tree_root *root, unsigned long index, void *item) {
    struct dk_slot *slot;

    if (unlikely(2 * root->used >= root->mask) && !dk_tree_grow(root)) return -ENOMEM;
    slot = dk_probe(root, index);
    if (slot->generation == root->generation) {
        if (slot->item) return -EEXIST;
    } else {
        ++root->used;
    }
    *slot = (struct dk_slot){index, item, 0, root->generation};
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

/* Items in ascending order of index. Only assert-idle asks, for one page's lines. */
static unsigned int radix_tree_gang_lookup(const struct radix_tree_root *root, void **items, unsigned long first,
                                           unsigned int max_items) {
    unsigned long from = first, best = 0, i;
    unsigned int n = 0;
    struct dk_slot *next;

    while (root->slots && n < max_items) {
        next = NULL;
        for (i = 0; i <= root->mask; ++i) {
            struct dk_slot *slot = &root->slots[i];

            if (slot->generation != root->generation || !slot->item || slot->index < from) continue;
            if (!next || slot->index < best) next = slot, best = slot->index;
        }
        if (!next) break;
        items[n++] = next->item;
        from = best + 1;
        if (!from) break;
    }
    return n;
}
