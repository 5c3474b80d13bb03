// The hooks of dma-debug and their checks, in the order in which the kernel makes them.
#include <algorithm>

#include "tracker/dma_debug.hpp"

namespace dmafuzz {

DmaDebug::Type DmaDebug::page_type(const HookCall&) const { return Type::single; }

// What a call gives to look up.
DmaDebug::Entry DmaDebug::reference(const HookCall& call, Type type) const {
    Entry ref;
    ref.dma = call.dma;
    ref.size = call.size;
    ref.phys = call.phys;
    ref.device = call.device;
    ref.type = type;
    ref.direction = call.direction;
    ref.mapping = call.mapping;
    return ref;
}

DmaDebug::Entry DmaDebug::element(const HookCall& call, const HookEntry& e) const {
    Entry ref = reference(call, Type::sg);
    ref.dma = e.dma;
    ref.size = e.dma_size;
    ref.phys = e.phys;
    ref.nents = call.entry_count;
    return ref;
}

// dma_mapping_error: marks the first entry of that address that nobody has asked about; true at the error cookie.
bool DmaDebug::mapping_error(uint8_t device, uint64_t dma) {
    for (Entry& e : entries_) {
        if (e.device != device || e.dma != dma || e.map_error != MapError::not_checked) continue;
        e.map_error = MapError::checked;
        note(0x4000);
        break;
    }
    return dma == dma_error_cookie;
}

void DmaDebug::check_area(const HookCall& call, Area area) {
    if (area == Area::current_stack || area == Area::vmalloc_stack) warn(call, WarningId::map_stack);
    bool image = area == Area::text || area == Area::rodata;
    if (image && platform_->text_in_linear_map) warn(call, WarningId::map_text_rodata);
}

void DmaDebug::map_page(const HookCall& call) {
    if (mapping_error(call.device, call.dma)) return;
    Entry entry = reference(call, page_type(call));
    entry.map_error = MapError::not_checked;
    check_area(call, call.area);
    insert(call, entry);
}

void DmaDebug::allocation(const HookCall& call, Type type) {
    insert(call, reference(call, type));
}

void DmaDebug::check_segment(const HookCall& call, const HookEntry& e) {
    const Device& device = platform_->devices[call.device];
    if (e.size > device.segment_max) warn(call, WarningId::sg_too_long);
    uint64_t start = e.dma, end = start + e.dma_size - 1;
    if ((start ^ end) & ~device.segment_boundary) warn(call, WarningId::sg_boundary);
}

void DmaDebug::map_sg(const HookCall& call) {
    for (int i = 0; i < call.entry_count; i++) check_area(call, call.entries[i].area);
    for (int i = 0; i < call.mapped_count; i++) {
        Entry entry = element(call, call.entries[i]);
        entry.mapped = call.mapped_count;
        check_segment(call, call.entries[i]);
        insert(call, entry);
    }
}

void DmaDebug::check_unmap(const HookCall& call, const Entry& ref) {
    int found = find(ref, Match::exact);
    if (found < 0) {
        bool cookie = mapping_error(ref.device, ref.dma);
        return warn(call, cookie ? WarningId::free_invalid : WarningId::free_unallocated);
    }
    const Entry& e = entries_[static_cast<size_t>(found)];
    if (ref.size != e.size) warn(call, WarningId::free_size, found);
    bool addressed = e.type == Type::coherent || e.type == Type::noncoherent;
    if (ref.type != e.type) warn(call, WarningId::free_wrong_function, found);
    else if (addressed && ref.phys != e.phys) warn(call, WarningId::free_cpu_address, found);
    if (ref.nents && ref.type == Type::sg && ref.nents != e.nents) warn(call, WarningId::free_sg_count, found);
    if (ref.direction != e.direction) warn(call, WarningId::free_direction, found);
    if (e.map_error == MapError::not_checked) warn(call, WarningId::free_unchecked, found);
    note(0x5000 + static_cast<uint64_t>(e.type));
    remove(static_cast<size_t>(found));
}

void DmaDebug::unmap_sg(const HookCall& call) {
    int mapped = 0;
    for (int i = 0; i < call.entry_count; i++) {
        if (mapped && i >= mapped) break;
        Entry ref = element(call, call.entries[i]);
        if (i == 0) {
            int first = find(ref, Match::exact);
            if (first >= 0) mapped = entries_[static_cast<size_t>(first)].mapped;
        }
        check_unmap(call, ref);
    }
}

void DmaDebug::check_sync(const HookCall& call, const Entry& ref, bool to_cpu) {
    int found = find(ref, Match::containing);
    if (found < 0) return warn(call, WarningId::sync_unallocated);
    const Entry& e = entries_[static_cast<size_t>(found)];
    note(0x6000 + static_cast<uint64_t>(e.direction) * 4 + static_cast<uint64_t>(ref.direction));
    // A mapping that holds the whole of a range can be smaller only where its end wraps around.
    if (ref.size > e.size) warn(call, WarningId::sync_range, found);
    if (e.direction == Direction::bidirectional) return;
    if (ref.direction != e.direction) warn(call, WarningId::sync_direction, found);
    if (to_cpu && e.direction != Direction::from_device && ref.direction != Direction::to_device)
        warn(call, WarningId::sync_read_only_for_cpu, found);
    if (!to_cpu && e.direction != Direction::to_device && ref.direction != Direction::from_device)
        warn(call, WarningId::sync_write_only_for_device, found);
    if (ref.nents && ref.type == Type::sg && ref.nents != e.nents) warn(call, WarningId::sync_sg_count, found);
}

void DmaDebug::sync_sg(const HookCall& call, bool to_cpu) {
    int mapped = 0;
    for (int i = 0; i < call.entry_count; i++) {
        Entry ref = element(call, call.entries[i]);
        if (i == 0) {
            int first = find(ref, Match::exact);
            if (first >= 0) mapped = entries_[static_cast<size_t>(first)].mapped;
        }
        if (i >= mapped) break;
        check_sync(call, ref, to_cpu);
    }
}

// One warning for a device with live entries; nothing is removed.
void DmaDebug::unbind(const HookCall& call) {
    uint32_t left = 0;
    bool any = false;
    for (const Entry& e : entries_) {
        if (e.device != call.device) continue;
        any = true;
        if (e.mapping != no_mapping) left |= 1u << e.mapping;
    }
    out_->left.push_back({call.op, left});
    if (any && platform_->devices[call.device].pci) warn(call, WarningId::leak, -1, left);
}

void DmaDebug::take(const HookCall& call) {
    switch (call.kind) {
        case HookKind::map_single_area:
            // A vmalloc address is not a valid linear one either.
            if (call.area == Area::vmalloc) {
                warn(call, WarningId::map_invalid_area);
                warn(call, WarningId::map_vmalloc);
            }
            return;
        case HookKind::map_page: return map_page(call);
        case HookKind::map_resource: {
            Entry entry = reference(call, Type::resource);
            entry.map_error = MapError::not_checked;
            return insert(call, entry);
        }
        case HookKind::map_sg: return map_sg(call);
        case HookKind::alloc_coherent: return allocation(call, Type::coherent);
        case HookKind::alloc_pages:
            // Up to 6.16 exactly the hook of map_page.
            return era_.noncoherent_type ? allocation(call, Type::noncoherent) : map_page(call);
        case HookKind::mapping_error: mapping_error(call.device, call.dma); return;
        case HookKind::sync_for_cpu: return check_sync(call, reference(call, Type::single), true);
        case HookKind::sync_for_device: return check_sync(call, reference(call, Type::single), false);
        case HookKind::sync_sg_for_cpu: return sync_sg(call, true);
        case HookKind::sync_sg_for_device: return sync_sg(call, false);
        case HookKind::unmap_page: return check_unmap(call, reference(call, page_type(call)));
        case HookKind::unmap_resource: return check_unmap(call, reference(call, Type::resource));
        case HookKind::unmap_sg: return unmap_sg(call);
        case HookKind::free_coherent:
            // Ignored where the CPU address is neither linear nor vmalloc.
            if (call.area == Area::mmio) return;
            return check_unmap(call, reference(call, Type::coherent));
        case HookKind::free_pages:
            return check_unmap(call, reference(call, era_.noncoherent_type ? Type::noncoherent : Type::single));
        case HookKind::unbind: return unbind(call);
        case HookKind::cow:
        case HookKind::count_: return;
    }
}

}  // namespace dmafuzz
