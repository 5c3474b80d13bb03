// SPDX-License-Identifier: GPL-2.0-only
/* Lists with a single pointer for a head, and tables of them. Every change is undone by a reset. */
#pragma once
#include <dk/undo.h>
#include <linux/bitops.h>
#include <linux/kernel.h>

struct hlist_node {
    struct hlist_node *next, **pprev;
};
struct hlist_head {
    struct hlist_node *first;
};

#define HLIST_HEAD_INIT {NULL}
#define HLIST_HEAD(name) struct hlist_head name = HLIST_HEAD_INIT
#define INIT_HLIST_HEAD(head) dk_set((head)->first, NULL)
#define hlist_entry(p, type, member) container_of(p, type, member)
#define hlist_entry_safe(p, type, member)              \
    ({                                                 \
        __auto_type dk_n = (p);                        \
        dk_n ? hlist_entry(dk_n, type, member) : NULL; \
    })

static inline void INIT_HLIST_NODE(struct hlist_node *n) {
    dk_set(n->next, NULL);
    dk_set(n->pprev, NULL);
}
static inline bool hlist_empty(const struct hlist_head *head) { return !head->first; }
static inline bool hlist_unhashed(const struct hlist_node *n) { return !n->pprev; }

static inline void dk_hlist_link(struct hlist_node *n, struct hlist_node **link) {
    struct hlist_node *after = *link;

    if (unlikely(after == n)) dk_crash("list corruption: addition");
    dk_set(n->next, after);
    dk_set(n->pprev, link);
    if (after) dk_set(after->pprev, &n->next);
    dk_set(*link, n);
}

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *head) { dk_hlist_link(n, &head->first); }
static inline void hlist_add_before(struct hlist_node *n, struct hlist_node *next) { dk_hlist_link(n, next->pprev); }
static inline void hlist_add_behind(struct hlist_node *n, struct hlist_node *prev) { dk_hlist_link(n, &prev->next); }

static inline void hlist_del_init(struct hlist_node *n) {
    if (hlist_unhashed(n)) return;
    if (unlikely(*n->pprev != n)) dk_crash("list corruption: deletion");
    dk_set(*n->pprev, n->next);
    if (n->next) dk_set(n->next->pprev, n->pprev);
    INIT_HLIST_NODE(n);
}

static inline void hlist_del(struct hlist_node *n) {
    if (unlikely(hlist_unhashed(n) || n->pprev == (struct hlist_node **)0x122)) dk_crash("list corruption: deletion");
    hlist_del_init(n);
    dk_set(n->next, (struct hlist_node *)0x100);
    dk_set(n->pprev, (struct hlist_node **)0x122);
}
#define hlist_add_head_rcu(n, head) hlist_add_head(n, head)
#define hlist_del_rcu(n) hlist_del(n)
#define hlist_del_init_rcu(n) hlist_del_init(n)

#define hlist_for_each(p, head) for (p = (head)->first; p && dk_step(); p = p->next)
#define hlist_for_each_entry(p, head, member)                                         \
    for (p = hlist_entry_safe((head)->first, __typeof__(*p), member); p && dk_step(); \
         p = hlist_entry_safe(p->member.next, __typeof__(*p), member))
#define hlist_for_each_entry_safe(p, n, head, member)                                                       \
    for (p = hlist_entry_safe((head)->first, __typeof__(*p), member); p && (n = p->member.next, dk_step()); \
         p = hlist_entry_safe(n, __typeof__(*p), member))
#define hlist_for_each_entry_rcu(p, head, member, ...) hlist_for_each_entry(p, head, member)

/* Which list something is in makes no difference but to the order of a walk over all. */
static inline u32 hash_32(u32 n, unsigned int bits) { return n * 0x61c88647u >> (32 - bits); }
static inline u32 hash_64(u64 n, unsigned int bits) { return n * 0x61c8864680b583ebull >> (64 - bits); }
#define hash_long(n, bits) hash_64(n, bits)
#define hash_ptr(p, bits) hash_64((unsigned long)(p), bits)
#define hash_min(n, bits) (sizeof(n) <= 4 ? hash_32(n, bits) : hash_64(n, bits))

#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define DEFINE_HASHTABLE(name, bits) DECLARE_HASHTABLE(name, bits) = {HLIST_HEAD_INIT}
#define DEFINE_READ_MOSTLY_HASHTABLE(name, bits) DEFINE_HASHTABLE(name, bits)
#define HASH_BITS(table) ilog2(ARRAY_SIZE(table))
#define hash_init(table)                                                                         \
    ({                                                                                           \
        for (size_t dk_b = 0; dk_b < ARRAY_SIZE(table); ++dk_b) INIT_HLIST_HEAD(&(table)[dk_b]); \
    })
#define dk_bucket(table, key) (&(table)[hash_min(key, HASH_BITS(table))])
#define hash_add(table, node, key) hlist_add_head(node, dk_bucket(table, key))
#define hash_add_rcu(table, node, key) hash_add(table, node, key)
#define hash_del(node) hlist_del_init(node)
#define hash_del_rcu(node) hash_del(node)
#define hash_hashed(node) (!hlist_unhashed(node))
#define hash_empty(table)                                                                               \
    ({                                                                                                  \
        bool dk_none = true;                                                                            \
        for (size_t dk_b = 0; dk_b < ARRAY_SIZE(table); ++dk_b) dk_none &= hlist_empty(&(table)[dk_b]); \
        dk_none;                                                                                        \
    })
#define hash_for_each_possible(table, p, member, key) hlist_for_each_entry(p, dk_bucket(table, key), member)
#define hash_for_each_possible_rcu(table, p, member, key, ...) hash_for_each_possible(table, p, member, key)
#define hash_for_each_possible_safe(table, p, n, member, key) \
    hlist_for_each_entry_safe(p, n, dk_bucket(table, key), member)
#define hash_for_each(table, b, p, member) \
    for ((b) = 0, p = NULL; !p && (b) < (int)ARRAY_SIZE(table); ++(b)) hlist_for_each_entry(p, &(table)[b], member)
#define hash_for_each_safe(table, b, n, p, member)                     \
    for ((b) = 0, p = NULL; !p && (b) < (int)ARRAY_SIZE(table); ++(b)) \
    hlist_for_each_entry_safe(p, n, &(table)[b], member)
