// SPDX-License-Identifier: GPL-2.0-only
// The table of what a platform has. The structures, the list of what a program may ask (run/platform_view.hpp), the
// binding and the checks of platform files (dmafuzz/platforms) are made of it: a new field is one line here, and its
// use. Source: docs/spec/platforms.md.
//
// FIELD(type, name, value, key, values, meaning)
//   value   where a file does not give one
//   key     in a platform file: the section and the name in it
//   values  that a file may give: "32 64 128", "0 to 512", or "" for all of the type; with a "!", a file must give one
#pragma once

#define DMAFUZZ_PLATFORM_FIELDS(FIELD)                                                                                \
    FIELD(int, line, 64, "cache.line", "!32 64 128", "the hardware's cacheline, in bytes")                            \
    FIELD(int, l1_line, 64, "cache.l1_line", "!32 64 128", "the kernel's compile-time L1_CACHE_BYTES")                \
    FIELD(bool, speculates, true, "cache.speculates", "!",                                                            \
          "the hardware may fill any absent cacheable line at any time")                                              \
    FIELD(int, dma_alignment, 64, "alignment.dma", "!1 8 16 32 64 128",                                               \
          "dma_get_cache_alignment(), in bytes: 1 on fully coherent machines")                                        \
    FIELD(int, dma_alignment_min, 128, "alignment.dma_min", "!8 16 32 64 128",                                        \
          "ARCH_DMA_MINALIGN, a compile-time constant, in bytes")                                                     \
    FIELD(int, kmalloc_alignment, 64, "alignment.kmalloc", "!8 16 32 64 128",                                         \
          "the smallest kmalloc alignment, in bytes")                                                                 \
    FIELD(Edges, edges, Edges::clean, "maintenance.edges", "!",                                                       \
          "on lines that the range covers in part an invalidate is: `clean` (clean+invalidate), `drop` (an "          \
          "invalidate like on the "                                                                                   \
          "others), or `whole_range` (if either end is unaligned, all lines are clean+invalidated)")                  \
    FIELD(Maintenances, for_device, {}, "maintenance.for_device", "!",                                                \
          "cache maintenance of non-coherent devices at map and sync_for_device")                                     \
    FIELD(Maintenances, for_cpu, {}, "maintenance.for_cpu", "!",                                                      \
          "cache maintenance of non-coherent devices at unmap and sync_for_cpu")                                      \
    FIELD(bool, bounce_pool, false, "bounce.pool", "",                                                                \
          "a pool exists; without one, a mapping that needs a slot fails")                                            \
    FIELD(int, bounce_slots, 0, "bounce.slots", "0 to 512",                                                           \
          "slots of 2 KiB; 0 in an existing pool: the pool is always full")                                           \
    FIELD(bool, bounce_always, false, "bounce.always", "",                                                            \
          "what goes past an IOMMU is bounced: swiotlb=force, memory encryption")                                     \
    FIELD(bool, bounce_unaligned, false, "bounce.unaligned_kmalloc", "",                                              \
          "DMA_BOUNCE_UNALIGNED_KMALLOC: small buffers of non-coherent devices are bounced, except TO_DEVICE")        \
    FIELD(bool, copy_in_from_device, true, "bounce.copy_in_from_device", "",                                          \
          "map FROM_DEVICE copies the buffer into its slot (5.17 and later)")                                         \
    FIELD(bool, sync_from_device_copies_in, false, "bounce.sync_copies_in_from_device", "",                           \
          "sync_for_device FROM_DEVICE does so too (5.17 only)")                                                      \
    FIELD(bool, skip_sync_copies_in, true, "bounce.skip_sync_copies_in", "",                                          \
          "map with DMA_ATTR_SKIP_CPU_SYNC copies the buffer into its slot (before 4.10, and from 5.17 on)")          \
    FIELD(bool, bounce_areas, false, "bounce.areas", "",                                                              \
          "each CPU has an area of the pool of its own (6.0 and later)")                                              \
    FIELD(bool, bounce_gone_round, false, "bounce.gone_round", "",                                                    \
          "the pool has just gone round: the slot that was last given back comes next")                               \
    FIELD(BounceCut, bounce_cut, BounceCut::mapping, "bounce.cut", "",                                                \
          "what the copies of a sync or an unmap are cut to: `never` (the call's length; before 5.12), the "          \
          "`mapping`, or `wraps` (the "                                                                               \
          "mapping, but a sync that begins beyond its end, inside of its last slot, has the call's length)")          \
    FIELD(bool, list_keeps_bounce_mark, false, "bounce.list_keeps_mark", "",                                          \
          "a scatterlist that was bounced once keeps its mark when it is mapped again (6.5 and later)")               \
    FIELD(Iommu, iommu, Iommu::off, "iommu.mode", "", "lazy: an unmapped IOVA stays usable until the flush")          \
    FIELD(IommuDriver, iommu_driver, IommuDriver::intel, "iommu.driver", "",                                          \
          "whose page tables: what an unmap does across pages that are not mapped, and a map over pages that are")    \
    FIELD(bool, iommu_looks_first, true, "iommu.looks_first", "",                                                     \
          "unmap_page and unmap_single do nothing where nothing is mapped (dma-iommu from 5.11 on)")                  \
    FIELD(                                                                                                            \
        bool, iommu_room_wraps, true, "iommu.room_wraps", "",                                                         \
        "after an entry of a list that is longer than segment_max, all that follow join its segment (dma-iommu from " \
        "5.4 on)")                                                                                                    \
    FIELD(bool, iommu_write_only, false, "iommu.write_only", "",                                                      \
          "there are pages that a device may write and not read, those of FROM_DEVICE mappings (AMD; Intel before "   \
          "5.12)")                                                                                                    \
    FIELD(bool, iommu_ends_whole, false, "iommu.ends_whole", "",                                                      \
          "an end takes the whole IOVA that holds its address, whatever its size (Intel's own code before 4.7)")      \
    FIELD(bool, iommu_flushes, false, "iommu.flushes", "",                                                            \
          "lazy: everything that was ended is flushed before each map or allocation; otherwise nothing is while a "   \
          "program runs. Which of "                                                                                   \
          "the two it is is a choice of the run; the two extremes are two machines")                                  \
    FIELD(bool, stacks_in_vmalloc, false, "memory.stacks_in_vmalloc", "!",                                            \
          "CONFIG_VMAP_STACK (4.9 and later, where configured)")                                                      \
    FIELD(bool, map_single_vmalloc_fails, true, "memory.map_single_vmalloc_fails", "!",                               \
          "map_single of a vmalloc address fails (5.5 and later); before, the device gets unrelated memory")          \
    FIELD(bool, text_in_linear_map, false, "memory.text_in_linear_map", "!",                                          \
          "linear addresses of kernel text can be mapped: ARM32 only")                                                \
    FIELD(                                                                                                            \
        bool, image_in_vmalloc, false, "memory.image_in_vmalloc", "",                                                 \
        "the kernel's image lies in the vmalloc range (arm64), so that map_single of it is one of a vmalloc address") \
    FIELD(bool, image_read_only, false, "memory.image_read_only", "",                                                 \
          "the image is read-only in the linear map (x86-64, arm64): a CPU copy into it is an oops")                  \
    FIELD(bool, vmalloc_high, false, "memory.vmalloc_high", "",                                                       \
          "there is memory above the reach of a 32-bit mask, and vmalloc memory comes from there")                    \
    FIELD(bool, coherent_remaps, true, "coherent.remaps", "",                                                         \
          "dma_alloc_coherent for non-coherent devices builds page tables for its uncached alias")                    \
    FIELD(bool, atomic_pool, true, "coherent.atomic_pool", "",                                                        \
          "without one, an allocation that remaps sleeps, with interrupts off as well")                               \
    FIELD(bool, mismatched_aliases_hit, false, "coherent.mismatched_aliases_hit", "",                                 \
          "an uncached read may be served from a line of the cacheable linear alias")                                 \
    FIELD(bool, coherent_in_vmalloc, false, "coherent.in_vmalloc", "",                                                \
          "behind the IOMMU, what is allocated with interrupts on lies in vmalloc space (dma-iommu on x86: AMD from " \
          "5.5, Intel from 5.11)")

// Of one device; the limits are those that its driver has told the kernel. The keys are those of `device.default` and
// of `device.d0` to `device.d3`, which change single fields of it.
#define DMAFUZZ_DEVICE_FIELDS(FIELD)                                                                            \
    FIELD(bool, coherent, false, "coherent", "", "its accesses look into the CPU's cache")                      \
    FIELD(int, mask_bits, 64, "mask_bits", "32 64", "the DMA mask")                                             \
    FIELD(bool, pci, true, "pci", "", "the bus registered for dma-debug's leak check")                          \
    FIELD(bool, iommu, true, "iommu", "", "behind the platform's IOMMU, if it has one")                         \
    FIELD(uint32_t, segment_max, 65536, "segment_max", "1 to 0xffffffff", "the maximal segment size, in bytes") \
    FIELD(uint64_t, segment_boundary, 0xffffffff, "segment_boundary", "4095 to 0xffffffffffffffff",             \
          "a mask: no segment may cross a multiple of it plus one")                                             \
    FIELD(bool, truncates, false, "truncates", "", "does nothing beyond segment_max")                           \
    FIELD(bool, wraps, false, "wraps", "", "wraps at segment_boundary")
