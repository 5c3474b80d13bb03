/* The host side: what the kernel side needs of the C library. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

/* Memory */

struct block {
    struct block *next;
    char memory[] __attribute__((aligned(64)));
};

static struct block *since_boot;
static bool booted;

void *dk_zalloc(size_t size) { return calloc(1, size); }

void dk_free(void *p) { free(p); }

/* What the kernel allocates after boot is given back by the reset. Entries want whole cache lines. */
void *dk_kernel_zalloc(size_t size) {
    struct block *block = aligned_alloc(64, (sizeof *block + size + 63) & ~(size_t)63);

    if (!block) return NULL;
    memset(block, 0, sizeof *block + size);
    if (booted) {
        block->next = since_boot;
        since_boot = block;
    }
    return block->memory;
}

void dk_memory_mark(void) { booted = true; }

void dk_memory_reset(void) {
    while (since_boot) {
        struct block *next = since_boot->next;

        free(since_boot);
        since_boot = next;
    }
}

/* As on the kernel side. */
struct dk_undo {
    void *entry, *next, *prev;
    bool added;
};

void dk_undo_grow(struct dk_undo **log, struct dk_undo **top, struct dk_undo **limit) {
    size_t used = *top - *log, room = used ? 2 * used : 4096;
    struct dk_undo *grown = realloc(*log, room * sizeof *grown);

    if (!grown) abort();
    *log = grown;
    *top = grown + used;
    *limit = grown + room;
}

/* Faults */

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
enum { fault_signal_count = sizeof fault_signals / sizeof *fault_signals };
static struct sigaction before[fault_signal_count];
static void (*on_fault)(void);

/* Does not return from a run of the kernel's code; elsewhere the handler before ours takes over. */
static void fault(int signal_number, siginfo_t *info, void *context) {
    (void)info, (void)context;
    on_fault();
    for (int i = 0; i < fault_signal_count; ++i)
        if (fault_signals[i] == signal_number) sigaction(signal_number, &before[i], NULL);
}

/* Not deferred, since the handler is left by a jump. */
void dk_catch_faults(void (*handler)(void)) {
    struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};

    if (on_fault) return;
    on_fault = handler;
    for (int i = 0; i < fault_signal_count; ++i) sigaction(fault_signals[i], &action, &before[i]);
}

/* Warning ids: by a distinctive part of the format string. */

static const struct {
    const char *part;
    int id;   /* enum dk_id, or -1: a message that judges nothing */
} formats[] = {
    {"Mapped at:", -1},
    {"free an invalid DMA memory", DK_FREE_INVALID},
    {"free DMA memory it has not allocated", DK_FREE_UNALLOCATED},
    {"frees DMA memory with different size", DK_FREE_SIZE},
    {"frees DMA memory with wrong function", DK_FREE_WRONG_FUNCTION},
    {"frees DMA memory with different CPU address", DK_FREE_CPU_ADDRESS},
    {"frees DMA sg list with different entry count", DK_FREE_SG_COUNT},
    {"frees DMA memory with different direction", DK_FREE_DIRECTION},
    {"failed to check map error", DK_FREE_UNCHECKED},
    {"frees DMA memory with different attributes", DK_FREE_ATTRIBUTES},
    {"sync DMA memory it has not allocated", DK_SYNC_UNALLOCATED},
    {"syncs DMA memory outside allocated range", DK_SYNC_RANGE},
    {"syncs DMA memory with different direction", DK_SYNC_DIRECTION},
    {"syncs device read-only DMA memory for cpu", DK_SYNC_READ_ONLY_FOR_CPU},
    {"syncs device write-only DMA memory to device", DK_SYNC_WRITE_ONLY_FOR_DEVICE},
    {"syncs DMA sg list with different entry count", DK_SYNC_SG_COUNT},
    {"maps memory from stack", DK_MAP_STACK},
    {"maps memory from kernel text or rodata", DK_MAP_TEXT_RODATA},
    {"maps memory from invalid area", DK_MAP_INVALID_AREA},
    {"maps memory from vmalloc area", DK_MAP_VMALLOC},
    {"sg segment longer than device", DK_SG_TOO_LONG},
    {"sg segment across boundary", DK_SG_BOUNDARY},
    {"tracking EEXIST", DK_LINE_OVERLAP},
    {"overlapping mappings of", DK_OVERLAP_7},
    {"tracking ENOMEM", DK_LINE_ENOMEM},
    {"cpu touching an active dma mapped", DK_ASSERT_IDLE},
    {"pending DMA allocations while released", DK_LEAK},
    {"dma_map_resource called for RAM", DK_RESOURCE_RAM},
};

