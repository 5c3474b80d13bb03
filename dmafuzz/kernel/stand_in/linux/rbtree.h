// SPDX-License-Identifier: GPL-2.0-only
/* Red-black trees, by the textbook (Cormen et al., Introduction to Algorithms), so that they have the shape that the
 * kernel's have, which a search can depend on. Every change is undone by a reset; links that contradict each other are
 * found before they are followed. */
#pragma once
#include <dk/undo.h>
#include <linux/kernel.h>

struct rb_node {
    unsigned long __rb_parent_color; /* the parent, and 1: black */
    struct rb_node *rb_right, *rb_left;
} __attribute__((aligned(sizeof(long))));
struct rb_root {
    struct rb_node *rb_node;
};
struct rb_root_cached {
    struct rb_root rb_root;
};

#define RB_ROOT \
    (struct rb_root) { NULL }
#define RB_ROOT_CACHED        \
    (struct rb_root_cached) { \
        { NULL }              \
    }
#define RB_EMPTY_ROOT(root) (READ_ONCE((root)->rb_node) == NULL)
#define RB_EMPTY_NODE(node) ((node)->__rb_parent_color == (unsigned long)(node))
#define RB_CLEAR_NODE(node) dk_set((node)->__rb_parent_color, (unsigned long)(node))
#define rb_entry(p, type, member) container_of(p, type, member)
#define rb_entry_safe(p, type, member)              \
    ({                                              \
        __auto_type dk_n = (p);                     \
        dk_n ? rb_entry(dk_n, type, member) : NULL; \
    })

static inline struct rb_node *rb_parent(const struct rb_node *n) {
    return (struct rb_node *)(n->__rb_parent_color & ~3ul);
}
static inline bool dk_rb_red(const struct rb_node *n) { return n && !(n->__rb_parent_color & 1); }

static inline void dk_rb_set(struct rb_node *n, struct rb_node *parent, bool red) {
    dk_set(n->__rb_parent_color, (unsigned long)parent | !red);
}
static inline void dk_rb_paint(struct rb_node *n, bool red) { dk_rb_set(n, rb_parent(n), red); }

static inline struct rb_node **dk_rb_link_to(struct rb_node *n, struct rb_root *root) {
    struct rb_node *parent = rb_parent(n), **link;

    if (unlikely(RB_EMPTY_NODE(n))) dk_crash("rbtree corruption: a node that is in no tree");
    link = !parent ? &root->rb_node : parent->rb_left == n ? &parent->rb_left : &parent->rb_right;
    if (unlikely(*link != n)) dk_crash("rbtree corruption: a node whose parent does not know it");
    return link;
}

/* What `n` was to its parent, `other` is now. */
static inline void dk_rb_replace(struct rb_node *n, struct rb_node *other, struct rb_root *root) {
    dk_set(*dk_rb_link_to(n, root), other);
    if (other) dk_rb_set(other, rb_parent(n), dk_rb_red(other));
}

static inline void dk_rb_rotate(struct rb_node *n, bool left, struct rb_root *root) {
    struct rb_node *up = left ? n->rb_right : n->rb_left, *middle = left ? up->rb_left : up->rb_right;

    dk_rb_replace(n, up, root);
    if (left) dk_set(n->rb_right, middle);
    else dk_set(n->rb_left, middle);
    if (middle) dk_rb_set(middle, n, dk_rb_red(middle));
    if (left) dk_set(up->rb_left, n);
    else dk_set(up->rb_right, n);
    dk_rb_set(n, up, dk_rb_red(n));
}

static inline void rb_link_node(struct rb_node *n, struct rb_node *parent, struct rb_node **link) {
    if (unlikely(*link)) dk_crash("rbtree corruption: a node where there is one");
    dk_rb_set(n, parent, true);
    dk_set(n->rb_left, NULL);
    dk_set(n->rb_right, NULL);
    dk_set(*link, n);
}
#define rb_link_node_rcu(n, parent, link) rb_link_node(n, parent, link)

