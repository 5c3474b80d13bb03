// SPDX-License-Identifier: GPL-2.0-only
/* Which edges of the kernel's code have been taken, where the library is built for that. clang counts in place and says
 * at load where; gcc calls a function in each block. */
#include <stddef.h>
#include <stdint.h>

#include "../abi.h"
#include "../stand_in/dk/own.h"

enum { blocks = 1 << 12 };

static uint8_t *counters DK_OWN;
static size_t counter_count DK_OWN;
static uint8_t traced[blocks] DK_OWN;

void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop) {
    counters = start;
    counter_count = stop - start;
}

/* Blocks are identified by where they are in the library, which is the same wherever it is loaded. */
void __sanitizer_cov_trace_pc(void) {
    uint32_t at = (uint32_t)((uintptr_t)__builtin_return_address(0) - (uintptr_t)&__sanitizer_cov_trace_pc);
    uint8_t *count = &traced[(at * 0x9e3779b1u) >> 20];

    if (*count != UINT8_MAX) ++*count;
    counters = traced;
    counter_count = blocks;
}

__attribute__((visibility("default"))) size_t dmafuzz_kernel_coverage(uint8_t **at) {
    *at = counters;
    return counter_count;
}
