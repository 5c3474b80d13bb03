// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <linux/device.h>

enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_NONE };

#define DMA_MAPPING_ERROR (~(dma_addr_t)0)

#define DMA_ATTR_WEAK_ORDERING (1UL << 1)
#define DMA_ATTR_WRITE_COMBINE (1UL << 2)
#define DMA_ATTR_NO_KERNEL_MAPPING (1UL << 4)
#define DMA_ATTR_SKIP_CPU_SYNC (1UL << 5)
#define DMA_ATTR_FORCE_CONTIGUOUS (1UL << 6)
#define DMA_ATTR_ALLOC_SINGLE_PAGES (1UL << 7)
#define DMA_ATTR_NO_WARN (1UL << 8)
#define DMA_ATTR_PRIVILEGED (1UL << 9)
#define DMA_ATTR_MMIO (1UL << 10)
#define DMA_ATTR_CPU_CACHE_CLEAN (1UL << 11)
#define DMA_ATTR_DEBUGGING_IGNORE_CACHELINES DMA_ATTR_CPU_CACHE_CLEAN
#define DMA_ATTR_REQUIRE_COHERENT (1UL << 12)
#define DMA_ATTR_CC_SHARED (1UL << 13)

#define valid_dma_direction(direction) ((unsigned int)(direction) <= DMA_FROM_DEVICE)

/* From 3.9 on dma-debug has a hook for it. */
#ifdef DK_HAS_debug_dma_mapping_error
void debug_dma_mapping_error(struct device *dev, dma_addr_t dma_addr);
#else
static inline void debug_dma_mapping_error(struct device *dev, dma_addr_t dma_addr) {}
#endif

static inline int dma_mapping_error(struct device *dev, dma_addr_t dma_addr) {
    debug_dma_mapping_error(dev, dma_addr);
    return dma_addr == DMA_MAPPING_ERROR ? -ENOMEM : 0;
}

#define dma_get_max_seg_size(dev) ((dev)->facts->segment_max)
#define dma_get_seg_boundary(dev) ((unsigned long)(dev)->facts->segment_boundary)
#define dma_get_cache_alignment() ((int)dk_now.machine.cache_alignment)
#define is_swiotlb_active(dev) ((dev)->facts->swiotlb_active != 0)
