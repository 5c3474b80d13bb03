// SPDX-License-Identifier: GPL-2.0-only
/* Nothing reads while something else writes: a grace period is over at once. */
#pragma once
#include <linux/cleanup.h>
#include <linux/kernel.h>

struct rcu_head {
    struct rcu_head *next;
    void (*func)(struct rcu_head *head);
};
#define callback_head rcu_head

#define __rcu
#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)
#define rcu_read_lock_held() 1
#define rcu_dereference(p) READ_ONCE(p)
#define rcu_dereference_raw(p) READ_ONCE(p)
#define rcu_dereference_check(p, condition) READ_ONCE(p)
#define rcu_dereference_protected(p, condition) (p)
#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_assign_pointer(p, v) WRITE_ONCE(p, v)
#define RCU_INIT_POINTER(p, v) WRITE_ONCE(p, v)
#define rcu_replace_pointer(p, v, condition) \
    ({                                       \
        __typeof__(p) dk_before = (p);       \
        WRITE_ONCE(p, v);                    \
        dk_before;                           \
    })
#define synchronize_rcu() ((void)0)
#define rcu_barrier() ((void)0)
#define call_rcu(head, function) (function)(head)
#define kfree_rcu(p, ...) ((void)(p))
#define kfree_rcu_mightsleep(p) ((void)(p))

DEFINE_LOCK_GUARD_0(rcu, (void)0, (void)0)
