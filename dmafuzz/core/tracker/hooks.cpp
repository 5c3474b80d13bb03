// SPDX-License-Identifier: GPL-2.0-only
// The hooks of dma-debug: what it does at each call of the DMA API.
#include "tracker/dma_debug.hpp"

namespace dmafuzz {

void DmaDebug::map_page(const HookCall& call, bool resource) {
    if (mapping_error(call.device, call.dma)) return;
    Entry made = reference(call, page_type(call));
    if (resource) made.attrs |= attr::mmio;
    made.map_error = era_.map_error_state || explaining_ ? MapError::not_checked : MapError::not_applicable;
    bool registers = era_.phys_type && made.attrs & attr::mmio;
    if (!registers) {
        check_area(call, call.area);
    } else if (era_.resource_check == ResourceCheck::unreserved_ram) {
        bool reserved = call.area == Area::text || call.area == Area::rodata;
        if (call.area != Area::mmio && !reserved) warn(call, WarningId::resource_ram, &made);
    }
    insert(call, made);
}

void DmaDebug::map_resource(const HookCall& call) {
    if (!era_.resources) return;
    const bool told = era_.resource_check == ResourceCheck::ram ||
                      (era_.resource_check == ResourceCheck::ram_once && !resource_warned_);
    if (told && call.area != Area::mmio) {
        resource_warned_ = true;
        warn(call, WarningId::resource_ram);
        out_->warnings.back().counted = false;
    }
    if (era_.phys_type) return map_page(call, true);
    Entry made = reference(call, Type::resource);
    made.map_error = MapError::not_checked;
    insert(call, made);
}

void DmaDebug::map_sg(const HookCall& call) {
    if (era_.given_entries_checked)
        for (int i = 0; i < call.entry_count; i++) check_area(call, call.entries[i].area);
    uint16_t first = no_slot;
    for (int i = 0; i < call.mapped_count; i++) {
        Entry made = element(call, call.entries[i]);
        made.mapped = call.mapped_count;
        if (!era_.given_entries_checked) check_area(call, call.entries[i].area);
        check_segment(call, call.entries[i]);
        const uint16_t slot = insert(call, made);
        if (i == 0) first = slot;
    }
    if (era_.list_elements && first != no_slot) insert_merged(call, first);
}

// Memory of a list that the IOMMU has merged into its first elements: no DMA address of its own to be looked up by.
void DmaDebug::insert_merged(const HookCall& call, uint16_t owner) {
    for (int i = call.mapped_count; i < call.entry_count; i++) {
        Entry made = element(call, call.entries[i]);
        made.size = call.entries[i].size;
        const uint16_t slot = take_from_pool(made);
        merged_.emplace_back(owner, slot);
        insert_lines(call, slot);
    }
}

void DmaDebug::remove_merged(uint16_t owner) {
    for (auto [with, slot] : merged_) {
        if (with != owner) continue;
        remove_lines(pool_[slot]);
        free_.push_back(slot);
    }
    std::erase_if(merged_, [&](const auto& each) { return each.first == owner; });
}

void DmaDebug::allocation(const HookCall& call, Type type, uint8_t attrs) {
    Entry made = reference(call, type);
    made.attrs = attrs;
    if (type == Type::coherent) made.direction = Direction::bidirectional;
    insert(call, made);
}

void DmaDebug::unmap_sg(const HookCall& call) {
    int mapped = 0;
    for (int i = 0; i < call.entry_count; i++) {
        if (mapped && i >= mapped) break;
        Entry ref = element(call, call.entries[i]);
        if (i == 0 || (era_.sg_by_cpu_length && mapped == 0)) mapped = mapped_entries(ref);
        else if (era_.sg_by_cpu_length) ref.nents = 0;  // the number is compared once
        check_unmap(call, ref);
    }
}

void DmaDebug::sync_sg(const HookCall& call, bool to_cpu) {
    int mapped = 0;
    for (int i = 0; i < call.entry_count && !hangs_; i++) {
        Entry ref = element(call, call.entries[i]);
        if (era_.sg_by_cpu_length) {
            ref.size = call.entries[i].dma_size;
            check_sync(call, ref, to_cpu);
            continue;
        }
        if (i == 0) mapped = mapped_entries(ref);
        if (mapped == 0 && era_.every_list) mapped = call.entry_count;
        if (explaining_ && mapped == 0) note_missing(call, WarningId::sync_unallocated, Reason::unknown_list);
        if (i >= mapped) break;
        check_sync(call, ref, to_cpu);
    }
}

void DmaDebug::unmap_resource(const HookCall& call) {
    if (!era_.resources) return;
    Entry ref = reference(call, era_.phys_type ? Type::phys : Type::resource);
    ref.attrs |= attr::mmio;
    check_unmap(call, ref);
}

void DmaDebug::free_coherent(const HookCall& call) {
    if (call.area == Area::mmio && era_.coherent_ignores_io) return;
    Entry ref = reference(call, Type::coherent);
    ref.direction = Direction::bidirectional;
    // No page is found any more at the address; what is made of none is nobody's.
    if (call.area == Area::vmalloc_gone && era_.coherent_ignores_io) ref.phys = ~uint64_t{0};
    check_unmap(call, ref);
}

void DmaDebug::alloc_noncoherent(const HookCall& call) {
    if (era_.noncoherent_type) return allocation(call, Type::noncoherent, 0);
    map_page(noncoherent(call));
}

void DmaDebug::free_noncoherent(const HookCall& call) {
    if (era_.noncoherent_type) return check_unmap(call, reference(call, Type::noncoherent));
    HookCall unmap = noncoherent(call);
    check_unmap(unmap, reference(unmap, page_type(unmap)));
}

// An allocation that is entered like a page mapping.
HookCall DmaDebug::noncoherent(const HookCall& call) const {
    HookCall page = call;
    if (era_.noncoherent_rounded) page.size = (call.size + page_bytes - 1) / page_bytes * page_bytes;
    return page;
}

// One warning for a device with live entries; nothing is removed.
void DmaDebug::unbind(const HookCall& call) {
    uint32_t left = 0;
    const Entry* last = nullptr;  // of the last bucket: the one that is printed
    for (uint16_t slot : live_) {
        const Entry& e = pool_[slot];
        if (e.device != call.device) continue;
        if (!last || e.bucket >= last->bucket) last = &e;
        if (e.mapping != no_mapping) left |= 1u << e.mapping;
    }
    out_->left.push_back({call.op, left});
    if (!era_.leak_at_unbind || !(era_.every_bus || platform_.get<&Device::pci>(call.device))) return;
    cost_.bucket_locks += era_.hash_size;
    cost_.lookup_steps += live_.size();
    if (last) warn(call, WarningId::leak, last, left);
}

void DmaDebug::handle(const HookCall& call) {
    switch (call.kind) {
        case HookKind::map_single_area:
            // A vmalloc address is not a valid linear one either.
            if (call.area == Area::vmalloc && era_.map_single_area) {
                warn(call, WarningId::map_invalid_area);
                warn(call, WarningId::map_vmalloc);
            } else if (call.area == Area::vmalloc && explaining_) {
                note_missing(call, WarningId::map_invalid_area, Reason::area_unchecked);
            }
            return;
        case HookKind::map_page: return map_page(call);
        case HookKind::map_resource: return map_resource(call);
        case HookKind::map_sg: return map_sg(call);
        case HookKind::alloc_coherent: return allocation(call, Type::coherent, call.attrs);
        case HookKind::alloc_pages: return alloc_noncoherent(call);
        case HookKind::mapping_error:
            if (era_.map_error_state || explaining_) mark_asked(call.device, call.dma);
            return;
        case HookKind::sync_for_cpu: return check_sync(call, reference(call, Type::single), true);
        case HookKind::sync_for_device: return check_sync(call, reference(call, Type::single), false);
        case HookKind::sync_sg_for_cpu: return sync_sg(call, true);
        case HookKind::sync_sg_for_device: return sync_sg(call, false);
        case HookKind::unmap_page: return check_unmap(call, reference(call, page_type(call)));
        case HookKind::unmap_resource: return unmap_resource(call);
        case HookKind::unmap_sg: return unmap_sg(call);
        case HookKind::free_coherent: return free_coherent(call);
        case HookKind::free_pages: return free_noncoherent(call);
        case HookKind::unbind: return unbind(call);
        case HookKind::cow: return check_idle(call);
        case HookKind::count_: return;
    }
}

}  // namespace dmafuzz