int dk_classify(const char *format) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i)
        if (strstr(format, formats[i].part)) return formats[i].id < 0 ? -1 : formats[i].id + 1;
    return DK_UNKNOWN + 1;
}

static const char *const names[DK_IDS] = {
    "unknown",
    "free-invalid",
    "free-unallocated",
    "free-size",
    "free-wrong-function",
    "free-cpu-address",
    "free-sg-count",
    "free-direction",
    "free-unchecked",
    "free-attributes",
    "sync-unallocated",
    "sync-range",
    "sync-direction",
    "sync-read-only-for-cpu",
    "sync-write-only-for-device",
    "sync-sg-count",
    "map-stack",
    "map-text-rodata",
    "map-invalid-area",
    "map-vmalloc",
    "sg-too-long",
    "sg-boundary",
    "line-overlap",
    "overlap>7",
    "line-enomem",
    "assert-idle",
    "leak",
    "resource-ram",
    "crash",
    "hang",
    "deadlock",
};

__attribute__((visibility("default"))) const char *dmafuzz_kernel_warning_name(int id) {
    return id >= 0 && id < DK_IDS ? names[id] : names[DK_UNKNOWN];
}

/* Texts: printk's formats, of which only %pa differs from printf's here. */

static struct {
    char *text;
    size_t used, room;
} texts;

void dk_texts_clear(void) { texts.used = 0; }

/* Room is never moved, since warnings point into it. */
static char *room_for(size_t size) {
    enum { arena = 1 << 20 };

    if (!texts.text) texts.text = malloc(arena), texts.room = texts.text ? arena : 0;
    return texts.used + size <= texts.room ? texts.text + texts.used : NULL;
}

enum { spec_max = 32, text_max = 1024 };

/* Copies one conversion, with long long for every integer, and returns its end. */
static const char *conversion(const char *at, char *spec, int *longs) {
    size_t n = 0;

    *longs = 0;
    spec[n++] = *at++;
    while (*at && strchr("-+ #0123456789.", *at) && n < spec_max - 4) spec[n++] = *at++;
    for (; *at && strchr("hlLqzt", *at); ++at) *longs += *at == 'h' ? 0 : *at == 'l' ? 1 : 2;
    if (strchr("diuxX", *at)) spec[n++] = 'l', spec[n++] = 'l';
    spec[n++] = *at;
    spec[n] = 0;
    return *at ? at + 1 : at;
}

static int one(char *to, size_t size, const char *spec, char kind, int longs, const char **rest, va_list *args) {
    if (kind == '%') return snprintf(to, size, "%%");
    if (kind == 's') return snprintf(to, size, spec, va_arg(*args, const char *));
    if (kind == 'c') return snprintf(to, size, spec, va_arg(*args, int));
    if (kind == 'p' && **rest == 'a') {
        ++*rest;
        return snprintf(to, size, "0x%016llx", (unsigned long long)*va_arg(*args, const uint64_t *));
    }
    if (kind == 'p') return snprintf(to, size, "%016llx", (unsigned long long)(uintptr_t)va_arg(*args, void *));
    if (longs) return snprintf(to, size, spec, va_arg(*args, unsigned long long));
    if (kind == 'd' || kind == 'i') return snprintf(to, size, spec, (long long)va_arg(*args, int));
    return snprintf(to, size, spec, (unsigned long long)va_arg(*args, unsigned int));
}

const char *dk_format(const char *format, va_list given) {
    char *text = room_for(text_max), spec[spec_max];
    size_t n = 0;
    va_list args;

    if (!text) return NULL;
    va_copy(args, given);
    while (*format && n < text_max - 1) {
        int longs, made;

        if (*format != '%') {
            text[n++] = *format++;
            continue;
        }
        format = conversion(format, spec, &longs);
        made = one(text + n, text_max - n, spec, format[-1], longs, &format, &args);
        n += made < 0 ? 0 : (size_t)made;
        if (n > text_max - 1) n = text_max - 1;
    }
    va_end(args);
    text[n] = 0;
    texts.used += n + 1;
    return text;
}
