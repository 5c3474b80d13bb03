// SPDX-License-Identifier: GPL-2.0-only
// Missing warnings: those that a stricter tracker would give at the same call, and the rule of dma-debug that prevents
// them. Source: docs/spec/verdicts.md §5 (The cause of a finding).
#include <algorithm>

#include "tracker/dma_debug.hpp"

namespace dmafuzz {

void DmaDebug::note_missing(const HookCall& call, WarningId id, Reason reason, const Entry* about, uint32_t more) {
    out_->missing_warnings.push_back({warning_of(call, id, about, more), reason});
}

bool DmaDebug::is_live(uint16_t slot) const {
    return std::find(live_.begin(), live_.end(), slot) != live_.end() ||
           std::any_of(merged_.begin(), merged_.end(), [&](const auto& each) { return each.second == slot; });
}

void DmaDebug::take_following(const HookCall& call) {
    if (explaining_) {
        if (call.kind == HookKind::cow) explain_copy(call);
        if (call.kind == HookKind::unbind) explain_unbind(call);
        if (call.kind == HookKind::map_resource) explain_resource(call);
    }
    handle(call);
    explain_turns(call);
    if (makes_mapping(call.kind)) add_regions(call);
    // Right or wrong, it ends what it names.
    if (is_end(call.kind) && call.mapping != no_mapping) shadow_.end(call.mapping);
}

// The entry of a region, while it is in H.
const DmaDebug::Entry* DmaDebug::entry_of(const Region& region) const {
    if (region.slot == no_slot || !is_live(region.slot)) return nullptr;
    const Entry& e = pool_[region.slot];
    return e.mapping == region.mapping && e.op == region.op ? &e : nullptr;
}

// The regions of a mapping that has just been made, each compared with all others, those of its own list too.
void DmaDebug::add_regions(const HookCall& call) {
    const bool list = call.kind == HookKind::map_sg;
    if (call.map_failed || (list ? call.mapped_count == 0 : call.dma == dma_error_cookie)) return;
    std::vector<uint16_t> slots;
    for (uint16_t slot : live_)
        if (pool_[slot].mapping == call.mapping && pool_[slot].op == call.op) slots.push_back(slot);
    for (auto [owner, slot] : merged_)
        if (pool_[slot].mapping == call.mapping && pool_[slot].op == call.op) slots.push_back(slot);
    std::vector<Region> added;
    for (size_t i = 0; i < (list ? call.entry_count : size_t{1}); i++) {
        if ((list ? call.entries[i].area : call.area) == Area::mmio) continue;
        Region r;
        r.phys = list ? call.entries[i].phys : call.phys;
        r.size = list ? call.entries[i].size : call.size;
        r.dma = list ? call.entries[i].dma : call.dma;
        r.dma_size = !list ? call.size : i < call.mapped_count ? call.entries[i].dma_size : 0;
        r.slot = i < slots.size() ? slots[i] : no_slot;
        if (r.slot == no_slot) r.without = list ? Reason::merged_list : Reason::resources_untracked;
        r.op = call.op;
        r.mapping = call.mapping;
        r.device = call.device;
        r.attrs = call.attrs;
        r.direction = call.kind == HookKind::alloc_coherent ? Direction::bidirectional : call.direction;
        added.push_back(r);
    }
    for (const Region& r : added) {
        if (explaining_) explain_overlaps(call, r);
        shadow_.add(r);
        // What the CPU is to have first: the caller syncs by hand.
        const bool by_hand = call.kind == HookKind::alloc_pages || r.attrs & attr::skip_cpu_sync;
        if (by_hand) shadow_.to_cpu(r.mapping, r.device, r.dma, r.dma_size);
    }
}

// Memory that is lost together: a line of the kernel's, or as much as DMA needs for itself.
uint64_t DmaDebug::shared_bytes() const {
    return static_cast<uint64_t>(
        std::max({platform_.get<&Platform::l1_line>(), platform_.get<&Platform::dma_alignment>(), 1}));
}

void DmaDebug::explain_overlaps(const HookCall& call, const Region& added) {
    if (added.size == 0) return;
    const uint64_t unit = shared_bytes(), first = added.phys / unit, last = (added.phys + added.size - 1) / unit;
    for (const Region& other : shadow_.regions()) {
        if (other.size == 0) continue;
        const uint64_t from = std::max(first, other.phys / unit),
                       to = std::min(last, (other.phys + other.size - 1) / unit);
        if (from > to) continue;
        // Two devices may read the same.
        if (added.direction == Direction::to_device && other.direction == Direction::to_device) continue;
        const Reason reason = why_no_overlap(added, other);
        if (reason == Reason::none) continue;
        note_missing(call, WarningId::line_overlap, reason, nullptr, 1u << other.mapping);
        Warning& w = out_->missing_warnings.back().warning;
        w.entry_op = other.op;
        w.line_bytes = static_cast<uint32_t>((to - from + 1) * unit);
        w.line = from * unit;
    }
}

// None: it is reported, of these two or of another mapping in that cacheline.
Reason DmaDebug::why_no_overlap(const Region& added, const Region& other) {
    if (era_.tracked == Tracked::nothing) return Reason::overlaps_untracked;
    for (const Region* r : {&added, &other})
        if (r->slot == no_slot) return r->without;
    const Entry *a = entry_of(added), *b = entry_of(other);
    if (!a || !b) return Reason::other_entry;
    if (!tracked(*a) || !tracked(*b)) return Reason::to_device;
    auto [from, to] = keys_of(*a);
    auto [other_from, other_to] = keys_of(*b);
    from = std::max(from, other_from);
    to = std::min(to, other_to);
    if (from >= to) {
        const uint64_t l1 = static_cast<uint64_t>(platform_.get<&Platform::l1_line>());
        const bool share = added.phys / l1 <= (other.phys + other.size - 1) / l1 &&
                           other.phys / l1 <= (added.phys + added.size - 1) / l1;
        return share ? Reason::first_line : Reason::l1_line;
    }
    Reason why = Reason::none;
    for (uint64_t key = from; key != to; key++) {
        const ActiveLine* line = lines_.find(key);
        if (!line || line->overlaps == 0) why = Reason::saturated;
        else if (era_.overlap == OverlapRule::silent) why = Reason::overlaps_untold;
        else if (Reason exempt = exemption(*a, pool_[line->first]); exempt != Reason::none) why = exempt;
        else if (in_the_way(added.slot, *line) == no_slot) why = Reason::legal_overlap;
        else return Reason::none;
    }
    return why;
}

// The same questions as `exempt`, the most special one first.
Reason DmaDebug::exemption(const Entry& entry, const Entry& first) const {
    if (clean(entry) && clean(first)) return Reason::clean_exempt;
    if (era_.skip_cpu_sync_exempt && entry.attrs & attr::skip_cpu_sync) return Reason::skip_exempt;
    if (!exempt(entry, first)) return Reason::none;
    const bool bounces = era_.kmalloc_bounce_exempt && platform_.get<&Platform::bounce_unaligned>() &&
                         platform_.get<&Platform::bounce_pool>();
    return bounces ? Reason::bounce_exempt : Reason::coherent_exempt;
}

// A call whose arguments fit the entry of another mapping, and would not fit its own.
void DmaDebug::explain_found(const HookCall& call, const Entry& ref, int found, bool sync) {
    const Entry& e = entry(found);
    if (call.mapping == no_mapping || e.mapping == call.mapping) return;
    const Entry* own = nullptr;
    for (uint16_t slot : live_)
        if (pool_[slot].mapping == call.mapping && (!own || pool_[slot].dma == ref.dma)) own = &pool_[slot];
    auto say = [&](WarningId id) { note_missing(call, id, Reason::other_entry, &e); };
    if (sync) {
        if (!own || !matches(ref, *own, Match::containing)) return say(WarningId::sync_unallocated);
        if (own->direction != Direction::bidirectional && own->direction != ref.direction)
            say(WarningId::sync_direction);
        return;
    }
    if (!own || !matches(ref, *own, Match::exact)) say(WarningId::free_unallocated);
    else if (own->size != ref.size) say(WarningId::free_size);
    else if (own->type != ref.type) say(WarningId::free_wrong_function);
    else if (own->direction != ref.direction) say(WarningId::free_direction);
    else if (own->map_error == MapError::not_checked) say(WarningId::free_unchecked);
}

void DmaDebug::explain_freed(const HookCall& call, const Entry& ref, const Entry& e) {
    if (!era_.map_error_state && e.map_error == MapError::not_checked)
        note_missing(call, WarningId::free_unchecked, Reason::errors_untracked, &e);
    if (era_.map_error_state && e.map_error == MapError::checked && !e.own_error_checked)
        note_missing(call, WarningId::free_unchecked, Reason::error_elsewhere, &e);
    uint8_t differing = static_cast<uint8_t>((ref.attrs ^ e.attrs) & ~era_.attrs_compared);
    // The attribute that map_resource comes with: before there was one, only the unmap shows it here.
    if (!era_.phys_type) differing = static_cast<uint8_t>(differing & ~attr::mmio);
    const bool allocated = e.type == Type::coherent || e.type == Type::noncoherent;
    if (allocated) return;
    if (differing & attr::skip_cpu_sync) note_missing(call, WarningId::free_attributes, Reason::skip_uncompared, &e);
    if (differing & (attr::mmio | attr::require_coherent))
        note_missing(call, WarningId::free_attributes, Reason::attributes_uncompared, &e);
}

void DmaDebug::explain_sync(const HookCall& call, const Entry& ref, const Entry& e) {
    if (ref.direction != e.direction) note_missing(call, WarningId::sync_direction, Reason::bidirectional_syncs, &e);
    if (ref.nents && ref.type == Type::sg && ref.nents != e.nents)
        note_missing(call, WarningId::sync_sg_count, Reason::bidirectional_syncs, &e);
}

// A sync that gives what the other side has already.
void DmaDebug::explain_turns(const HookCall& call) {
    const bool cpu = call.kind == HookKind::sync_for_cpu || call.kind == HookKind::sync_sg_for_cpu;
    const bool device = call.kind == HookKind::sync_for_device || call.kind == HookKind::sync_sg_for_device;
    if (!cpu && !device) return;
    bool turned = false;
    auto turn = [&](uint64_t dma, uint64_t size) {
        turned |= cpu ? shadow_.to_cpu(call.mapping, call.device, dma, size)
                      : shadow_.to_device(call.mapping, call.device, dma, size);
    };
    if (call.entry_count == 0) turn(call.dma, call.size);
    for (int i = 0; i < call.entry_count; i++) turn(call.entries[i].dma, call.entries[i].dma_size);
    if (turned) return;
    // No kernel has a message for it.
    if (era_.ownership) warn(call, WarningId::unknown);
    else note_missing(call, WarningId::unknown, Reason::ownership_untracked);
}

// Copy-on-write reads a page that a device may be at.
void DmaDebug::explain_copy(const HookCall& call) {
    const uint64_t end = call.phys + page_bytes;
    uint32_t mappings = 0;
    bool all_to_device = true, begins_here = false;
    for (const Region& r : shadow_.regions()) {
        if (r.phys >= end || r.phys + r.size <= call.phys) continue;
        begins_here |= r.phys >= call.phys;
        mappings |= 1u << r.mapping;
        all_to_device &= r.direction == Direction::to_device;
    }
    if (!mappings) return;
    Reason reason = Reason::page_start;
    if (era_.idle_check == IdleCheck::none) reason = Reason::copy_unchecked;
    else if (all_to_device && !era_.to_device_tracked) reason = Reason::to_device;
    else if (era_.idle_check == IdleCheck::first_entry && !begins_here) reason = Reason::first_line;
    note_missing(call, WarningId::assert_idle, reason, nullptr, mappings);
}

void DmaDebug::explain_unbind(const HookCall& call) {
    if (era_.leak_at_unbind && (era_.every_bus || platform_.get<&Device::pci>(call.device))) return;
    uint32_t left = 0;
    for (uint16_t slot : live_)
        if (pool_[slot].device == call.device && pool_[slot].mapping != no_mapping) left |= 1u << pool_[slot].mapping;
    if (left)
        note_missing(call, WarningId::leak, era_.leak_at_unbind ? Reason::bus_unregistered : Reason::leaks_unchecked,
                     nullptr, left);
}

void DmaDebug::explain_resource(const HookCall& call) {
    if (call.area == Area::mmio) return;
    auto say = [&](Reason reason) { note_missing(call, WarningId::resource_ram, reason); };
    const bool reserved = call.area == Area::text || call.area == Area::rodata;
    if (!era_.resources || era_.resource_check == ResourceCheck::none) say(Reason::resource_unchecked);
    else if (era_.resource_check == ResourceCheck::ram_once && resource_warned_) say(Reason::once_per_boot);
    else if (era_.resource_check == ResourceCheck::unreserved_ram && reserved) say(Reason::reserved_pages);
}

}  // namespace dmafuzz
