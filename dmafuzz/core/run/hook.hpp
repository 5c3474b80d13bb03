// SPDX-License-Identifier: GPL-2.0-only
// A hook call: what the DMA API tells the tracker, with every argument that a tracker of any
// era can see. The machine makes them; trackers (models or a kernel's own code) take them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "program/op.hpp"

namespace dmafuzz {

enum class HookKind : uint8_t {
    map_single_area,  // debug_dma_map_single: the check in front of map_single
    map_page,         // map_single and map_page: debug_dma_map_page
    map_resource,
    map_sg,
    alloc_coherent,
    alloc_pages,  // dma_alloc_pages and dma_alloc_noncoherent
    mapping_error,
    sync_for_cpu,
    sync_for_device,
    sync_sg_for_cpu,
    sync_sg_for_device,
    unmap_page,  // unmap_single and unmap_page
    unmap_resource,
    unmap_sg,
    free_coherent,
    free_pages,
    unbind,
    cow,  // the copy of copy-on-write: assert-idle, 3.14 to 5.8
    count_,
};
const char* name_of(HookKind kind);

inline bool makes_mapping(HookKind k) { return k >= HookKind::map_page && k <= HookKind::alloc_pages; }
inline bool is_end(HookKind k) { return k >= HookKind::unmap_page && k <= HookKind::free_pages; }

// What kind of memory an address is, as far as hooks ask.
enum class Area : uint8_t { linear, current_stack, vmalloc, vmalloc_stack, text, rodata, high, mmio, vmalloc_gone };

inline constexpr uint64_t dma_error_cookie = ~uint64_t{0};

// A scatterlist entry as it stands when the hook runs. No default values: most hook calls have no entries.
struct HookEntry {
    uint64_t phys;
    uint32_t size;  // the CPU's length
    uint64_t dma;   // current DMA address and length: state of the list
    uint32_t dma_size;
    Area area;
    bool operator==(const HookEntry&) const = default;
};

inline constexpr uint8_t no_mapping = 0xff;

struct HookCall {
    HookCall() {}
    // Calls without a list leave the entries alone: they are most of the structure, and neither cleared nor copied.
    HookCall(const HookCall& other) { *this = other; }
    HookCall& operator=(const HookCall& other) {
        if (this == &other) return *this;
        std::memcpy(static_cast<void*>(this), &other, offsetof(HookCall, entries));
        if (other.entry_count) entries = other.entries;
        return *this;
    }

    bool operator==(const HookCall& o) const {
        if (kind != o.kind || cpu != o.cpu || device != o.device || op != o.op || mapping != o.mapping ||
            attrs != o.attrs || direction != o.direction || area != o.area || single != o.single || range != o.range ||
            map_failed != o.map_failed || entry_count != o.entry_count || mapped_count != o.mapped_count ||
            dma != o.dma || phys != o.phys || size != o.size || offset != o.offset)
            return false;
        return entry_count == 0 || entries == o.entries;
    }

    HookKind kind = HookKind::map_page;
    uint8_t cpu = 0;
    uint8_t device = 0;
    uint8_t op = 0;                // the operation this step belongs to
    uint8_t mapping = no_mapping;  // the mapping the program names
    uint8_t attrs = 0;
    Direction direction = Direction::bidirectional;
    Area area = Area::linear;  // of the CPU address
    bool single = false;       // map_single/unmap_single rather than map_page/unmap_page (a type of its own up to 4.20)
    bool range = false;        // sync_range_*: up to 4.19 looked up as (base, offset + size)
    bool map_failed = false;   // map_resource: the operation failed
    uint8_t entry_count = 0;   // map_sg, unmap_sg, sync_sg: entries given (nents)
    uint8_t mapped_count = 0;  // map_sg: DMA segments made
    uint64_t dma = 0;
    uint64_t phys = 0;    // map_*: of the memory; free_coherent, free_pages: of the CPU address given
    uint32_t size = 0;    // bytes
    uint32_t offset = 0;  // sync_range: the part of `dma` that is the offset
    std::array<HookEntry, entries_max> entries;  // of calls with a list; zero beyond `entry_count`
};

}  // namespace dmafuzz
