// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <linux/compiler.h>
#include <dk/walk.h>
#include <linux/errno.h>
#include <linux/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define DIV_ROUND_DOWN_ULL(n, d) ((u64)(n) / (d))
#define DIV_ROUND_CLOSEST(n, d) (((n) + (d) / 2) / (d))
#define div_u64(n, d) ((u64)(n) / (u32)(d))
#define div64_u64(n, d) ((u64)(n) / (u64)(d))
#define do_div(n, d)             \
    ({                           \
        u32 dk_rest = (n) % (d); \
        (n) /= (d);              \
        dk_rest;                 \
    })
#define roundup(n, to)                      \
    ({                                      \
        const __typeof__(to) dk_to = (to);  \
        ((n) + (dk_to - 1)) / dk_to *dk_to; \
    })
#define rounddown(n, to)                \
    ({                                  \
        const __typeof__(n) dk_n = (n); \
        dk_n - dk_n % (to);             \
    })
/* To a power of two. */
#define dk_below(n, to) ((__typeof__(n))((to) - 1))
#define round_down(n, to) ((n) & ~dk_below(n, to))
#define round_up(n, to) ((((n) - 1) | dk_below(n, to)) + 1)
#define ALIGN(n, to) (((n) + dk_below(n, to)) & ~dk_below(n, to))
#define ALIGN_DOWN(n, to) round_down(n, to)
#define PTR_ALIGN(p, to) ((__typeof__(p))ALIGN((unsigned long)(p), (unsigned long)(to)))
#define IS_ALIGNED(n, to) (((n) & dk_below(n, to)) == 0)
#define offsetof(type, member) __builtin_offsetof(type, member)
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))

#define min(a, b)                        \
    ({                                   \
        __typeof__(a) a_ = (a);          \
        __typeof__(b) b_ = (b);          \
        dk_limit(#a, a_ < b_ ? a_ : b_); \
    })
#define max(a, b)               \
    ({                          \
        __typeof__(a) a_ = (a); \
        __typeof__(b) b_ = (b); \
        a_ > b_ ? a_ : b_;      \
    })
#define min3(a, b, c) min(min(a, b), c)
#define max3(a, b, c) max(max(a, b), c)
#define umin(a, b) min((u64)(a), (u64)(b))
#define umax(a, b) max((u64)(a), (u64)(b))
#define clamp(n, low, high) min(max(n, low), high)
#define clamp_t(type, n, low, high) clamp((type)(n), (type)(low), (type)(high))
#define clamp_val(n, low, high) clamp_t(__typeof__(n), n, low, high)
#define swap(a, b)                \
    ({                            \
        __typeof__(a) dk_a = (a); \
        (a) = (b);                \
        (b) = dk_a;               \
    })
#define abs(n)                    \
    ({                            \
        __typeof__(n) dk_n = (n); \
        dk_n < 0 ? -dk_n : dk_n;  \
    })
#define abs_diff(a, b)                           \
    ({                                           \
        __typeof__(a) dk_a = (a);                \
        __typeof__(a) dk_b = (b);                \
        dk_a > dk_b ? dk_a - dk_b : dk_b - dk_a; \
    })
#define in_range(n, first, count) ((n) - (first) < (count))
#define min_not_zero(a, b)                             \
    ({                                                 \
        __typeof__(a) dk_x = (a), dk_y = (b);          \
        !dk_x ? dk_y : !dk_y ? dk_x : min(dk_x, dk_y); \
    })
#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)
#define check_sub_overflow(a, b, difference) __builtin_sub_overflow(a, b, difference)
#define check_mul_overflow(a, b, product) __builtin_mul_overflow(a, b, product)
#define size_add(a, b) ((size_t)(a) + (size_t)(b))
#define size_mul(a, b) ((size_t)(a) * (size_t)(b))
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define struct_size(p, member, count) (sizeof *(p) + (count) * sizeof *(p)->member)
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)
#define BUILD_BUG_ON_MSG(condition, text) _Static_assert(!(condition), text)
#define static_assert(condition, ...) _Static_assert(condition, #condition)
#define U8_MAX ((u8)~0u)
#define U16_MAX ((u16)~0u)
#define U32_MAX ((u32)~0u)
#define U64_MAX ((u64)~0ull)
#define INT_MAX ((int)(~0u >> 1))
#define UINT_MAX (~0u)
#define LONG_MAX ((long)(~0ul >> 1))
#define ULONG_MAX (~0ul)
#define SIZE_MAX ((size_t)~0ul)
#define PHYS_ADDR_MAX ((phys_addr_t)~0ull)
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))

/* Options that are machine facts here are variables, so that one library serves all machines. */
#define IS_ENABLED(option) (dk_enabled_##option)
#define dk_enabled_CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC (dk_now.machine.kmalloc_bounce)

int strncmp(const char *a, const char *b, size_t n);
int strcmp(const char *a, const char *b);
size_t strlen(const char *s);
void *memset(void *p, int value, size_t n);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* Boot parameters and the driver filter are never used: it is enough that they compile. */
static inline int dk_print_nothing(void *to, ...) { return 0; }
#define scnprintf(buffer, size, ...) dk_print_nothing(buffer, ##__VA_ARGS__)
#define snprintf(buffer, size, ...) dk_print_nothing(buffer, ##__VA_ARGS__)
#define get_option(string, value) ((void)(value), 0)
#define kstrtobool(string, value) ((void)(value), -EINVAL)
#define cond_resched() ((void)0)
#define might_sleep() ((void)0)
