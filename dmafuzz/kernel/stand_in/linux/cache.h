// SPDX-License-Identifier: GPL-2.0-only
#pragma once

/* A variable, where the kernel does not need it for the size of an array. */
#ifdef DK_FIXED_L1_SHIFT
#define L1_CACHE_SHIFT DK_FIXED_L1_SHIFT
#else
#define L1_CACHE_SHIFT (dk_now.machine.l1_shift)
#endif
#define L1_CACHE_BYTES (1 << L1_CACHE_SHIFT)
#define SMP_CACHE_BYTES L1_CACHE_BYTES
#define cache_line_size() L1_CACHE_BYTES
