// The state of dma-debug: look-up, insertion, removal.
#include "tracker/dma_debug.hpp"

#include <algorithm>

namespace dmafuzz {

void DmaDebug::warn(const HookCall& call, WarningId id, int entry, uint32_t more) {
    Warning w;
    w.id = id;
    w.op = call.op;
    w.call = call_;
    w.mappings = more;
    if (call.mapping != no_mapping) w.mappings |= 1u << call.mapping;
    if (entry >= 0 && entries_[static_cast<size_t>(entry)].mapping != no_mapping)
        w.mappings |= 1u << entries_[static_cast<size_t>(entry)].mapping;
    out_->warnings.push_back(w);
    note(0x1000 + static_cast<uint64_t>(id));
}

bool DmaDebug::matches(const Entry& ref, const Entry& entry, Match match) const {
    if (ref.device != entry.device) return false;
    if (match == Match::exact) return ref.dma == entry.dma;
    return entry.dma <= ref.dma && entry.dma + entry.size >= ref.dma + ref.size;
}

// The best fit among the entries `distance` buckets before the reference's: a perfect one at once,
// oldest first; else the only one; of several imperfect ones, none.
int DmaDebug::best_in_bucket(const Entry& ref, Match match, uint64_t distance) const {
    int only = -1, count = 0;
    for (size_t i = 0; i < entries_.size(); i++) {
        const Entry& e = entries_[i];
        if (!matches(ref, e, match)) continue;
        if (((bucket_of(ref.dma) - bucket_of(e.dma)) & (era_.hash_size - 1)) != distance) continue;
        if (e.size == ref.size && e.type == ref.type && e.direction == ref.direction && e.nents == ref.nents)
            return static_cast<int>(i);
        only = static_cast<int>(i);
        count++;
    }
    return count == 1 ? only : -1;
}

int DmaDebug::find(const Entry& ref, Match match) {
    if (match == Match::exact) return best_in_bucket(ref, match, 0);
    // Walks back bucket by bucket; only buckets with a match can end the search.
    uint64_t limit = std::min<uint64_t>(era_.hash_size, (ref.dma >> bucket_shift) + 1);
    for (uint64_t from = 0;;) {
        uint64_t nearest = limit;
        for (const Entry& e : entries_) {
            if (!matches(ref, e, match)) continue;
            uint64_t distance = (bucket_of(ref.dma) - bucket_of(e.dma)) & (era_.hash_size - 1);
            if (distance >= from) nearest = std::min(nearest, distance);
        }
        if (nearest == limit) return -1;
        int found = best_in_bucket(ref, match, nearest);
        if (found >= 0) return found;
        from = nearest + 1;
    }
}

uint64_t DmaDebug::line_key(const Entry& entry) const {
    return entry.phys / static_cast<uint64_t>(platform_->l1_line);
}

void DmaDebug::insert(const HookCall& call, const Entry& entry) {
    entries_.push_back(entry);
    note(0x2000 + std::min<size_t>(entries_.size(), 4));
    if (entry.direction == Direction::to_device) return;
    uint64_t key = line_key(entry);
    auto line = std::find_if(lines_.begin(), lines_.end(), [&](const Line& l) { return l.key == key; });
    if (line == lines_.end()) {
        lines_.push_back({key, entry.mapping, 0});
        return;
    }
    uint32_t first = line->mapping == no_mapping ? 0 : 1u << line->mapping;
    if (line->overlaps < overlaps_max) {
        line->overlaps++;
    } else if (!overlap_warned_) {
        overlap_warned_ = true;
        warn(call, WarningId::overlap_beyond_7, -1, first);
    }
    note(0x3000 + line->overlaps);
    if (call.attrs & attr::skip_cpu_sync) return;
    if (era_.kmalloc_bounce_exempt && platform_->bounce_unaligned && platform_->bounce_pool) return;
    warn(call, WarningId::line_overlap, -1, first);
}

void DmaDebug::remove(size_t index) {
    Entry entry = entries_[index];
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
    if (entry.direction == Direction::to_device) return;
    uint64_t key = line_key(entry);
    auto line = std::find_if(lines_.begin(), lines_.end(), [&](const Line& l) { return l.key == key; });
    if (line == lines_.end()) return;
    if (line->overlaps == 0) lines_.erase(line);
    else line->overlaps--;
}

void DmaDebug::watch(const std::vector<HookCall>& calls, const Platform& platform, Watch& out, PathSink* sink) {
    platform_ = &platform;
    out_ = &out;
    sink_ = sink;
    out.clear();
    entries_.clear();
    lines_.clear();
    overlap_warned_ = false;
    for (size_t i = 0; i < calls.size(); i++) {
        call_ = static_cast<uint16_t>(i);
        call_kind_ = calls[i].kind;
        take(calls[i]);
    }
}

}  // namespace dmafuzz
