/* Memory of the kernel side. Blocks are listed, to be given back when the library is unloaded. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    char memory[] __attribute__((aligned(64)));
};

static struct block *lasting, *since_boot;
static bool booted;
static void *undo_log;

/* Entries want whole cache lines. */
static void *take(struct block **list, size_t size) {
    struct block *block = aligned_alloc(64, (sizeof *block + size + 63) & ~(size_t)63);

    if (!block) return NULL;
    memset(block, 0, sizeof *block + size);
    block->next = *list;
    *list = block;
    return block->memory;
}

static void give_back(struct block **list) {
    while (*list) {
        struct block *next = (*list)->next;

        free(*list);
        *list = next;
    }
}

/* The stand-ins' own memory. */
void *dk_zalloc(size_t size) { return take(&lasting, size); }

/* What the kernel allocates after boot is given back by the reset. */
void *dk_kernel_zalloc(size_t size) { return take(booted ? &since_boot : &lasting, size); }

void dk_memory_mark(void) { booted = true; }

void dk_memory_reset(void) { give_back(&since_boot); }

/* As on the kernel side. */
struct dk_undo {
    void *entry, *next, *prev;
    bool added;
};

void dk_undo_grow(struct dk_undo **log, struct dk_undo **top, struct dk_undo **limit) {
    size_t used = *top - *log, room = used ? 2 * used : 4096;
    struct dk_undo *grown = realloc(*log, room * sizeof *grown);

    if (!grown) abort();
    undo_log = *log = grown;
    *top = grown + used;
    *limit = grown + room;
}

__attribute__((destructor)) static void let_go(void) {
    give_back(&since_boot);
    give_back(&lasting);
    free(undo_log);
}
