// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ __volatile__("" ::: "memory")
#define READ_ONCE(x) (*(volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* Annotations for other tools, sections and alignment: without meaning here. */
#define __user
#define __iomem
#define __init
#define __initdata
#define __exit
#define __read_mostly
#define __ro_after_init
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
#define __guarded_by(x)
#define __acquire(x) ((void)0)
#define __release(x) ((void)0)
#define uninitialized_var(x) x
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __must_check
#define __weak __attribute__((weak))
#define __packed __attribute__((packed))
#define __printf(a, b)
#define __cold __attribute__((cold))
#define noinline __attribute__((noinline))
#define __always_inline inline __attribute__((always_inline))
#define fallthrough __attribute__((fallthrough))
#define ____cacheline_aligned __attribute__((aligned(64)))
#define ____cacheline_aligned_in_smp ____cacheline_aligned
