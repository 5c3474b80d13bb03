// A platform: what a machine and its kernel do for the DMA API. Data only; loaded from
// dmafuzz/platforms/*.toml and checked there. Source: docs/spec/platforms.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "program/op.hpp"

namespace dmafuzz {

enum class Maintenance : uint8_t { none, clean, invalidate, clean_invalidate };

// What an invalidate does on lines that the range covers only in part.
enum class Edges : uint8_t {
    clean,        // clean+invalidate these lines
    drop,         // invalidate them like the others
    whole_range,  // if either end is unaligned, clean+invalidate all lines of the range
};

enum class Iommu : uint8_t { off, strict, lazy };

// Whose page tables: what an unmap does across pages that are not mapped, and a map over pages that are.
enum class IommuDriver : uint8_t { intel, smmu, amd };

// What the copies of a sync or an unmap are cut to.
enum class BounceCut : uint8_t {
    never,    // nothing: the call's length
    mapping,  // the mapping
    wraps,    // the mapping; but one that begins beyond its end, inside of its last slot, has the call's length
};

struct Device {
    bool coherent = false;
    int mask_bits = 64;               // 32 or 64
    bool pci = true;                  // the bus registered for dma-debug's leak check
    bool iommu = true;                // behind the platform's IOMMU, if it has one
    uint32_t segment_max = 65536;     // bytes
    uint64_t segment_boundary = 0xffffffff;  // a mask; dma_get_seg_boundary
    bool truncates = false;           // does nothing beyond segment_max
    bool wraps = false;               // wraps at segment_boundary
    bool operator==(const Device&) const = default;
};

struct Platform {
    std::string name;

    int line = 64;                    // hardware cache line, bytes
    int l1_line = 64;                 // the kernel's L1_CACHE_BYTES
    int dma_alignment = 64;           // dma_get_cache_alignment()
    int dma_alignment_min = 128;      // ARCH_DMA_MINALIGN, the "minimal DMA alignment"
    int kmalloc_alignment = 64;       // the smallest kmalloc alignment
    bool speculates = true;
    Edges edges = Edges::clean;
    // By direction: [bidirectional, to_device, from_device].
    std::array<Maintenance, 3> for_device{};
    std::array<Maintenance, 3> for_cpu{};

    int bounce_slots = 0;             // 2 KiB each; 0 with bounce_pool: a pool that is always full
    bool bounce_pool = false;         // a pool exists (swiotlb active)
    bool bounce_always = false;
    bool bounce_unaligned = false;    // kmalloc bouncing configured
    bool copy_in_from_device = true;          // map FROM_DEVICE copies into the slot (5.17 on)
    bool sync_from_device_copies_in = false;  // sync_for_device FROM_DEVICE copies (5.17 only)
    bool skip_sync_copies_in = true;          // map with SKIP_CPU_SYNC copies in
    bool bounce_areas = false;                // each CPU has an area of the pool of its own (6.0 on)
    bool bounce_gone_round = false;           // the pool has just gone round: the slot last given back comes next
    BounceCut bounce_cut = BounceCut::mapping;
    bool list_keeps_bounce_mark = false;      // a scatter list once bounced stays marked (6.5 on)

    Iommu iommu = Iommu::off;
    IommuDriver iommu_driver = IommuDriver::intel;
    bool iommu_looks_first = true;            // unmap_page does nothing where nothing is mapped (dma-iommu)
    bool iommu_write_only = false;            // pages that a device may write and not read (AMD; Intel before 5.12)
    bool iommu_ends_whole = false;            // an end takes the IOVA that holds its address, whatever the size (Intel before 4.7)
    bool iommu_flushes = false;               // lazy: before each map, all that has been ended before goes

    bool stacks_in_vmalloc = false;
    bool map_single_vmalloc_fails = true;     // 5.5 on
    bool text_in_linear_map = false;
    bool image_in_vmalloc = false;            // map_single of kernel text or rodata is one of a vmalloc address
    bool image_read_only = false;             // a CPU copy into the kernel's image is an oops
    bool vmalloc_high = false;                // there is memory above a 32-bit mask, and vmalloc has it
    bool coherent_remaps = true;              // dma_alloc_coherent needs page tables (non-coherent devices)
    bool atomic_pool = true;
    bool mismatched_aliases_hit = false;
    bool coherent_in_vmalloc = false;         // behind the IOMMU, allocated with interrupts on

    std::array<Device, devices_max> devices{};
    bool operator==(const Platform&) const = default;
};

}  // namespace dmafuzz
