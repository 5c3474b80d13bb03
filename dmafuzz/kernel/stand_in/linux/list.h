// SPDX-License-Identifier: GPL-2.0-only
/* Doubly linked lists. Every change is written to the undo log, by which a reset is made; a corrupt
 * list is found before it is followed. */
#pragma once
#include <dk/fault.h>
#include <dk/undo.h>
#include <linux/kernel.h>

#define LIST_HEAD_INIT(name) {&(name), &(name)}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
#define LIST_POISON1 ((struct list_head *)0x100)
#define LIST_POISON2 ((struct list_head *)0x122)

static inline void INIT_LIST_HEAD(struct list_head *head) { head->next = head->prev = head; }

static inline int list_empty(const struct list_head *head) { return head->next == head; }

/* See dk/walk.h. */
static inline void dk_note_head(const struct list_head *head);

static inline void dk_link(struct list_head *entry, struct list_head *before, struct list_head *after) {
    if (unlikely(before->next != after || after->prev != before || entry == before || entry == after))
        dk_crash("list corruption: addition");
    dk_undo_record(entry, true);
    entry->prev = before;
    entry->next = after;
    before->next = entry;
    after->prev = entry;
}

static inline void list_add(struct list_head *entry, struct list_head *head) {
    dk_note_head(head);
    dk_link(entry, head, head->next);
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head) {
    dk_note_head(head);
    dk_link(entry, head->prev, head);
}

static inline void __list_del_entry(struct list_head *entry) {
    struct list_head *before = entry->prev, *after = entry->next;

    if (unlikely(after == LIST_POISON1 || !after || !before || before->next != entry || after->prev != entry))
        dk_crash("list corruption: deletion");
    dk_undo_record(entry, false);
    before->next = after;
    after->prev = before;
}

static inline void list_del(struct list_head *entry) {
    __list_del_entry(entry);
    entry->next = LIST_POISON1;
    entry->prev = LIST_POISON2;
}

static inline void list_del_init(struct list_head *entry) {
    __list_del_entry(entry);
    INIT_LIST_HEAD(entry);
}

static inline void list_move(struct list_head *entry, struct list_head *head) {
    __list_del_entry(entry);
    list_add(entry, head);
}

static inline void list_move_tail(struct list_head *entry, struct list_head *head) {
    __list_del_entry(entry);
    list_add_tail(entry, head);
}

static inline void list_splice_init(struct list_head *from, struct list_head *to) {
    while (from->prev != from) list_move(from->prev, to);
}

static inline void list_splice_tail_init(struct list_head *from, struct list_head *to) {
    while (from->next != from) list_move_tail(from->next, to);
}

#define list_splice(from, to) list_splice_init(from, to)
#define list_splice_tail(from, to) list_splice_tail_init(from, to)

static inline int list_is_first(const struct list_head *entry, const struct list_head *head) {
    return entry->prev == head;
}
static inline int list_is_last(const struct list_head *entry, const struct list_head *head) {
    return entry->next == head;
}
static inline int list_is_head(const struct list_head *entry, const struct list_head *head) { return entry == head; }
static inline int list_is_singular(const struct list_head *head) {
    return head->next != head && head->next == head->prev;
}

static inline size_t list_count_nodes(const struct list_head *head) {
    size_t count = 0;

    for (const struct list_head *at = head->next; at != head && dk_step(); at = at->next) ++count;
    return count;
}

static inline void list_replace(struct list_head *old, struct list_head *by) {
    list_add(by, old);
    __list_del_entry(old);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) (list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(p, member) list_entry((p)->member.next, __typeof__(*(p)), member)
#define list_prev_entry(p, member) list_entry((p)->member.prev, __typeof__(*(p)), member)

#define list_for_each(p, head) for (p = (head)->next; p != (head) && dk_step(); p = p->next)
#define list_for_each_entry(p, head, member)                                                    \
    for (p = list_first_entry(head, __typeof__(*p), member); &p->member != (head) && dk_step(); \
         p = list_next_entry(p, member))
#define list_for_each_entry_reverse(p, head, member)                                           \
    for (p = list_last_entry(head, __typeof__(*p), member); &p->member != (head) && dk_step(); \
         p = list_prev_entry(p, member))
#define list_for_each_entry_safe(p, n, head, member)                                         \
    for (p = list_first_entry(head, __typeof__(*p), member), n = list_next_entry(p, member); \
         &p->member != (head) && dk_step(); p = n, n = list_next_entry(n, member))
#define list_for_each_safe(p, n, head) for (p = (head)->next; p != (head) && (n = p->next, dk_step()); p = n)
#define list_for_each_prev(p, head) for (p = (head)->prev; p != (head) && dk_step(); p = p->prev)
#define list_for_each_entry_continue(p, head, member) \
    for (p = list_next_entry(p, member); &p->member != (head) && dk_step(); p = list_next_entry(p, member))
#define list_for_each_entry_from(p, head, member) \
    for (; &p->member != (head) && dk_step(); p = list_next_entry(p, member))
#define list_for_each_entry_safe_reverse(p, n, head, member)                                \
    for (p = list_last_entry(head, __typeof__(*p), member), n = list_prev_entry(p, member); \
         &p->member != (head) && dk_step(); p = n, n = list_prev_entry(n, member))
#define list_for_each_entry_rcu(p, head, member, ...) list_for_each_entry(p, head, member)
#define list_add_rcu(entry, head) list_add(entry, head)
#define list_add_tail_rcu(entry, head) list_add_tail(entry, head)
#define list_del_rcu(entry) __list_del_entry(entry)
