// SPDX-License-Identifier: GPL-2.0-only
/* The binary interface of a library built from a kernel's dma-debug. Plain C, also for C++.
 * struct dk_call has the layout of dmafuzz::HookCall (core/run/hook.hpp). */
#ifndef DMAFUZZ_KERNEL_ABI_H
#define DMAFUZZ_KERNEL_ABI_H

#include <stddef.h>
#include <stdint.h>

#include "warnings.h"

#ifdef __cplusplus
#define DK_STATIC_ASSERT static_assert
extern "C" {
#else
#define DK_STATIC_ASSERT _Static_assert
#endif

enum { DK_ABI_VERSION = 4, DK_DEVICES = 4, DK_CPUS = 4, DK_ENTRIES = 4 };

/* HookKind */
enum dk_kind {
    DK_MAP_SINGLE_AREA,
    DK_MAP_PAGE,
    DK_MAP_RESOURCE,
    DK_MAP_SG,
    DK_ALLOC_COHERENT,
    DK_ALLOC_PAGES,
    DK_MAPPING_ERROR,
    DK_SYNC_FOR_CPU,
    DK_SYNC_FOR_DEVICE,
    DK_SYNC_SG_FOR_CPU,
    DK_SYNC_SG_FOR_DEVICE,
    DK_UNMAP_PAGE,
    DK_UNMAP_RESOURCE,
    DK_UNMAP_SG,
    DK_FREE_COHERENT,
    DK_FREE_PAGES,
    DK_UNBIND,
    DK_COW,
};

/* Area */
enum dk_area {
    DK_LINEAR,
    DK_CURRENT_STACK,
    DK_VMALLOC,
    DK_VMALLOC_STACK,
    DK_TEXT,
    DK_RODATA,
    DK_HIGH,
    DK_MMIO,
    DK_VMALLOC_GONE, /* a vmalloc address that nothing is mapped at any more */
};

/* Program attributes (namespace attr in core/program/op.hpp). */
enum dk_attr {
    DK_SKIP_CPU_SYNC = 1 << 0,
    DK_NO_WARN = 1 << 1,
    DK_WEAK_ORDERING = 1 << 2,
    DK_ATTR_MMIO = 1 << 3,
    DK_IGNORE_CACHELINES = 1 << 4,
    DK_REQUIRE_COHERENT = 1 << 5,
};

struct dk_entry {
    uint64_t phys;
    uint32_t size;
    uint64_t dma;
    uint32_t dma_size;
    uint8_t area;
};

struct dk_call {
    uint8_t kind, cpu, device, op, mapping, attrs, direction, area;
    uint8_t single, range, map_failed, entry_count, mapped_count;
    uint64_t dma;
    uint64_t phys;
    uint32_t size;
    uint32_t offset;
    struct dk_entry entries[DK_ENTRIES];
};

DK_STATIC_ASSERT(sizeof(struct dk_entry) == 32, "dk_entry has the layout of HookEntry");
DK_STATIC_ASSERT(sizeof(struct dk_call) == 168, "dk_call has the layout of HookCall");

struct dk_device {
    uint64_t segment_boundary;
    uint32_t segment_max;
    uint8_t swiotlb_active;
    uint8_t bus_registered;
    uint8_t reserved[2];
};

struct dk_machine {
    uint32_t abi_version;       /* DK_ABI_VERSION */
    uint32_t cache_alignment;   /* dma_get_cache_alignment() */
    uint8_t l1_shift;           /* L1_CACHE_SHIFT, at most 12 */
    uint8_t kmalloc_bounce;     /* CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC */
    uint8_t stacks_in_vmalloc;
    uint8_t text_in_linear_map;
    uint8_t texts;              /* format the text of each warning: slow */
    uint8_t reserved[3];
    struct dk_device devices[DK_DEVICES];
};

DK_STATIC_ASSERT(sizeof(struct dk_machine) == 80, "dk_machine");

/* DK_UNKNOWN: an unknown format: see the text. From DK_CRASH on the kernel's code has crashed: nothing runs until
 * the next reset. */
#define DK_ID(id, core, name, tracker_crash) id,
enum dk_id {
    DK_WARNINGS(DK_ID)
    DK_IDS,
};
#undef DK_ID

enum { DK_NO_CALL = 0xffff };

struct dk_warning {
    uint16_t call;           /* index of the call, counted from the last reset */
    uint16_t mapped_at;      /* the call that made the entry it is compared with, DK_NO_CALL without one */
    uint8_t id;
    uint8_t counted;         /* in error_count */
    uint8_t traced;          /* said by WARN */
    uint8_t reserved;
    uint32_t mappings;       /* dk_call.mapping of the entries it is about, a bit each */
    uint32_t line_bytes;     /* of the active cacheline that it is about, 0 without one */
    uint64_t line;           /* where that begins */
    uint64_t dev_addr;       /* the entry's DMA address, 0 without an entry */
    const char *text;        /* the message, its format unless its text is asked for, or NULL; until the next run */
};

DK_STATIC_ASSERT(sizeof(struct dk_warning) == 40, "dk_warning");

/* 0; -1 for a machine this library does not understand; -2 where the L1 line is a constant of the kernel's code and the
 * library was built for another one; -3 if the kernel's code crashes at boot; -4 without memory. May be called again
 * for another machine. */
int dmafuzz_kernel_boot(const struct dk_machine *machine);
/* Back to a machine just booted, whatever the kernel's code has done. */
void dmafuzz_kernel_reset(void);
/* Runs all calls in order. Returns the number of warnings; at most `max` of them are stored. */
int dmafuzz_kernel_run(const struct dk_call *calls, int n, struct dk_warning *out, int max);
/* From a signal handler of the thread that runs calls: ends the run with that warning. Returns where none runs. */
void dmafuzz_kernel_abort(int id);
/* Grows from call to call: for who wants to know whether a run gets on. */
uint64_t dmafuzz_kernel_progress(void);
/* What the calls since the last reset have cost. */
struct dk_lock_count {
    const char *name;        /* the expression in the source that takes the lock */
    uint64_t count;
};
/* Returns the number of places that have taken locks; at most `max` of them are stored. */
int dmafuzz_kernel_locks(struct dk_lock_count *out, int max);
uint64_t dmafuzz_kernel_list_steps(void);
/* Those with a lock held, and those without. */
uint64_t dmafuzz_kernel_tree_operations(void);
uint64_t dmafuzz_kernel_lockless_operations(void);
/* How many counted errors the kernel prints unless told otherwise: num_errors. */
uint32_t dmafuzz_kernel_shown(void);
/* One counter for each edge of the kernel's code, which their reader clears; 0 where the library has none. */
size_t dmafuzz_kernel_coverage(uint8_t **counters);

#ifdef __cplusplus
}
#endif
#endif
