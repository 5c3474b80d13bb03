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

// Overlaps are only told of where there is something that keeps track of lines.
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
    era.idle_check = IdleCheck::page;
}

}  // namespace

const std::vector<WhatIf>& what_ifs() {
    static const std::vector<WhatIf> all{
        {"strict-bidirectional", "syncs of a BIDIRECTIONAL mapping are not checked any further", [](Era& e) { e.bidirectional_syncs_any_way = false; }},
        {"map-errors", "whether a map's error was asked for is not tracked", [](Era& e) { e.map_error_state = true; }},
        {"resource-ram", "map_resource of RAM is not checked", check_resources},
        {"overlaps-told", "overlaps are counted, but not told of", tell_overlaps},
        {"skip-not-exempt", "overlaps of a mapping with SKIP_CPU_SYNC are exempt", [](Era& e) { e.skip_cpu_sync_exempt = false; }},
        {"bounce-not-exempt", "overlaps are exempt where kmalloc memory may be bounced", [](Era& e) { e.kmalloc_bounce_exempt = false; }},
        {"clean-not-exempt", "overlaps of mappings flagged as clean are exempt", [](Era& e) { e.clean_attrs = 0; }},
        {"coherent-not-exempt", "overlaps are exempt where DMA needs no alignment", [](Era& e) { e.coherent_exempt = false; }},
        {"any-overlap", "some overlaps are taken for legal", [](Era& e) { e.overlap = OverlapRule::any; }},
        {"dma-lines", "lines are the kernel's L1 lines, not as long as DMA needs", [](Era& e) { e.line_size = LineSize::dma_alignment; }},
        {"every-line", "only the first line of a mapping is tracked", [](Era& e) { e.tracked = Tracked::every_line; }},
        {"to-device", "mappings TO_DEVICE are not tracked", [](Era& e) { e.to_device_tracked = true; }},
        {"attributes", "attributes are not compared at unmap", [](Era& e) { e.attrs_compared |= attr::mmio | attr::require_coherent; }},
        {"skip-compared", "whether map and unmap both have SKIP_CPU_SYNC is not compared", [](Era& e) { e.attrs_compared |= attr::skip_cpu_sync; }},
        {"wide-counter", "overlaps of a line are counted up to seven, and a line that has had more is forgotten too early", [](Era& e) { e.overlaps_max = 0xff; }},
        {"resources", "map_resource is not tracked", [](Era& e) { e.resources = true; }},
        {"resource-always", "map_resource of RAM is told once per boot, or not for reserved pages",
         [](Era& e) { e.resources = true, e.resource_check = ResourceCheck::ram; }},
        {"image-anywhere", "the kernel's image is not recognised where it is not in the linear map", [](Era& e) { e.image_anywhere = true; }},
        {"vmalloc-stacks", "a stack in vmalloc space is not recognised", [](Era& e) { e.vmalloc_stacks = true; }},
        {"map-single-area", "what kind of address map_single is given is not checked", [](Era& e) { e.map_single_area = true; }},
        {"segments", "entries of a list are not held against the device's segment limits", [](Era& e) { e.sg_segments = true; }},
        {"every-bus", "mappings left at unbind are told of on some buses only", [](Era& e) { e.every_bus = true; }},
        {"leaks", "mappings left at unbind are not told of", tell_leaks},
        {"own-entry", "wrong arguments are taken for right ones: the entry of another mapping fits them", [](Era& e) { e.own_entry = true; }},
        {"own-error", "a mapping's error counts as asked for where another mapping at the same address was asked about", ask_for_own_errors},
        {"every-list", "of a list whose first element is not known, or is no list's, nothing is checked", [](Era& e) { e.every_list = true; }},
        {"list-elements", "of a list that the IOMMU merges, only the first elements are tracked", [](Era& e) { e.list_elements = true; }},
        {"ownership", "whose turn it is, the CPU's or the device's, is not tracked through syncs", [](Era& e) { e.ownership = true; }},
        {"assert-idle", "copy-on-write of a page under DMA is not checked", check_idle},
    };
    return all;
}

std::optional<Era> changed_era(const std::string& name) {
    size_t at = std::min(name.find('+'), name.size());
    std::optional<Era> era = era_named(name.substr(0, at));
    while (era && at < name.size()) {
        const size_t end = std::min(name.find('+', at + 1), name.size());
        const std::string wanted = name.substr(at + 1, end - at - 1);
        auto what = std::find_if(what_ifs().begin(), what_ifs().end(), [&](const WhatIf& w) { return w.name == wanted; });
        if (what == what_ifs().end()) return std::nullopt;
        const Era before = *era;
        what->change(*era);
        if (*era == before) return std::nullopt;
        at = end;
    }
    return era;
}

}  // namespace dmafuzz
