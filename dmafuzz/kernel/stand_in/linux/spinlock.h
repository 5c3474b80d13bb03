// SPDX-License-Identifier: GPL-2.0-only
/* One hook runs at a time, and interleavings are made between hooks: locks have nothing to keep out.
 * They are counted, and a lock taken twice is found. */
#pragma once
#include <dk/fault.h>
#include <dk/own.h>
#include <dk/walk.h>
#include <linux/cleanup.h>

/* Each has an address of its own, by which it is known. */
typedef struct {
    char place;
} spinlock_t;
typedef struct {
    char place;
} raw_spinlock_t;
typedef struct {
    char place;
} rwlock_t;

#define DEFINE_SPINLOCK(name) spinlock_t name
#define DEFINE_RAW_SPINLOCK(name) raw_spinlock_t name
#define DEFINE_RWLOCK(name) rwlock_t name
#define __SPIN_LOCK_UNLOCKED(name) \
    {}
#define __RAW_SPIN_LOCK_UNLOCKED(name) \
    {}
#define __RW_LOCK_UNLOCKED(name) \
    {}
#define SPIN_LOCK_UNLOCKED \
    (spinlock_t) {}

/* A place that takes a lock. */
struct dk_lock_site {
    const char *name;
    struct dk_counter taken;
    bool listed;
    struct dk_lock_site *next;
};

static struct dk_lock_site *dk_lock_sites DK_OWN; /* those that have taken locks since the last reset */

/* The innermost lock held, and those around it. */
enum { dk_outer_max = 8 };
static const void *dk_held DK_OWN;
static const void *dk_outer[dk_outer_max] DK_OWN;
static unsigned int dk_outer_count DK_OWN;

static noinline __cold void dk_list_site(struct dk_lock_site *site) {
    site->listed = true;
    site->next = dk_lock_sites;
    dk_lock_sites = site;
}

static noinline void dk_nest(const char *name, const void *lock) {
    if (dk_held == lock || dk_outer_count == dk_outer_max) dk_deadlock(name);
    for (unsigned int n = 0; n < dk_outer_count; ++n)
        if (dk_outer[n] == lock) dk_deadlock(name);
    dk_outer[dk_outer_count++] = dk_held;
}

static inline void dk_take(struct dk_lock_site *site, const void *lock) {
    if (unlikely(!site->listed)) dk_list_site(site);
    dk_count(&site->taken);
    if (unlikely(dk_held != NULL)) dk_nest(site->name, lock);
    dk_held = lock;
}

/* Out of order: the innermost one stays. */
static noinline void dk_give_back_outer(const void *lock) {
    unsigned int n = dk_outer_count;

    while (n && dk_outer[n - 1] != lock) --n;
    if (!n) dk_crash("a lock is given back that is not held");
    dk_outer[n - 1] = dk_outer[--dk_outer_count];
}

static inline void dk_give_back(const void *lock) {
    if (unlikely(dk_held != lock)) dk_give_back_outer(lock);
    else dk_held = unlikely(dk_outer_count) ? dk_outer[--dk_outer_count] : NULL;
}

static inline void dk_locks_reset(void) {
    for (; dk_lock_sites; dk_lock_sites = dk_lock_sites->next) {
        dk_lock_sites->taken.count = 0;
        dk_lock_sites->listed = false;
    }
    dk_held = NULL;
    dk_outer_count = 0;
}

