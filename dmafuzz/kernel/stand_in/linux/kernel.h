#pragma once
#include <linux/compiler.h>
#include <dk/walk.h>
#include <linux/errno.h>
#include <linux/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define offsetof(type, member) __builtin_offsetof(type, member)
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))

#define min(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); dk_limit(#a, a_ < b_ ? a_ : b_); })
#define max(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })
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

/* Boot parameters and the driver filter are never used: it is enough that they compile. */
static inline int dk_print_nothing(void *to, ...) { return 0; }
#define scnprintf(buffer, size, ...) dk_print_nothing(buffer, ##__VA_ARGS__)
#define snprintf(buffer, size, ...) dk_print_nothing(buffer, ##__VA_ARGS__)
#define get_option(string, value) ((void)(value), 0)
#define kstrtobool(string, value) ((void)(value), -EINVAL)
#define cond_resched() ((void)0)
#define might_sleep() ((void)0)
