// SPDX-License-Identifier: GPL-2.0-only
/* The library's own variables as they were when the machine had booted. A reset copies the kernel's back, but for its
 * hash table, whose lists are undone; after a crash all come back. What is needed for that is where a stray write of
 * the kernel's code cannot reach it. */
#define _GNU_SOURCE
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../abi.h"
#include "../stand_in/dk/own.h"

struct range {
    char *at;
    size_t size;
    const char *copy;
};

enum { ranges_max = 8, page_bytes = 4096, guard_bytes = 1 << 20 };

/* A page of its own, read-only but for moments; and behind it guard pages, since what comes after the
 * library in memory belongs to others. */
static struct {
    union {
        struct {
            struct range all[ranges_max], kernels[ranges_max];
            int all_count, kernels_count;
            struct dk_machine machine;
            bool taken;
        };
        char page[page_bytes];
    };
    char guard[guard_bytes];
} kept __attribute__((aligned(page_bytes)));

extern char __start_dk_own[] __attribute__((visibility("hidden"))),
    __stop_dk_own[] __attribute__((visibility("hidden")));
__attribute__((weak, visibility("hidden"))) extern char __start___sancov_cntrs[], __stop___sancov_cntrs[];

/* The pages of a segment that are written to at run time: without those that are read-only once the library is bound.
 */
static void add_segment(const struct dl_phdr_info *info, const ElfW(Phdr) * segment, uintptr_t constant_end) {
    uintptr_t from = info->dlpi_addr + segment->p_vaddr, end = from + segment->p_memsz;
    uintptr_t hole = (uintptr_t)&kept, hole_end = hole + sizeof kept;

    if (from < constant_end) from = constant_end;
    if (hole >= from && hole_end <= end) {
        kept.all[kept.all_count++] = (struct range){(char *)from, hole - from, NULL};
        from = hole_end;
    }
    if (from < end && kept.all_count < ranges_max)
        kept.all[kept.all_count++] = (struct range){(char *)from, end - from, NULL};
}

static int look_at(struct dl_phdr_info *info, size_t size, void *unused) {
    uintptr_t here = (uintptr_t)&kept, constant_end = 0;
    bool ours = false;

    (void)size, (void)unused;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr) *s = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + s->p_vaddr;

        if (s->p_type == PT_LOAD && here >= from && here < from + s->p_memsz) ours = true;
        if (s->p_type == PT_GNU_RELRO) constant_end = from + s->p_memsz;
    }
    for (int i = 0; ours && i < info->dlpi_phnum; ++i)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_W &&
            kept.all_count < ranges_max - 1)
            add_segment(info, &info->dlpi_phdr[i], constant_end);
    return ours;
}

static void copy_all(void) {
    for (int i = 0; i < kept.all_count; ++i) {
        char *copy = mmap(NULL, kept.all[i].size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (copy == MAP_FAILED) {
            kept.all_count = 0;
            return;
        }
        memcpy(copy, kept.all[i].at, kept.all[i].size);
        mprotect(copy, kept.all[i].size, PROT_READ);
        kept.all[i].copy = copy;
    }
}

/* Takes [from, to) out of the ranges that a reset copies back. */
static void leave_out(const char *from, const char *to) {
    for (int i = 0; from < to && i < kept.kernels_count; ++i) {
        struct range *r = &kept.kernels[i];
        char *end = r->at + r->size;

        if (to <= r->at || from >= end) continue;
        if (to < end && kept.kernels_count < ranges_max)
            kept.kernels[kept.kernels_count++] = (struct range){(char *)to, end - to, r->copy + (to - r->at)};
        r->size = from > r->at ? from - r->at : 0;
    }
}

static void protect(int how) { mprotect(&kept, page_bytes, how); }

int dk_snapshot_take(const char *table, size_t table_size) {
    if (kept.taken) return 0;
    dl_iterate_phdr(look_at, NULL);
    copy_all();
    if (!kept.all_count) return -1;
    memcpy(kept.kernels, kept.all, sizeof kept.all);
    kept.kernels_count = kept.all_count;
    leave_out(table, table + table_size);
    leave_out(__start_dk_own, __stop_dk_own);
    leave_out(__start___sancov_cntrs, __stop___sancov_cntrs);
    kept.taken = true;
    mprotect(kept.guard, guard_bytes, PROT_NONE);
    protect(PROT_READ);
    return 0;
}

void dk_snapshot_machine(const struct dk_machine *machine) {
    protect(PROT_READ | PROT_WRITE);
    kept.machine = *machine;
    protect(PROT_READ);
}

const struct dk_machine *dk_snapshot_restore_all(void) {
    for (int i = 0; i < kept.all_count; ++i) memcpy(kept.all[i].at, kept.all[i].copy, kept.all[i].size);
    return &kept.machine;
}

void dk_snapshot_restore(void) {
    for (int i = 0; i < kept.kernels_count; ++i) memcpy(kept.kernels[i].at, kept.kernels[i].copy, kept.kernels[i].size);
}

__attribute__((destructor)) static void let_go(void) {
    for (int i = 0; i < kept.all_count; ++i) munmap((void *)kept.all[i].copy, kept.all[i].size);
}
