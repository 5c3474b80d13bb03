// SPDX-License-Identifier: GPL-2.0-only
/* Single bits, bitmaps, and logarithms. Every change is undone by a reset. */
#pragma once
#include <dk/undo.h>
#include <linux/kernel.h>

#define BITS_PER_BYTE 8
#define BITS_PER_LONG 64
#define BITS_PER_TYPE(type) (sizeof(type) * BITS_PER_BYTE)
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)
#define BIT_MASK(n) (1ul << ((n) % BITS_PER_LONG))
#define BIT_WORD(n) ((n) / BITS_PER_LONG)
#define GENMASK(high, low) ((~0ul >> (BITS_PER_LONG - 1 - (high))) & (~0ul << (low)))
#define GENMASK_ULL(high, low) ((~0ull >> (63 - (high))) & (~0ull << (low)))

#define __ffs(n) ((unsigned long)__builtin_ctzl(n))
#define __fls(n) ((unsigned long)(BITS_PER_LONG - 1 - __builtin_clzl(n)))
#define ffs(n) __builtin_ffs(n)
#define ffz(n) __ffs(~(n))
static inline int fls(unsigned int n) { return n ? 32 - __builtin_clz(n) : 0; }
static inline int fls64(u64 n) { return n ? 64 - __builtin_clzll(n) : 0; }
#define fls_long(n) fls64(n)
#define hweight8(n) ((unsigned int)__builtin_popcount((u8)(n)))
#define hweight16(n) ((unsigned int)__builtin_popcount((u16)(n)))
#define hweight32(n) ((unsigned int)__builtin_popcount(n))
#define hweight64(n) ((unsigned int)__builtin_popcountll(n))
#define hweight_long(n) hweight64(n)

/* A constant, where its argument is one. */
#define ilog2(n) (63 - __builtin_clzll((u64)(n)))
#define is_power_of_2(n) ((n) && !((n) & ((n) - 1)))
static inline int order_base_2(u64 n) { return n > 1 ? fls64(n - 1) : 0; }
static inline unsigned long roundup_pow_of_two(unsigned long n) { return 1ul << order_base_2(n); }
static inline unsigned long rounddown_pow_of_two(unsigned long n) { return 1ul << __fls(n); }

static inline bool test_bit(unsigned long n, const unsigned long *map) { return map[BIT_WORD(n)] & BIT_MASK(n); }

/* Returns the bit before. */
static inline bool dk_assign_bit(unsigned long n, unsigned long *map, bool on) {
    unsigned long *word = &map[BIT_WORD(n)];
    bool was = *word & BIT_MASK(n);

    dk_set(*word, on ? *word | BIT_MASK(n) : *word & ~BIT_MASK(n));
    return was;
}

#define set_bit(n, map) ((void)dk_assign_bit(n, map, true))
#define clear_bit(n, map) ((void)dk_assign_bit(n, map, false))
#define change_bit(n, map) ((void)dk_assign_bit(n, map, !test_bit(n, map)))
#define assign_bit(n, map, on) ((void)dk_assign_bit(n, map, on))
#define test_and_set_bit(n, map) dk_assign_bit(n, map, true)
#define test_and_clear_bit(n, map) dk_assign_bit(n, map, false)
#define test_and_change_bit(n, map) dk_assign_bit(n, map, !test_bit(n, map))
#define __set_bit(n, map) set_bit(n, map)
#define __clear_bit(n, map) clear_bit(n, map)
#define __change_bit(n, map) change_bit(n, map)
#define __assign_bit(n, map, on) assign_bit(n, map, on)
#define __test_and_set_bit(n, map) test_and_set_bit(n, map)
#define __test_and_clear_bit(n, map) test_and_clear_bit(n, map)

/* The first bit from `from` on that is as wanted; `size`: there is none. */
static inline unsigned long dk_find_bit(const unsigned long *map, unsigned long size, unsigned long from, bool on) {
    while (from < size && dk_step()) {
        unsigned long word = (on ? map[BIT_WORD(from)] : ~map[BIT_WORD(from)]) >> from % BITS_PER_LONG;

        if (word) return from + __ffs(word) < size ? from + __ffs(word) : size;
        from += BITS_PER_LONG - from % BITS_PER_LONG;
    }
    return size;
}

#define find_first_bit(map, size) dk_find_bit(map, size, 0, true)
#define find_next_bit(map, size, from) dk_find_bit(map, size, from, true)
#define find_first_zero_bit(map, size) dk_find_bit(map, size, 0, false)
#define find_next_zero_bit(map, size, from) dk_find_bit(map, size, from, false)
#define for_each_set_bit(n, map, size) \
    for ((n) = find_first_bit(map, size); (n) < (size); (n) = find_next_bit(map, size, (n) + 1))
#define for_each_clear_bit(n, map, size) \
    for ((n) = find_first_zero_bit(map, size); (n) < (size); (n) = find_next_zero_bit(map, size, (n) + 1))

#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

static inline void dk_assign_bits(unsigned long *map, unsigned long from, unsigned long count, bool on) {
    for (unsigned long n = from; n < from + count && dk_step(); ++n) dk_assign_bit(n, map, on);
}
static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int bits) {
    unsigned int weight = 0;

    for (unsigned int n = 0; n < bits; ++n) weight += test_bit(n, map);
    return weight;
}
#define bitmap_set(map, from, count) dk_assign_bits(map, from, count, true)
#define bitmap_clear(map, from, count) dk_assign_bits(map, from, count, false)
#define bitmap_zero(map, bits) dk_assign_bits(map, 0, BITS_TO_LONGS(bits) * BITS_PER_LONG, false)
#define bitmap_fill(map, bits) dk_assign_bits(map, 0, bits, true)
#define bitmap_empty(map, bits) (find_first_bit(map, bits) == (bits))
#define bitmap_full(map, bits) (find_first_zero_bit(map, bits) == (bits))
#define bitmap_zalloc(bits, gfp) ((unsigned long *)kcalloc(BITS_TO_LONGS(bits), sizeof(long), gfp))
#define bitmap_alloc(bits, gfp) bitmap_zalloc(bits, gfp)
#define bitmap_free(map) kfree(map)
