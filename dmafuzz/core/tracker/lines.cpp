// SPDX-License-Identifier: GPL-2.0-only
// C, the active cachelines: what enters, what an overlap is, and when it is reported.
#include <algorithm>

#include "tracker/dma_debug.hpp"

namespace dmafuzz {

uint64_t DmaDebug::line_bytes() const {
    if (era_.tracked == Tracked::page) return page_bytes;
    int bytes = era_.line_size == LineSize::l1 ? platform_.get<&Platform::l1_line>()
                                               : platform_.get<&Platform::dma_alignment>();
    return static_cast<uint64_t>(std::max(bytes, 1));
}

// The keys of an entry: from, to (excluded).
std::pair<uint64_t, uint64_t> DmaDebug::keys_of(const Entry& entry) const {
    uint64_t bytes = line_bytes(), first = entry.phys / bytes;
    if (era_.tracked != Tracked::every_line || entry.size == 0) return {first, first + 1};
    return {first, (entry.phys + entry.size - 1) / bytes + 1};
}

bool DmaDebug::tracked(const Entry& entry) const {
    if (era_.tracked == Tracked::nothing) return false;
    return era_.to_device_tracked || entry.direction != Direction::to_device;
}

bool DmaDebug::clean(const Entry& entry) const { return entry.attrs & era_.clean_attrs; }

// The entry that the new one conflicts with, no_slot for none. dma-debug knows of the one that the line points to, dead
// or alive; the proposals' rules speak of mappings that are live.
uint16_t DmaDebug::in_the_way(uint16_t added, const ActiveLine& line) const {
    if (era_.overlap == OverlapRule::silent) return no_slot;
    if (era_.overlap == OverlapRule::any) return line.first;
    for (uint16_t slot : live_) {
        if (slot == added || !tracked(pool_[slot])) continue;
        auto [from, to] = keys_of(pool_[slot]);
        if (line.key >= from && line.key < to && conflicts(pool_[added], pool_[slot])) return slot;
    }
    return no_slot;
}

bool DmaDebug::conflicts(const Entry& a, const Entry& b) const {
    if (era_.overlap == OverlapRule::reader_writer)
        return a.direction != Direction::to_device || b.direction != Direction::to_device;
    bool same_region = a.phys == b.phys && a.size == b.size;
    return !same_region || a.device == b.device;  // different_regions
}

bool DmaDebug::exempt(const Entry& entry, const Entry& first) const {
    if (era_.skip_cpu_sync_exempt && entry.attrs & attr::skip_cpu_sync) return true;
    if (era_.kmalloc_bounce_exempt && platform_.get<&Platform::bounce_unaligned>() &&
        platform_.get<&Platform::bounce_pool>())
        return true;
    if (clean(entry) && clean(first)) return true;
    return era_.coherent_exempt && platform_.get<&Platform::dma_alignment>() < platform_.get<&Platform::l1_line>();
}

// The entry that the new one overlaps, where that is to be reported; else no_slot.
uint16_t DmaDebug::add_to_line(const HookCall& call, uint64_t key, uint16_t slot) {
    const Entry& entry = pool_[slot];
    ActiveLine* line = lines_.find(key);
    cost_.tree_operations++;
    if (!line) {
        lines_.insert(key, slot);
        return no_slot;
    }
    cost_.tree_operations += 3;  // three tags are read
    if (line->overlaps < era_.overlaps_max) {
        line->overlaps++;
        cost_.tree_operations += 3;
    } else if (!overlap_warned_ && !clean(entry)) {
        overlap_warned_ = true;
        warn_line(call, WarningId::overlap_beyond_7, pool_[line->first], key, false);
    }
    note(0x3000 + line->overlaps);
    if (era_.clean_attrs) cost_.tree_operations++;  // the first entry is looked up
    uint16_t other = in_the_way(slot, *line);
    return other == no_slot || exempt(entry, pool_[line->first]) ? no_slot : other;
}

void DmaDebug::insert_lines(const HookCall& call, uint16_t slot) {
    if (!tracked(pool_[slot])) return;
    cost_.tree_locks++;
    auto [from, to] = keys_of(pool_[slot]);
    uint16_t told = no_slot;
    uint64_t told_at = 0;
    for (uint64_t key = from; key != to; key++) {
        uint16_t other = add_to_line(call, key, slot);
        if (other == no_slot || told != no_slot) continue;
        told = other;
        told_at = key;
    }
    if (told == no_slot) return;
    warn_line(call, WarningId::line_overlap, pool_[told], told_at, era_.overlap_counted);
    out_->warnings.back().traced = era_.overlap_counted;  // pr_err before it was err_printk
}

void DmaDebug::remove_lines(const Entry& entry) {
    if (!tracked(entry)) return;
    cost_.tree_locks++;
    auto [from, to] = keys_of(entry);
    for (uint64_t key = from; key != to; key++) {
        cost_.tree_operations += 3;
        ActiveLine* line = lines_.find(key);
        bool last = !line || line->overlaps == 0;
        cost_.tree_operations += last ? 1 : 3;
        if (!line) continue;
        if (last) lines_.erase(line);
        else line->overlaps--;
    }
}

// The entry that assert-idle reports for a page, no_slot for none. It looks at as many active lines as a page has,
// from the page's first on, and believes what their entries (which may be gone) say of where they are.
uint16_t DmaDebug::first_active_line(uint64_t page) {
    cost_.tree_operations++;
    if (era_.tracked == Tracked::page) {
        ActiveLine* found = lines_.find(page / page_bytes);
        return found ? found->first : no_slot;
    }
    const uint64_t first = page / line_bytes(), count = page_bytes / line_bytes();
    found_.clear();
    for (const ActiveLine& line : lines_.all())
        if (line.key >= first) found_.emplace_back(line.key, line.first);
    std::sort(found_.begin(), found_.end());
    if (found_.size() > count) found_.resize(count);
    for (auto [key, slot] : found_) {
        uint64_t says = pool_[slot].phys / line_bytes();
        if (says == first) return slot;
        if (says >= first + count) break;
    }
    return no_slot;
}

// The entry of the first active line from the page on, if it says that it is of that page; else no_slot.
uint16_t DmaDebug::first_entry_from(uint64_t page) {
    cost_.lockless_operations++;
    const ActiveLine* first = nullptr;
    for (const ActiveLine& line : lines_.all())
        if (line.key >= page / line_bytes() && (!first || line.key < first->key)) first = &line;
    return first && pool_[first->first].phys / page_bytes == page / page_bytes ? first->first : no_slot;
}

// The first live entry with memory in a page, whatever lines are known of it.
uint16_t DmaDebug::anything_in_page(uint64_t page) const {
    auto found = std::find_if(live_.begin(), live_.end(), [&](uint16_t slot) {
        const Entry& e = pool_[slot];
        return tracked(e) && e.phys < page + page_bytes && e.phys + e.size > page;
    });
    return found == live_.end() ? no_slot : *found;
}

void DmaDebug::warn_line(const HookCall& call, WarningId id, const Entry& first, uint64_t key, bool counted) {
    warn(call, id, &first);
    Warning& w = out_->warnings.back();
    w.counted = counted;
    w.line_bytes = static_cast<uint32_t>(line_bytes());
    w.line = key * line_bytes();
}

}  // namespace dmafuzz
