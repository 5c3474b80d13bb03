// SPDX-License-Identifier: GPL-2.0-only
/* Locks that sleep are counted as the others are. */
#pragma once
#include <linux/spinlock.h>

struct mutex {
    char place;
};
struct rw_semaphore {
    char place;
};
struct semaphore {
    char place;
};

#define DEFINE_MUTEX(name) struct mutex name
#define __MUTEX_INITIALIZER(name) \
    {}
#define mutex_init(lock) ((void)(lock))
#define mutex_destroy(lock) ((void)(lock))
#define mutex_lock(lock) dk_lock(lock)
#define mutex_lock_nested(lock, subclass) dk_lock(lock)
#define mutex_lock_interruptible(lock) \
    ({                                 \
        dk_lock(lock);                 \
        0;                             \
    })
#define mutex_lock_killable(lock) \
    ({                            \
        dk_lock(lock);            \
        0;                        \
    })
#define mutex_trylock(lock) dk_trylock(lock)
#define mutex_unlock(lock) dk_unlock(lock)
#define mutex_is_locked(lock) dk_holds(lock)

#define DECLARE_RWSEM(name) struct rw_semaphore name
#define init_rwsem(lock) ((void)(lock))
#define down_read(lock) dk_lock(lock)
#define up_read(lock) dk_unlock(lock)
#define down_write(lock) dk_lock(lock)
#define up_write(lock) dk_unlock(lock)

dk_is_guard(mutex) dk_is_guard(rwsem_read) dk_is_guard(rwsem_write)
#define dk_begin_mutex(lock) dk_begin_guard(lock)
#define dk_begin_rwsem_read(lock) dk_begin_guard(lock)
#define dk_begin_rwsem_write(lock) dk_begin_guard(lock)
