// SPDX-License-Identifier: GPL-2.0-only
// What differs between the eras of dma-debug, as data over one implementation (dma_debug.hpp).
// Adding an era is adding a row to eras.cpp. Source: docs/spec/trackers.md §6 (Eras).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dmafuzz {

// How a sync finds its mapping.
enum class SyncLookUp : uint8_t {
    exact,         // same device and address, like an unmap
    walk_shifted,  // back bucket by bucket, but testing an address that moves back with them
    walk,          // back bucket by bucket for a mapping that contains the whole range
};
// How far the walk goes.
enum class WalkBack : uint8_t { segment, address_zero };

// What C, the tree of active cachelines, is keyed by.
enum class Tracked : uint8_t {
    nothing,
    page,        // the entry's first page
    first_line,  // the line it starts in
    every_line,  // all lines that it covers (a proposal)
};
enum class LineSize : uint8_t { l1, dma_alignment };

// When a second entry at a key is an overlap that is reported.
enum class OverlapRule : uint8_t {
    silent,
    any,
    different_regions,  // unless it is the very same region, for another device (2021)
    reader_writer,      // unless both are TO_DEVICE (2011)
};

// The check in front of the copy of copy-on-write.
enum class IdleCheck : uint8_t {
    none,
    page,                // the page has an active entry
    first_line,          // the first active line found from the page on is the page's first
    first_line_written,  // and its entry is FROM_DEVICE (2016)
    first_entry,         // the first active line from the page on has an entry of the page; under RCU (2020)
    whole_page,          // any live mapping has memory of the page (no era)
};

enum class ResourceCheck : uint8_t {
    none,
    ram_once,        // any RAM, once per boot, before the hook
    unreserved_ram,  // each time, but not for reserved pages
    ram,             // any RAM, each time, before the hook (no era)
};

struct Era {
    std::string name;
    int year = 2009;
    std::string changed;
    std::string base;     // of a proposal: the era that it changes
    bool vendor = false;  // one distribution's: its number stands for no other kernel

    // Look-up
    uint32_t hash_size = 1024;  // buckets of H
    bool best_fit = false;      // of several matches; else the first one
    bool score_needed = false;  // a match in nothing but the address is none
    SyncLookUp sync_look_up = SyncLookUp::exact;
    WalkBack walk_back = WalkBack::segment;
    bool range_from_base = true;  // range syncs are looked up as (base, offset + size)

    // Types of entries
    bool page_and_single = true;       // two types
    bool phys_type = false;            // page, single and resource are one type; syncs look for single
    bool resources = false;            // map_resource exists
    bool noncoherent_type = false;     // dma_alloc_pages has its own; else entered like a page mapping
    bool noncoherent_rounded = false;  // with the size of whole pages

    // Checks
    bool invalid_first = true;  // free-invalid comes before the look-up
    bool map_error_state = false;
    bool bidirectional_syncs_any_way = false;
    bool sync_sg_count = false;
    bool vmalloc_stacks = false;
    bool given_entries_checked = false;  // stack and text: all given entries; else the mapped ones
    bool coherent_ignores_io = false;    // CPU addresses that are neither linear nor vmalloc; the latter are looked up
    bool sg_segments = false;
    bool sg_by_cpu_length = false;  // scatterlists before their look-up learnt of DMA lengths
    bool map_single_area = false;
    bool leak_at_unbind = false;
    uint8_t attrs_compared = 0;  // of map and unmap
    ResourceCheck resource_check = ResourceCheck::none;

    // C and what is reported of it
    Tracked tracked = Tracked::nothing;
    LineSize line_size = LineSize::l1;
    bool to_device_tracked = false;
    IdleCheck idle_check = IdleCheck::none;
    OverlapRule overlap = OverlapRule::silent;
    bool overlap_counted = false;  // in error_count
    bool skip_cpu_sync_exempt = false;
    bool kmalloc_bounce_exempt = false;
    uint8_t overlaps_max = 7;      // of a line, in three tags of a radix tree
    uint8_t clean_attrs = 0;       // attributes that flag a mapping as clean: two such are not reported
    bool coherent_exempt = false;  // where the cache alignment is below the L1 line

    // What no era has, to see what comes of it (what_if.cpp)
    bool own_entry = false;       // a look-up comes to entries of the mapping that is meant, and to no others
    bool own_error = false;       // so does asking for a map's error
    bool every_list = false;      // of lists whose first element is not known, each one is checked
    bool list_elements = false;   // C has the elements too that the IOMMU has merged into others
    bool image_anywhere = false;  // the kernel's image is known wherever it is mapped
    bool every_bus = false;       // leaks are told on all buses
    bool ownership = false;       // a sync is to give what the other side has

    bool operator==(const Era&) const = default;
};

// In order of time. Debian's 6.1 and 6.12 stand where their numbers say; they carry later changes.
const std::vector<Era>& eras();
// The last kernel that the last era is known to be right for.
const char* newest_kernel();
// A change that was proposed, and the era that it was made for.
struct Proposal {
    const char* name;
    int year;
    const char* base;
    const char* changed;
    void (*change)(Era&);
};
const std::vector<Proposal>& proposed_changes();
// Proposed changes, each applied to the era that it was made for.
const std::vector<Era>& proposals();

}  // namespace dmafuzz
