// SPDX-License-Identifier: GPL-2.0-only
/* Memory of the kernel side: one range of addresses. What is allocated at boot comes first and lasts; the rest goes at
 * a reset. After a crash any of it may have been written to: then all of it is as it was when the machine had booted.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../stand_in/dk/own.h"

/* Addresses cost nothing: pages are there when they are written to. In front there are guard pages. */
static const size_t arena_bytes = 256u << 20, log_bytes = 64u << 20, guard_bytes = 1u << 20;

/* At the arena's beginning is what the kernel's code asks for piece by piece when it boots: a reset copies it back, as
 * far as there is room. The rest are its pools, in which nothing but links and counts has to be undone. */
enum { small_bytes = 4096 };

static char *arena DK_OWN, *undo_log DK_OWN;
static size_t used DK_OWN = small_bytes, booted DK_OWN, small_used DK_OWN;
static char small_copy[small_bytes] DK_OWN;

static char *reserve(size_t size) {
    char *at = mmap(NULL, guard_bytes + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED || mprotect(at + guard_bytes, size, PROT_READ | PROT_WRITE)) return NULL;
    return at + guard_bytes;
}

/* Entries want whole cachelines. */
void *dk_zalloc(size_t size) {
    char *at;

    size = (size + 63) & ~(size_t)63;
    if (!arena && !(arena = reserve(arena_bytes))) return NULL;
    if (size > arena_bytes - used) return NULL;
    at = arena + used;
    used += size;
    return booted ? memset(at, 0, size) : at;
}

void *dk_kzalloc(size_t size) {
    size_t whole = (size + 63) & ~(size_t)63;
    char *at;

    if (booted || size > small_bytes || whole > small_bytes - small_used) return dk_zalloc(size);
    if (!arena && !(arena = reserve(arena_bytes))) return NULL;
    at = arena + small_used;
    small_used += whole;
    return at;
}

void dk_undo_room(void **log, void **limit) {
    if (!undo_log) undo_log = reserve(log_bytes);
    *log = undo_log;
    *limit = undo_log ? undo_log + log_bytes : NULL;
}

static int keep(const char *from, size_t size) {
    int file = memfd_create("dmafuzz-kernel", MFD_CLOEXEC), done = -1;

    if (file < 0) return -1;
    for (size_t at = 0; at < size; at += done)
        if ((done = write(file, from + at, size - at)) <= 0) break;
    if (done > 0) done = mmap(arena, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0) == arena ? 1 : -1;
    close(file);
    return done > 0 ? 0 : -1;
}

/* What is there now is what a machine has that has just booted: kept in a file without a name, of which the arena is a
 * private copy. Nothing is copied until it is written to. */
int dk_memory_mark(void) {
    size_t page = sysconf(_SC_PAGESIZE);

    if (!arena) return -1;
    used = (used + page - 1) / page * page;
    booted = used;
    memcpy(small_copy, arena, small_used);
    return keep(arena, booted);
}

void dk_memory_reset(void) {
    used = booted;
    memcpy(arena, small_copy, small_used);
}

/* The private copies go, and with them everything that has been written since the mark. */
void dk_memory_restore(void) {
    madvise(arena, arena_bytes, MADV_DONTNEED);
    used = booted;
}

__attribute__((destructor)) static void let_go(void) {
    if (arena) munmap(arena - guard_bytes, guard_bytes + arena_bytes);
    if (undo_log) munmap(undo_log - guard_bytes, guard_bytes + log_bytes);
}
