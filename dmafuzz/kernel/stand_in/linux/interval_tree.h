// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <linux/interval_tree_generic.h>

struct interval_tree_node {
    struct rb_node rb;
    unsigned long start, last;
    unsigned long __subtree_last;
};

#define dk_interval_start(node) ((node)->start)
#define dk_interval_last(node) ((node)->last)
INTERVAL_TREE_DEFINE(struct interval_tree_node, rb, unsigned long, __subtree_last, dk_interval_start, dk_interval_last,
                     static inline, interval_tree)
