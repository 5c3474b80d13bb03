/* The walk over all buckets at unbind, shortened.
 *
 * The kernel locks each of its 16384 buckets in turn to look for a device's entries, which takes longer
 * than all the rest of a program. An empty bucket has no effect, so the stand-in lock moves the loop's
 * variable on to the next bucket that was ever added to since the last reset. In every kernel so far this
 * variable is called i; in one where it is not, the i below is moved in its place, and the walk is slow. */
#pragma once
#include <linux/types.h>

static int __attribute__((unused)) i;

struct dk_lock_site;

static noinline int dk_next_bucket(int bucket, const void *lock, struct dk_lock_site *site);