static noinline void rb_insert_color(struct rb_node *n, struct rb_root *root) {
    struct rb_node *parent, *grand, *uncle;

    while ((parent = rb_parent(n)) && dk_rb_red(parent) && dk_step()) {
        bool left;

        grand = rb_parent(parent);
        left = parent == grand->rb_left;
        uncle = left ? grand->rb_right : grand->rb_left;
        if (dk_rb_red(uncle)) {
            dk_rb_paint(parent, false);
            dk_rb_paint(uncle, false);
            dk_rb_paint(grand, true);
            n = grand;
            continue;
        }
        if (n == (left ? parent->rb_right : parent->rb_left)) {
            dk_rb_rotate(parent, left, root);
            parent = n;
        }
        dk_rb_paint(parent, false);
        dk_rb_paint(grand, true);
        dk_rb_rotate(grand, !left, root);
        break;
    }
    dk_rb_paint(root->rb_node, false);
}

/* `n`, which may be nothing, has one black too few above it. */
static inline void dk_rb_mend(struct rb_node *n, struct rb_node *parent, struct rb_root *root) {
    while (parent && !dk_rb_red(n) && dk_step()) {
        bool left = n == parent->rb_left;
        struct rb_node *sibling = left ? parent->rb_right : parent->rb_left, *far;

        if (dk_rb_red(sibling)) {
            dk_rb_paint(sibling, false);
            dk_rb_paint(parent, true);
            dk_rb_rotate(parent, left, root);
            sibling = left ? parent->rb_right : parent->rb_left;
        }
        if (unlikely(!sibling)) dk_crash("rbtree corruption: out of balance");
        if (!dk_rb_red(sibling->rb_left) && !dk_rb_red(sibling->rb_right)) {
            dk_rb_paint(sibling, true);
            n = parent;
            parent = rb_parent(n);
            continue;
        }
        far = left ? sibling->rb_right : sibling->rb_left;
        if (!dk_rb_red(far)) {
            dk_rb_paint(left ? sibling->rb_left : sibling->rb_right, false);
            dk_rb_paint(sibling, true);
            dk_rb_rotate(sibling, !left, root);
            sibling = left ? parent->rb_right : parent->rb_left;
            far = left ? sibling->rb_right : sibling->rb_left;
        }
        dk_rb_paint(sibling, dk_rb_red(parent));
        dk_rb_paint(parent, false);
        dk_rb_paint(far, false);
        dk_rb_rotate(parent, left, root);
        n = root->rb_node;
        break;
    }
    if (n) dk_rb_paint(n, false);
}

static noinline void rb_erase(struct rb_node *n, struct rb_root *root) {
    struct rb_node *child, *parent = rb_parent(n), *next;
    bool red = dk_rb_red(n);

    dk_rb_link_to(n, root);
    if (!n->rb_left || !n->rb_right) {
        child = n->rb_left ? n->rb_left : n->rb_right;
        dk_rb_replace(n, child, root);
    } else {
        /* The next one takes its place. */
        for (next = n->rb_right; next->rb_left && dk_step();) next = next->rb_left;
        red = dk_rb_red(next);
        child = next->rb_right;
        parent = rb_parent(next) == n ? next : rb_parent(next);
        if (parent != next) {
            dk_rb_replace(next, child, root);
            dk_set(next->rb_right, n->rb_right);
            dk_rb_set(n->rb_right, next, dk_rb_red(n->rb_right));
        }
        dk_rb_replace(n, next, root);
        dk_set(next->rb_left, n->rb_left);
        dk_rb_set(n->rb_left, next, dk_rb_red(n->rb_left));
        dk_rb_paint(next, dk_rb_red(n));
    }
    if (!red) dk_rb_mend(child, parent, root);
}

static inline void rb_replace_node(struct rb_node *n, struct rb_node *by, struct rb_root *root) {
    dk_set(*dk_rb_link_to(n, root), by);
    dk_undo_memory(by, sizeof *by);
    *by = *n;
    if (n->rb_left) dk_rb_set(n->rb_left, by, dk_rb_red(n->rb_left));
    if (n->rb_right) dk_rb_set(n->rb_right, by, dk_rb_red(n->rb_right));
}

