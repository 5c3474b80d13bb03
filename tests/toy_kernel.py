# SPDX-License-Identifier: GPL-2.0-only
"""A kernel of our own: the hooks of dma-debug with next to nothing in them. Building it needs no kernel source.

It keeps the list of entries and the messages that the rest of dmafuzz looks for, and says that a mapping is not there
when a device syncs what it has not mapped.
"""

from __future__ import annotations

from pathlib import Path

MAKEFILE = "VERSION = 9\nPATCHLEVEL = 8\nSUBLEVEL = 7\nEXTRAVERSION = -toy\n"

# MAP stands for what a map does besides, MORE for other functions and variables.
_SOURCE = """
#define pr_fmt(fmt) "DMA-API: " fmt
#include <linux/dma-mapping.h>
#include <linux/a-header-of-tomorrow.h>
#define DMA_DEBUG_STACKTRACE_ENTRIES 5
#define HASH_SIZE 64

struct dma_debug_entry {
    struct list_head list;
    struct device *dev;
    u64 dev_addr, size;
    unsigned int stack_len;
    unsigned long stack_entries[DMA_DEBUG_STACKTRACE_ENTRIES];
};
struct hash_bucket {
    struct list_head list;
    spinlock_t lock;
};
static struct hash_bucket dma_entry_hash[HASH_SIZE];
static DEFINE_SPINLOCK(free_entries_lock);
static LIST_HEAD(free_entries);
MORE

static int dma_debug_init(void) {
    int i;
    for (i = 0; i < HASH_SIZE; ++i) INIT_LIST_HEAD(&dma_entry_hash[i].list);
    for (i = 0; i < 64; ++i) {
        struct dma_debug_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);
        list_add_tail(&entry->list, &free_entries);
    }
    return 0;
}
core_initcall(dma_debug_init);
static int leaves(struct notifier_block *nb, unsigned long action, void *data) { return 0; }
static struct notifier_block notifier = {.notifier_call = leaves};
void dma_debug_add_bus(const struct bus_type *bus) { bus_register_notifier(bus, &notifier); }

static struct hash_bucket *bucket_of(u64 address) { return &dma_entry_hash[(address >> 13) % HASH_SIZE]; }

void debug_dma_map_page(struct device *dev, struct page *page, size_t offset, size_t size, int direction,
                        dma_addr_t dma_addr, unsigned long attrs) {
    struct hash_bucket *bucket = bucket_of(dma_addr);
    struct dma_debug_entry *entry;
    unsigned long flags;

    if (dma_mapping_error(dev, dma_addr)) return;
    spin_lock_irqsave(&free_entries_lock, flags);
    entry = list_first_entry(&free_entries, struct dma_debug_entry, list);
    list_del(&entry->list);
    spin_unlock_irqrestore(&free_entries_lock, flags);
    entry->dev = dev;
    entry->dev_addr = dma_addr;
    entry->size = size;
    spin_lock_irqsave(&bucket->lock, flags);
    list_add_tail(&entry->list, &bucket->list);
    spin_unlock_irqrestore(&bucket->lock, flags);
    MAP
}
void debug_dma_unmap_page(struct device *dev, dma_addr_t addr, size_t size, int direction) { }
void debug_dma_mapping_error(struct device *dev, dma_addr_t dma_addr) { }
static void check_sync(struct device *dev, dma_addr_t dma_handle) {
    struct hash_bucket *bucket = bucket_of(dma_handle);
    struct dma_debug_entry *entry;
    list_for_each_entry(entry, &bucket->list, list)
        if (entry->dev == dev && entry->dev_addr == dma_handle) return;
    WARN(1, pr_fmt("device driver tries to sync DMA memory it has not allocated\\n"));
}
void debug_dma_sync_single_for_cpu(struct device *dev, dma_addr_t dma_handle, size_t size, int direction) {
    check_sync(dev, dma_handle);
}
void debug_dma_sync_single_for_device(struct device *dev, dma_addr_t dma_handle, size_t size, int direction) {
    check_sync(dev, dma_handle);
}
void debug_dma_map_sg(struct device *dev, struct scatterlist *sg, int nents, int mapped_ents, int direction) { }
void debug_dma_unmap_sg(struct device *dev, struct scatterlist *sglist, int nelems, int dir) { }
void debug_dma_sync_sg_for_cpu(struct device *dev, struct scatterlist *sg, int nelems, int direction) { }
void debug_dma_sync_sg_for_device(struct device *dev, struct scatterlist *sg, int nelems, int direction) { }
void debug_dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t dma_addr, void *virt) { }
void debug_dma_free_coherent(struct device *dev, size_t size, void *virt, dma_addr_t addr) { }
"""


def write_toy(tree: Path, on_map: str = "", more: str = "", makefile: str | None = MAKEFILE) -> Path:
    """A tree of it, with C code of one's own in what a map does and before the functions."""
    debug = tree / "kernel" / "dma" / "debug.c"
    debug.parent.mkdir(parents=True, exist_ok=True)
    debug.write_text(_SOURCE.replace("MORE", more, 1).replace("    MAP\n", f"    {on_map}\n", 1))
    (debug.parent / "mapping.c").touch()
    if makefile is not None:
        (tree / "Makefile").write_text(makefile)
    return tree
