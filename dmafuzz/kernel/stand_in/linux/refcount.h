// SPDX-License-Identifier: GPL-2.0-only
/* Reference counts: what would wrap around is reported, and stays where it cannot do harm. */
#pragma once
#include <linux/atomic.h>
#include <linux/printk.h>

typedef struct {
    atomic_t refs;
} refcount_t;
struct kref {
    refcount_t refcount;
};

enum { dk_saturated = -1 << 30 }; /* far from both ends */

#define REFCOUNT_INIT(n) {.refs = ATOMIC_INIT(n)}
#define refcount_set(r, n) atomic_set(&(r)->refs, n)
#define refcount_read(r) ((unsigned int)atomic_read(&(r)->refs))

static inline void dk_refcount_add(refcount_t *r, int n) {
    int was = atomic_read(&r->refs);

    WARN_ONCE(!was, "refcount_t: addition on 0; use-after-free.\n");
    WARN_ONCE(was < 0 || was + n < 0, "refcount_t: saturated; leaking memory.\n");
    atomic_set(&r->refs, was <= 0 || was + n < 0 ? dk_saturated : was + n);
}

/* True for the last reference. */
static inline bool dk_refcount_sub(refcount_t *r, int n) {
    int was = atomic_read(&r->refs);

    WARN_ONCE(was < n, "refcount_t: underflow; use-after-free.\n");
    atomic_set(&r->refs, was < n ? dk_saturated : was - n);
    return was == n;
}

#define refcount_add(n, r) dk_refcount_add(r, n)
#define refcount_inc(r) dk_refcount_add(r, 1)
#define refcount_sub_and_test(n, r) dk_refcount_sub(r, n)
#define refcount_dec_and_test(r) dk_refcount_sub(r, 1)
#define refcount_dec(r) WARN_ONCE(dk_refcount_sub(r, 1), "refcount_t: decrement hit 0; leaking memory.\n")
#define refcount_inc_not_zero(r) (refcount_read(r) && (dk_refcount_add(r, 1), true))

#define kref_init(k) refcount_set(&(k)->refcount, 1)
#define kref_read(k) refcount_read(&(k)->refcount)
#define kref_get(k) refcount_inc(&(k)->refcount)
#define kref_get_unless_zero(k) refcount_inc_not_zero(&(k)->refcount)
#define kref_put(k, release)                               \
    ({                                                     \
        bool dk_last = dk_refcount_sub(&(k)->refcount, 1); \
        if (dk_last) (release)(k);                         \
        dk_last;                                           \
    })