static inline struct rb_node *rb_first(const struct rb_root *root) {
    struct rb_node *n = root->rb_node;

    while (n && n->rb_left && dk_step()) n = n->rb_left;
    return n;
}

static inline struct rb_node *rb_last(const struct rb_root *root) {
    struct rb_node *n = root->rb_node;

    while (n && n->rb_right && dk_step()) n = n->rb_right;
    return n;
}

static inline struct rb_node *rb_next(const struct rb_node *n) {
    struct rb_node *up;

    if (RB_EMPTY_NODE(n)) return NULL;
    if (n->rb_right) return rb_first(&(struct rb_root){n->rb_right});
    while ((up = rb_parent(n)) && n == up->rb_right && dk_step()) n = up;
    return up;
}

static inline struct rb_node *rb_prev(const struct rb_node *n) {
    struct rb_node *up;

    if (RB_EMPTY_NODE(n)) return NULL;
    if (n->rb_left) return rb_last(&(struct rb_root){n->rb_left});
    while ((up = rb_parent(n)) && n == up->rb_left && dk_step()) n = up;
    return up;
}

/* The order in which a tree is taken apart: children before their parents. */
static inline struct rb_node *dk_rb_deepest(struct rb_node *n) {
    while (n && (n->rb_left || n->rb_right) && dk_step()) n = n->rb_left ? n->rb_left : n->rb_right;
    return n;
}
static inline struct rb_node *rb_first_postorder(const struct rb_root *root) { return dk_rb_deepest(root->rb_node); }
static inline struct rb_node *rb_next_postorder(const struct rb_node *n) {
    struct rb_node *up = n ? rb_parent(n) : NULL;

    return up && n == up->rb_left && up->rb_right ? dk_rb_deepest(up->rb_right) : up;
}

#define rbtree_postorder_for_each_entry_safe(p, n, root, member)              \
    for (p = rb_entry_safe(rb_first_postorder(root), __typeof__(*p), member); \
         p && (n = rb_entry_safe(rb_next_postorder(&p->member), __typeof__(*p), member), dk_step()); p = n)

static inline void rb_add(struct rb_node *n, struct rb_root *root,
                          bool (*less)(struct rb_node *, const struct rb_node *)) {
    struct rb_node **link = &root->rb_node, *parent = NULL;

    while (*link && dk_step()) {
        parent = *link;
        link = less(n, parent) ? &parent->rb_left : &parent->rb_right;
    }
    rb_link_node(n, parent, link);
    rb_insert_color(n, root);
}

/* The one that is there already, or NULL. */
static inline struct rb_node *rb_find_add(struct rb_node *n, struct rb_root *root,
                                          int (*compare)(struct rb_node *, const struct rb_node *)) {
    struct rb_node **link = &root->rb_node, *parent = NULL;

    while (*link && dk_step()) {
        int order = compare(n, parent = *link);

        if (!order) return parent;
        link = order < 0 ? &parent->rb_left : &parent->rb_right;
    }
    rb_link_node(n, parent, link);
    rb_insert_color(n, root);
    return NULL;
}

static inline struct rb_node *rb_find(const void *key, const struct rb_root *root,
                                      int (*compare)(const void *, const struct rb_node *)) {
    struct rb_node *n = root->rb_node;
    int order;

    while (n && (order = compare(key, n)) && dk_step()) n = order < 0 ? n->rb_left : n->rb_right;
    return n;
}

/* The first node is looked up. */
#define rb_first_cached(tree) rb_first(&(tree)->rb_root)
#define rb_insert_color_cached(n, tree, leftmost) ((void)(leftmost), rb_insert_color(n, &(tree)->rb_root))
#define rb_erase_cached(n, tree) rb_erase(n, &(tree)->rb_root)
#define rb_replace_node_cached(n, by, tree) rb_replace_node(n, by, &(tree)->rb_root)
#define rb_add_cached(n, tree, less) (rb_add(n, &(tree)->rb_root, less), (struct rb_node *)NULL)