#define dk_lock(lock)                                                        \
    ({                                                                       \
        static struct dk_lock_site dk_site DK_OWN = {#lock};                 \
        if (unlikely(dk_now.walking)) i = dk_next_bucket(i, lock, &dk_site); \
        dk_walk_back(lock, &dk_site);                                        \
        dk_take(&dk_site, lock);                                             \
    })
static inline bool dk_holds(const void *lock) {
    for (unsigned int n = 0; n < dk_outer_count; ++n)
        if (dk_outer[n] == lock) return true;
    return dk_held == lock;
}

#define dk_trylock(lock)   \
    (!dk_holds(lock) && ({ \
        dk_lock(lock);     \
        true;              \
    }))
#define dk_lock_save(lock, flags) ((flags) = 0, dk_lock(lock))
#define dk_unlock(lock) dk_give_back(lock)
#define dk_unlock_restore(lock, flags) ((void)(flags), dk_give_back(lock))

#define spin_lock_init(lock) ((void)(lock))
#define raw_spin_lock_init(lock) ((void)(lock))
#define rwlock_init(lock) ((void)(lock))
#define lockdep_assert_held(lock) ((void)(lock))
#define lockdep_assert(condition) ((void)(condition))
#define lockdep_is_held(lock) dk_holds(lock)
#define lockdep_set_class(lock, key) ((void)(lock))
#define spin_lock(lock) dk_lock(lock)
#define spin_unlock(lock) dk_unlock(lock)
#define spin_lock_irq(lock) dk_lock(lock)
#define spin_unlock_irq(lock) dk_unlock(lock)
#define spin_lock_irqsave(lock, flags) dk_lock_save(lock, flags)
#define spin_unlock_irqrestore(lock, flags) dk_unlock_restore(lock, flags)
#define spin_lock_irqsave_nested(lock, flags, subclass) dk_lock_save(lock, flags)
#define spin_lock_bh(lock) dk_lock(lock)
#define spin_unlock_bh(lock) dk_unlock(lock)
#define spin_lock_nested(lock, subclass) dk_lock(lock)
#define spin_trylock(lock) dk_trylock(lock)
#define spin_trylock_irqsave(lock, flags) ((flags) = 0, dk_trylock(lock))
#define spin_is_locked(lock) dk_holds(lock)
#define raw_spin_lock(lock) dk_lock(lock)
#define raw_spin_unlock(lock) dk_unlock(lock)
#define raw_spin_lock_irq(lock) dk_lock(lock)
#define raw_spin_unlock_irq(lock) dk_unlock(lock)
#define raw_spin_lock_irqsave(lock, flags) dk_lock_save(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags) dk_unlock_restore(lock, flags)
#define read_lock(lock) dk_lock(lock)
#define read_unlock(lock) dk_unlock(lock)
#define read_lock_irqsave(lock, flags) dk_lock_save(lock, flags)
#define read_unlock_irqrestore(lock, flags) dk_unlock_restore(lock, flags)
#define write_lock(lock) dk_lock(lock)
#define write_unlock(lock) dk_unlock(lock)
#define write_lock_irqsave(lock, flags) dk_lock_save(lock, flags)
#define write_unlock_irqrestore(lock, flags) dk_unlock_restore(lock, flags)
#define local_irq_save(flags) ((flags) = 0)
#define local_irq_restore(flags) ((void)(flags))
#define local_irq_disable() ((void)0)
#define local_irq_enable() ((void)0)
#define local_bh_disable() ((void)0)
#define local_bh_enable() ((void)0)
#define preempt_disable() ((void)0)
#define preempt_enable() ((void)0)
#define irqs_disabled() false

/* What a guard holds: a lock, or nothing where a try has failed. */
typedef struct {
    const void *lock;
} dk_guard;

static inline void dk_end_guard(const dk_guard *held) {
    if (held->lock) dk_give_back(held->lock);
}

#define dk_begin_guard(lock_)       \
    ({                              \
        const void *dk_l = (lock_); \
        dk_lock(lock_);             \
        (dk_guard){dk_l};           \
    })
#define dk_is_guard(name)             \
    typedef dk_guard dk_class_##name; \
    static inline void dk_end_##name(dk_guard *p) { dk_end_guard(p); }
dk_is_guard(spinlock) dk_is_guard(spinlock_irq) dk_is_guard(spinlock_irqsave) dk_is_guard(spinlock_bh)
    dk_is_guard(raw_spinlock) dk_is_guard(raw_spinlock_irq) dk_is_guard(raw_spinlock_irqsave) dk_is_guard(read_lock)
        dk_is_guard(read_lock_irqsave) dk_is_guard(write_lock) dk_is_guard(write_lock_irqsave)
#define dk_begin_spinlock(lock) dk_begin_guard(lock)
#define dk_begin_spinlock_irq(lock) dk_begin_guard(lock)
#define dk_begin_spinlock_irqsave(lock) dk_begin_guard(lock)
#define dk_begin_spinlock_bh(lock) dk_begin_guard(lock)
#define dk_begin_raw_spinlock(lock) dk_begin_guard(lock)
#define dk_begin_raw_spinlock_irq(lock) dk_begin_guard(lock)
#define dk_begin_raw_spinlock_irqsave(lock) dk_begin_guard(lock)
#define dk_begin_read_lock(lock) dk_begin_guard(lock)
#define dk_begin_read_lock_irqsave(lock) dk_begin_guard(lock)
#define dk_begin_write_lock(lock) dk_begin_guard(lock)
#define dk_begin_write_lock_irqsave(lock) dk_begin_guard(lock)
            DEFINE_LOCK_GUARD_0(irq, (void)0, (void)0) DEFINE_LOCK_GUARD_0(irqsave, (void)0, (void)0)
                DEFINE_LOCK_GUARD_0(preempt, (void)0, (void)0)
