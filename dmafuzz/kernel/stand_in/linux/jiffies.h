// SPDX-License-Identifier: GPL-2.0-only
/* There is no clock, so that a program has the same result whenever it runs: from hook call to hook call one tick
 * passes. */
#pragma once
#include <dk/now.h>
#include <linux/types.h>

#define HZ 250
#define NSEC_PER_SEC 1000000000L
#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_USEC 1000L
#define USEC_PER_SEC 1000000L
#define USEC_PER_MSEC 1000L
#define MSEC_PER_SEC 1000L

/* The first is not zero, which often means never. */
#define dk_ticks (dk_now.call + 1)
#define jiffies ((unsigned long)dk_ticks)
#define jiffies_64 ((u64)dk_ticks)
#define get_jiffies_64() jiffies_64
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)
#define msecs_to_jiffies(n) ((unsigned long)(n) * HZ / 1000)
#define usecs_to_jiffies(n) ((unsigned long)(n) * HZ / 1000000)
#define jiffies_to_msecs(n) ((unsigned int)((n) * 1000 / HZ))
#define secs_to_jiffies(n) ((unsigned long)(n) * HZ)

typedef s64 ktime_t;

#define ktime_get() ((ktime_t)dk_ticks * (NSEC_PER_SEC / HZ))
#define ktime_get_ns() ((u64)ktime_get())
#define ktime_get_boottime() ktime_get()
#define ktime_get_real() ktime_get()
#define ktime_get_mono_fast_ns() ktime_get_ns()
#define ktime_get_coarse() ktime_get()
#define local_clock() ktime_get_ns()
#define sched_clock() ktime_get_ns()
#define ktime_set(seconds, ns) ((ktime_t)(seconds) * NSEC_PER_SEC + (ktime_t)(ns))
#define ktime_add(a, b) ((a) + (b))
#define ktime_sub(a, b) ((a) - (b))
#define ktime_add_ns(a, ns) ((a) + (s64)(ns))
#define ktime_add_ms(a, ms) ((a) + (s64)(ms) * NSEC_PER_MSEC)
#define ktime_to_ns(a) ((s64)(a))
#define ktime_to_us(a) ((s64)(a) / NSEC_PER_USEC)
#define ktime_to_ms(a) ((s64)(a) / NSEC_PER_MSEC)
#define ktime_us_delta(a, b) ktime_to_us(ktime_sub(a, b))
#define ktime_ms_delta(a, b) ktime_to_ms(ktime_sub(a, b))
#define ktime_before(a, b) ((a) < (b))
#define ktime_after(a, b) ((a) > (b))
#define ktime_compare(a, b) (((a) > (b)) - ((a) < (b)))
#define ns_to_ktime(ns) ((ktime_t)(ns))
#define ms_to_ktime(ms) ((ktime_t)(ms) * NSEC_PER_MSEC)
