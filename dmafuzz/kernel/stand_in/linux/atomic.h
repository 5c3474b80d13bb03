// SPDX-License-Identifier: GPL-2.0-only
/* Atomics: one hook runs at a time, so that any operation is. What they held is written to the undo log, since they may
 * be in memory that no reset copies back. */
#pragma once
#include <dk/undo.h>
#include <linux/kernel.h>

typedef struct {
    int counter;
} atomic_t;
typedef struct {
    s64 counter;
} atomic64_t;
typedef struct {
    long counter;
} atomic_long_t;

#define ATOMIC_INIT(n) {(n)}
#define ATOMIC64_INIT(n) {(n)}
#define ATOMIC_LONG_INIT(n) {(n)}

/* `change` sees and sets *now. The value before and after: */
#define dk_atomic(v, change)                                          \
    ({                                                                \
        __typeof__((v)->counter) *now = &(v)->counter, before = *now; \
        dk_undo_memory(now, sizeof *now);                             \
        change;                                                       \
        (struct { __typeof__(before) was, is; }){before, *now};       \
    })

#define dk_atomic_family(name, type, value)                                                             \
    static inline value name##_read(const type *v) { return v->counter; }                               \
    static inline value name##_read_acquire(const type *v) { return v->counter; }                       \
    static inline void name##_set(type *v, value n) { dk_atomic(v, *now = n); }                         \
    static inline void name##_set_release(type *v, value n) { dk_atomic(v, *now = n); }                 \
    static inline void name##_add(value n, type *v) { dk_atomic(v, *now += n); }                        \
    static inline void name##_sub(value n, type *v) { dk_atomic(v, *now -= n); }                        \
    static inline void name##_inc(type *v) { dk_atomic(v, ++*now); }                                    \
    static inline void name##_dec(type *v) { dk_atomic(v, --*now); }                                    \
    static inline void name##_or(value n, type *v) { dk_atomic(v, *now |= n); }                         \
    static inline void name##_and(value n, type *v) { dk_atomic(v, *now &= n); }                        \
    static inline void name##_andnot(value n, type *v) { dk_atomic(v, *now &= ~n); }                    \
    static inline value name##_add_return(value n, type *v) { return dk_atomic(v, *now += n).is; }      \
    static inline value name##_sub_return(value n, type *v) { return dk_atomic(v, *now -= n).is; }      \
    static inline value name##_inc_return(type *v) { return dk_atomic(v, ++*now).is; }                  \
    static inline value name##_dec_return(type *v) { return dk_atomic(v, --*now).is; }                  \
    static inline value name##_fetch_add(value n, type *v) { return dk_atomic(v, *now += n).was; }      \
    static inline value name##_fetch_sub(value n, type *v) { return dk_atomic(v, *now -= n).was; }      \
    static inline value name##_fetch_inc(type *v) { return dk_atomic(v, ++*now).was; }                  \
    static inline value name##_fetch_dec(type *v) { return dk_atomic(v, --*now).was; }                  \
    static inline value name##_fetch_or(value n, type *v) { return dk_atomic(v, *now |= n).was; }       \
    static inline value name##_fetch_and(value n, type *v) { return dk_atomic(v, *now &= n).was; }      \
    static inline bool name##_inc_and_test(type *v) { return !dk_atomic(v, ++*now).is; }                \
    static inline bool name##_dec_and_test(type *v) { return !dk_atomic(v, --*now).is; }                \
    static inline bool name##_sub_and_test(value n, type *v) { return !dk_atomic(v, *now -= n).is; }    \
    static inline bool name##_add_negative(value n, type *v) { return dk_atomic(v, *now += n).is < 0; } \
    static inline value name##_xchg(type *v, value n) { return dk_atomic(v, *now = n).was; }            \
    static inline value name##_cmpxchg(type *v, value old, value n) {                                   \
        return dk_atomic(v, *now = before == old ? n : before).was;                                     \
    }                                                                                                   \
    static inline bool name##_try_cmpxchg(type *v, value *old, value n) {                               \
        value was = name##_cmpxchg(v, *old, n);                                                         \
        bool done = was == *old;                                                                        \
        *old = was;                                                                                     \
        return done;                                                                                    \
    }                                                                                                   \
    static inline bool name##_add_unless(type *v, value n, value unless) {                              \
        return dk_atomic(v, *now += before == unless ? 0 : n).was != unless;                            \
    }                                                                                                   \
    static inline value name##_fetch_add_unless(type *v, value n, value unless) {                       \
        return dk_atomic(v, *now += before == unless ? 0 : n).was;                                      \
    }                                                                                                   \
    static inline bool name##_inc_not_zero(type *v) { return name##_add_unless(v, 1, 0); }              \
    static inline value name##_dec_if_positive(type *v) {                                               \
        value less = v->counter - 1;                                                                    \
        if (less >= 0) name##_set(v, less);                                                             \
        return less;                                                                                    \
    }

dk_atomic_family(atomic, atomic_t, int) dk_atomic_family(atomic64, atomic64_t, s64)
    dk_atomic_family(atomic_long, atomic_long_t, long)

#define xchg(p, n)                      \
    ({                                  \
        __typeof__(*(p)) dk_was = *(p); \
        dk_undo_memory(p, sizeof *(p)); \
        *(p) = (n);                     \
        dk_was;                         \
    })
#define cmpxchg(p, old, n)               \
    ({                                   \
        __typeof__(*(p)) dk_was = *(p);  \
        dk_undo_memory(p, sizeof *(p));  \
        if (dk_was == (old)) *(p) = (n); \
        dk_was;                          \
    })
#define try_cmpxchg(p, old, n)               \
    ({                                       \
        __typeof__(*(p)) dk_wanted = *(old); \
        *(old) = cmpxchg(p, dk_wanted, n);   \
        *(old) == dk_wanted;                 \
    })

#define smp_mb() barrier()
#define smp_rmb() barrier()
#define smp_wmb() barrier()
#define smp_mb__before_atomic() barrier()
#define smp_mb__after_atomic() barrier()
#define smp_load_acquire(p) READ_ONCE(*(p))
#define smp_store_release(p, n) WRITE_ONCE(*(p), n)
#define smp_store_mb(v, n) WRITE_ONCE(v, n)
#define cpu_relax() barrier()
