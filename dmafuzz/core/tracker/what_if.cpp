// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/what_if.hpp"

#include <algorithm>

#include "program/op.hpp"

namespace dmafuzz {

namespace {

std::optional<Era> era_named(const std::string& name) {
    for (const auto* rows : {&eras(), &proposals()})
        for (const Era& era : *rows)
            if (name == era.name) return era;
    return std::nullopt;
}

// Overlaps are only reported where cachelines are tracked.
void tell_overlaps(Era& era) {
    if (era.overlap == OverlapRule::silent) era.overlap = OverlapRule::any;
    if (era.tracked == Tracked::nothing) era.tracked = Tracked::first_line;
}

void tell_leaks(Era& era) { era.leak_at_unbind = era.every_bus = true; }

void ask_for_own_errors(Era& era) { era.map_error_state = era.own_error = true; }

void check_resources(Era& era) {
    era.resources = true;
    era.resource_check = era.phys_type ? ResourceCheck::unreserved_ram : ResourceCheck::ram_once;
}

// As before 5.9, for all that a device may be at.
void check_idle(Era& era) {
    if (era.tracked == Tracked::nothing) era.tracked = Tracked::first_line;
    era.idle_check = IdleCheck::whole_page;
}

// Of a changed rule, or of a proposal; null: none is named so.
void (*change_named(const std::string& name))(Era&) {
    for (const WhatIf& w : what_ifs())
        if (w.name == name) return w.change;
    for (const Proposal& p : proposed_changes())
        if (p.name == name) return p.change;
    return nullptr;
}

}  // namespace

const std::vector<WhatIf>& what_ifs() {
    static const std::vector<WhatIf> all{
        {"strict-bidirectional", "syncs of a BIDIRECTIONAL mapping are checked for their range only",
         [](Era& e) { e.bidirectional_syncs_any_way = false; }},
        {"map-errors", "a missing dma_mapping_error() is not tracked", [](Era& e) { e.map_error_state = true; }},
        {"resource-ram", "dma_map_resource() of RAM is not checked", check_resources},
        {"overlaps-told", "overlapping mappings are counted, but not reported", tell_overlaps},
        {"skip-not-exempt", "overlaps of mappings with DMA_ATTR_SKIP_CPU_SYNC are exempt",
         [](Era& e) { e.skip_cpu_sync_exempt = false; }},
        {"bounce-not-exempt", "overlaps are exempt on platforms where swiotlb may bounce small kmalloc buffers",
         [](Era& e) { e.kmalloc_bounce_exempt = false; }},
        {"clean-not-exempt", "overlaps of mappings are exempt whose attributes declare their cachelines clean",
         [](Era& e) { e.clean_attrs = 0; }},
        {"coherent-not-exempt", "overlaps are exempt on platforms where DMA needs no cacheline alignment",
         [](Era& e) { e.coherent_exempt = false; }},
        {"any-overlap", "some overlaps are treated as legal", [](Era& e) { e.overlap = OverlapRule::any; }},
        {"dma-lines", "cachelines are tracked by L1_CACHE_SHIFT, although the DMA alignment is larger",
         [](Era& e) { e.line_size = LineSize::dma_alignment; }},
        {"every-line", "only the first cacheline of a mapping is tracked",
         [](Era& e) { e.tracked = Tracked::every_line; }},
        {"to-device", "cachelines of TO_DEVICE mappings are not tracked", [](Era& e) { e.to_device_tracked = true; }},
        {"attributes", "attributes of map and unmap are not compared",
         [](Era& e) { e.attrs_compared |= attr::mmio | attr::require_coherent; }},
        {"skip-compared", "DMA_ATTR_SKIP_CPU_SYNC of map and unmap is not compared",
         [](Era& e) { e.attrs_compared |= attr::skip_cpu_sync; }},
        {"wide-counter",
         "the overlap counter of a cacheline saturates at seven, so a cacheline with more mappings is forgotten too "
         "early",
         [](Era& e) { e.overlaps_max = 0xff; }},
        {"resources", "dma_map_resource() is not tracked", [](Era& e) { e.resources = true; }},
        {"resource-always", "dma_map_resource() of RAM is reported once per boot, or not for reserved pages",
         [](Era& e) { e.resources = true, e.resource_check = ResourceCheck::ram; }},
        {"image-anywhere", "kernel text and rodata are recognised in the linear map only",
         [](Era& e) { e.image_anywhere = true; }},
        {"vmalloc-stacks", "a stack in vmalloc space is not recognised", [](Era& e) { e.vmalloc_stacks = true; }},
        {"map-single-area", "the kind of address given to dma_map_single() is not checked",
         [](Era& e) { e.map_single_area = true; }},
        {"segments", "scatterlist entries are not checked against the device's segment limits",
         [](Era& e) { e.sg_segments = true; }},
        {"every-bus", "mappings leaked at driver unbind are reported on some buses only",
         [](Era& e) { e.every_bus = true; }},
        {"leaks", "mappings leaked at driver unbind are not reported", tell_leaks},
        {"own-entry", "the call's wrong arguments match the entry of another mapping",
         [](Era& e) { e.own_entry = true; }},
        {"own-error", "dma_mapping_error() of another mapping at the same address marks this one as checked",
         ask_for_own_errors},
        {"every-list", "a scatterlist whose first entry has no dma-debug entry, or one of another type, is not checked",
         [](Era& e) { e.every_list = true; }},
        {"list-elements", "only the first entries of a scatterlist that the IOMMU merges are tracked",
         [](Era& e) { e.list_elements = true; }},
        {"ownership", "buffer ownership across dma_sync_*_for_cpu/for_device is not tracked",
         [](Era& e) { e.ownership = true; }},
        {"assert-idle", "copy-on-write of a page under DMA is not checked", check_idle},
    };
    return all;
}

std::optional<Era> changed_era(const std::string& name) {
    size_t at = std::min(name.find('+'), name.size());
    std::optional<Era> era = era_named(name.substr(0, at));
    while (era && at < name.size()) {
        const size_t end = std::min(name.find('+', at + 1), name.size());
        auto* const change = change_named(name.substr(at + 1, end - at - 1));
        if (!change) return std::nullopt;
        const Era before = *era;
        change(*era);
        if (*era == before) return std::nullopt;
        at = end;
    }
    return era;
}

}  // namespace dmafuzz
