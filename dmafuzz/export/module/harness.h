/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an exported program stands on: devices to map for, something that does their DMA, and results as KTAP lines in
 * the kernel's log.
 */
#ifndef DMAFUZZ_HARNESS_H
#define DMAFUZZ_HARNESS_H

#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

/* Kernels that have no such attribute look at no bit for it. */
#ifndef DMA_ATTR_MMIO
#define DMA_ATTR_MMIO 0
#endif
#ifndef DMA_ATTR_CPU_CACHE_CLEAN
#define DMA_ATTR_CPU_CACHE_CLEAN 0
#endif
#ifndef DMA_ATTR_REQUIRE_COHERENT
#define DMA_ATTR_REQUIRE_COHERENT 0
#endif

/* program.c */
extern const char program_name[];
extern const unsigned int program_checks;       /* how many results there are */
extern const unsigned int program_devices;
extern const bool program_guest_only;
int program(void);

/* harness.c: devices. d0 and on; where a channel of dmaengine does the DMA, all of them are that channel's device. */
struct device *device_of(unsigned int number);
int on_cpu(int cpu, long (*part)(void *unused));

/* What a device does with a mapping: every byte that it writes is a tag. Offsets and sizes are in bytes. */
void device_writes(struct device *dev, dma_addr_t dma, size_t size, u8 tag);
void device_writes_list(struct device *dev, struct scatterlist *list, int mapped, size_t offset, size_t size, u8 tag);

/* One result each: whether all bytes are the tag that was written last. */
void device_reads(const char *where, struct device *dev, dma_addr_t dma, size_t size, u8 tag);
void device_reads_list(const char *where, struct device *dev, struct scatterlist *list, int mapped, size_t offset,
		       size_t size, u8 tag);
void cpu_reads(const char *where, const void *at, size_t size, u8 tag);

/* Goes before each operation, so that what dma-debug says after it is known to be about it. */
#define step(line) pr_info("# op " line "\n")

static inline struct page *page_of(const void *at)
{
	return is_vmalloc_addr(at) ? vmalloc_to_page(at) : virt_to_page(at);
}

#endif
