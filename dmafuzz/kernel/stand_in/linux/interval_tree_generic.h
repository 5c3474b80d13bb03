// SPDX-License-Identifier: GPL-2.0-only
/* Interval trees: nodes in the order of their starts, those of equal starts in the order in which they came. What the
 * kernel finds by the greatest end below a node is found here by looking at each: the same nodes, in the same order. */
#pragma once
#include <linux/rbtree.h>

#define INTERVAL_TREE_DEFINE(node_t, rb, value_t, subtree_last, START, LAST, static_, prefix)                        \
    static_ void prefix##_insert(node_t *node, struct rb_root_cached *root) {                                        \
        struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;                                              \
        while (*link && dk_step()) {                                                                                 \
            parent = *link;                                                                                          \
            link = START(node) < START(rb_entry(parent, node_t, rb)) ? &parent->rb_left : &parent->rb_right;         \
        }                                                                                                            \
        rb_link_node(&node->rb, parent, link);                                                                       \
        rb_insert_color(&node->rb, &root->rb_root);                                                                  \
    }                                                                                                                \
    static_ void prefix##_remove(node_t *node, struct rb_root_cached *root) { rb_erase(&node->rb, &root->rb_root); } \
    static inline node_t *prefix##_dk_from(struct rb_node *n, value_t start, value_t last) {                         \
        for (; n && dk_step(); n = rb_next(n)) {                                                                     \
            node_t *node = rb_entry(n, node_t, rb);                                                                  \
            if (START(node) > last) break;                                                                           \
            if (LAST(node) >= start) return node;                                                                    \
        }                                                                                                            \
        return NULL;                                                                                                 \
    }                                                                                                                \
    static_ node_t *prefix##_iter_first(struct rb_root_cached *root, value_t start, value_t last) {                  \
        return prefix##_dk_from(rb_first(&root->rb_root), start, last);                                              \
    }                                                                                                                \
    static_ node_t *prefix##_iter_next(node_t *node, value_t start, value_t last) {                                  \
        return prefix##_dk_from(rb_next(&node->rb), start, last);                                                    \
    }
