// SPDX-License-Identifier: GPL-2.0-only
// What dma-debug checks, in the order in which the kernel does.
#include "tracker/dma_debug.hpp"

namespace dmafuzz {

DmaDebug::Type DmaDebug::page_type(const HookCall& call) const {
    if (era_.phys_type) return Type::phys;
    return era_.page_and_single && !call.single ? Type::page : Type::single;
}

// What a call gives to look up.
DmaDebug::Entry DmaDebug::reference(const HookCall& call, Type type) const {
    Entry ref;
    ref.dma = call.dma;
    ref.size = call.size;
    ref.phys = call.phys;
    ref.device = call.device;
    ref.attrs = call.attrs;
    ref.type = type;
    ref.direction = call.direction;
    ref.mapping = call.mapping;
    ref.op = call.op;
    return ref;
}

DmaDebug::Entry DmaDebug::element(const HookCall& call, const HookEntry& e) const {
    Entry ref = reference(call, Type::sg);
    ref.dma = e.dma;
    ref.size = era_.sg_by_cpu_length ? e.size : e.dma_size;
    ref.phys = e.phys;
    ref.nents = call.entry_count;
    return ref;
}

// dma_mapping_error: marks the first entry of that address that is not checked yet; true at DMA_MAPPING_ERROR.
bool DmaDebug::mapping_error(uint8_t device, uint64_t dma) {
    if (era_.map_error_state) mark_asked(device, dma);
    return dma == dma_error_cookie;
}

void DmaDebug::mark_asked(uint8_t device, uint64_t dma) {
    cost_.bucket_locks++;
    const uint64_t bucket = bucket_of(dma);
    for (uint16_t slot : live_) {
        Entry& e = pool_[slot];
        if (e.bucket != bucket) continue;
        cost_.lookup_steps++;
        if (e.device != device || e.dma != dma || e.map_error != MapError::not_checked) continue;
        if (era_.own_error && e.mapping != naming_) continue;
        e.map_error = MapError::checked;
        e.own_error_checked = e.mapping == naming_;
        note(0x4000);
        break;
    }
}

void DmaDebug::check_area(const HookCall& call, Area area) {
    bool stack = area == Area::current_stack || (area == Area::vmalloc_stack && era_.vmalloc_stacks);
    if (stack) warn(call, WarningId::map_stack);
    else if (explaining_ && area == Area::vmalloc_stack)
        note_missing(call, WarningId::map_stack, Reason::stack_unrecognised);
    bool image = area == Area::text || area == Area::rodata;
    if (!image) return;
    if (era_.image_anywhere || platform_.get<&Platform::text_in_linear_map>()) warn(call, WarningId::map_text_rodata);
    else if (explaining_) note_missing(call, WarningId::map_text_rodata, Reason::image_unrecognised);
}

void DmaDebug::check_segment(const HookCall& call, const HookEntry& e) {
    if (!era_.sg_segments && !explaining_) return;
    auto say = [&](WarningId id) {
        era_.sg_segments ? warn(call, id) : note_missing(call, id, Reason::segments_unchecked);
    };
    if (e.size > platform_.get<&Device::segment_max>(call.device)) say(WarningId::sg_too_long);
    if (platform_.crosses(call.device, e.dma, e.dma + e.dma_size - 1)) say(WarningId::sg_boundary);
}

void DmaDebug::check_unmap(const HookCall& call, const Entry& ref) {
    if (era_.invalid_first && mapping_error(ref.device, ref.dma)) return warn(call, WarningId::free_invalid);
    cost_.bucket_locks++;
    int found = find_exact(ref);
    if (found == not_found) {
        bool cookie = !era_.invalid_first && mapping_error(ref.device, ref.dma);
        return warn(call, cookie ? WarningId::free_invalid : WarningId::free_unallocated);
    }
    check_freed(call, ref, found);
    if (explaining_) explain_found(call, ref, found, false);
    note(0x5000 + static_cast<uint64_t>(entry(found).type));
    remove(found);
}

// Every mismatch of an unmap with the entry it has found.
void DmaDebug::check_freed(const HookCall& call, const Entry& ref, int found) {
    const Entry& e = entry(found);
    if (ref.size != e.size) warn(call, WarningId::free_size, &e);
    bool addressed = e.type == Type::coherent || e.type == Type::noncoherent;
    if (ref.type != e.type) warn(call, WarningId::free_wrong_function, &e);
    else if (addressed && ref.phys != e.phys) warn(call, WarningId::free_cpu_address, &e);
    if (ref.nents && ref.type == Type::sg && ref.nents != e.nents) warn(call, WarningId::free_sg_count, &e);
    if (ref.direction != e.direction) warn(call, WarningId::free_direction, &e);
    if (era_.map_error_state && e.map_error == MapError::not_checked) warn(call, WarningId::free_unchecked, &e);
    if ((ref.attrs ^ e.attrs) & era_.attrs_compared) warn(call, WarningId::free_attributes, &e);
    if (explaining_) explain_freed(call, ref, e);
}

void DmaDebug::check_sync(const HookCall& call, Entry ref, bool to_cpu) {
    if (call.range && era_.range_from_base) {
        ref.dma -= call.offset;
        ref.size += call.offset;
    }
    int found = find_for_sync(call, ref);
    if (hangs_) return;
    if (found == not_found) return warn(call, WarningId::sync_unallocated);
    const Entry& e = entry(found);
    if (explaining_) explain_found(call, ref, found, true);
    note(0x6000 + static_cast<uint64_t>(e.direction) * 4 + static_cast<uint64_t>(ref.direction));
    // A mapping that holds the whole of a range can be smaller only where its end wraps around.
    if (ref.size > e.size) warn(call, WarningId::sync_range, &e);
    if (era_.bidirectional_syncs_any_way && e.direction == Direction::bidirectional) {
        if (explaining_) explain_sync(call, ref, e);
        return;
    }
    if (ref.direction != e.direction) warn(call, WarningId::sync_direction, &e);
    if (!era_.bidirectional_syncs_any_way && e.direction == Direction::bidirectional) return;
    if (to_cpu && e.direction != Direction::from_device && ref.direction != Direction::to_device)
        warn(call, WarningId::sync_read_only_for_cpu, &e);
    if (!to_cpu && e.direction != Direction::to_device && ref.direction != Direction::from_device)
        warn(call, WarningId::sync_write_only_for_device, &e);
    if (era_.sync_sg_count && ref.nents && ref.type == Type::sg && ref.nents != e.nents)
        warn(call, WarningId::sync_sg_count, &e);
}

// How many segments the scatterlist's map made, as far as its first element tells; 0 if it does not.
int DmaDebug::mapped_entries(const Entry& ref) {
    cost_.bucket_locks++;
    int first = find_exact(ref);
    return first == not_found ? 0 : entry(first).mapped;
}

// The entry that assert-idle finds for a page; no_slot for none.
uint16_t DmaDebug::entry_at(uint64_t page) {
    switch (era_.idle_check) {
        case IdleCheck::whole_page: return anything_in_page(page);
        case IdleCheck::first_entry: return first_entry_from(page);
        default: return first_active_line(page);
    }
}

// assert-idle: the CPU copies a page; is a device at it?
void DmaDebug::check_idle(const HookCall& call) {
    if (era_.idle_check == IdleCheck::none) return;
    if (era_.idle_check != IdleCheck::first_entry) cost_.tree_locks++;
    const uint16_t slot = entry_at(call.phys);
    if (slot == no_slot) return;
    const Entry& active = pool_[slot];
    if (era_.idle_check == IdleCheck::first_line_written && active.direction != Direction::from_device) return;
    warn_line(call, WarningId::assert_idle, active, active.phys / line_bytes(), true);
}

}  // namespace dmafuzz
