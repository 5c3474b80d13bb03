#pragma once

#define L1_CACHE_SHIFT (dk_now.machine.l1_shift)
#define L1_CACHE_BYTES (1 << L1_CACHE_SHIFT)
#define SMP_CACHE_BYTES L1_CACHE_BYTES
#define cache_line_size() L1_CACHE_BYTES
