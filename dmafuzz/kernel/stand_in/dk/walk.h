// SPDX-License-Identifier: GPL-2.0-only
/* The walks over many buckets, shortened: they would take longer than all the rest of a program. A bucket to which
 * nothing was added since the last reset is empty, and looking at it has no effect but the taking of its lock, which is
 * counted all the same.
 *
 * At unbind the kernel locks each bucket in turn. The stand-in lock moves the loop's variable on to the next bucket
 * that was ever added to. In every kernel so far this variable is called i; in one where it is not, the i below is
 * moved in its place, and the walk is slow.
 *
 * A sync that finds nothing walks back through all buckets from 6.0 on. Its loop counts with a variable that is out of
 * reach, so that its limit is made smaller instead, and each step of the address larger. That is done only where the
 * functions are those that were looked at (probe.py), by the names that they use; elsewhere the walk is slow. */
#pragma once
#include <dk/own.h>
#include <linux/types.h>

static int __attribute__((unused)) i;

struct dk_lock_site;

static noinline int dk_next_bucket(int bucket, const void *lock, struct dk_lock_site *site);

/* The walk of a sync that is under way. */
static struct {
    u64 *address;    /* the walk's own; NULL: there is none */
    u64 step, limit; /* buckets walked back so far, and at most */
} dk_back DK_OWN;

#define dk_no_walk() ((void)(dk_back.address = NULL))

#ifdef DK_KNOWN_WALK
static int __attribute__((unused)) idx;
static struct {
    u64 dev_addr;
} __attribute__((unused)) index;

static noinline u64 dk_begin_walk(u64 *address, u64 limit);
static noinline int dk_bucket_back(int bucket, const void *lock, struct dk_lock_site *site);

#define dk_limit(name, limit) (__builtin_strcmp(name, "HASH_SIZE") ? (limit) : dk_begin_walk(&index.dev_addr, limit))
#define dk_walk_back(lock, site)                                                      \
    ({                                                                                \
        if (unlikely(dk_back.address != NULL)) idx = dk_bucket_back(idx, lock, site); \
    })
#else
#define dk_limit(name, limit) (limit)
#define dk_walk_back(lock, site) ((void)0)
#endif
