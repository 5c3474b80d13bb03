// SPDX-License-Identifier: GPL-2.0-only
// The state of dma-debug: H, the hash of live entries, and the pool they come from.
#include "tracker/dma_debug.hpp"

#include <algorithm>
#include <array>

#include "check/check.hpp"
#include "run/consistent.hpp"

namespace dmafuzz {

Warning DmaDebug::warning_of(const HookCall& call, WarningId id, const Entry* about, uint32_t more) const {
    Warning w;
    w.id = id;
    w.op = call.op;
    w.call = call_;
    w.mappings = more;
    if (call.mapping != no_mapping) w.mappings |= 1u << call.mapping;
    if (about) {
        w.entry_op = about->op;
        if (about->mapping != no_mapping) w.mappings |= 1u << about->mapping;
    }
    return w;
}

void DmaDebug::warn(const HookCall& call, WarningId id, const Entry* about, uint32_t more) {
    out_->warnings.push_back(warning_of(call, id, about, more));
    note(0x1000 + static_cast<uint64_t>(id));
}

bool DmaDebug::matches(const Entry& ref, const Entry& entry, Match match) const {
    if (ref.device != entry.device || (era_.own_entry && ref.mapping != entry.mapping)) return false;
    if (match == Match::exact) return ref.dma == entry.dma;
    return entry.dma <= ref.dma && entry.dma + entry.size >= ref.dma + ref.size;
}

// The best fit among the entries of a bucket: a perfect one at once, oldest first; else the only one; of several
// imperfect ones, none. Before best fit: the oldest.
int DmaDebug::best_in_bucket(const Entry& ref, Match match, uint64_t bucket) {
    int only = not_found, count = 0;
    for (size_t i = 0; i < live_.size(); i++) {
        const Entry& e = pool_[live_[i]];
        if (e.bucket != bucket) continue;
        cost_.lookup_steps++;
        if (!matches(ref, e, match)) continue;
        int score =
            (e.size == ref.size) + (e.type == ref.type) + (e.direction == ref.direction) + (e.nents == ref.nents);
        if (score == 4 || !era_.best_fit) return static_cast<int>(i);
        if (score || !era_.score_needed) only = static_cast<int>(i);
        count++;
    }
    return count == 1 ? only : not_found;
}

// Back bucket by bucket from the one before, round the table if it goes that far; only buckets that hold entries can
// end the search. Where the address looked for is shifted, it moves back too.
int DmaDebug::walk(const Entry& ref, uint64_t buckets, bool shifted) {
    for (uint64_t from = 1;;) {
        uint64_t nearest = buckets;
        for (uint16_t slot : live_) {
            uint64_t back = distance(ref, pool_[slot]);
            if (back < from) back += (from - back + era_.hash_size - 1) / era_.hash_size * era_.hash_size;
            nearest = std::min(nearest, back);
        }
        if (nearest == buckets) break;
        Entry wanted = ref;
        if (shifted) wanted.dma -= nearest << bucket_shift;
        int found = best_in_bucket(wanted, Match::containing, (bucket_of(ref.dma) - nearest) & (era_.hash_size - 1));
        if (found != not_found) {
            cost_.bucket_locks += nearest + 1;
            return found;
        }
        from = nearest + 1;
    }
    cost_.bucket_locks += buckets + 1;  // the last step takes a lock more than it looks
    return not_found;
}

int DmaDebug::find_for_sync(const HookCall& call, const Entry& ref) {
    if (era_.sync_look_up == SyncLookUp::exact) {
        cost_.bucket_locks++;
        return find_exact(ref);
    }
    // Mostly it is where the address says, however far the walk would go.
    if (int found = best_in_bucket(ref, Match::containing, bucket_of(ref.dma)); found != not_found) {
        cost_.bucket_locks++;
        return found;
    }
    if (era_.walk_back == WalkBack::address_zero)
        return walk(ref, std::min<uint64_t>(era_.hash_size, (ref.dma >> bucket_shift) + 1), false);
    // A 32-bit counter of bytes against the maximal segment: above its last multiple of a bucket it never ends.
    constexpr uint32_t last_multiple = 0xffffe000;
    const uint32_t segment_max = platform_.get<&Device::segment_max>(ref.device);
    const uint64_t buckets = (segment_max >> bucket_shift) + 1;
    bool shifted = era_.sync_look_up == SyncLookUp::walk_shifted;
    int found = walk(ref, shifted ? buckets : std::min<uint64_t>(buckets, era_.hash_size), shifted);
    if (found == not_found && segment_max >= last_multiple) {
        warn(call, WarningId::hang);
        hangs_ = true;
    }
    return found;
}

uint16_t DmaDebug::take_from_pool(const Entry& entry) {
    cost_.pool_locks++;
    if (free_.empty()) {
        pool_.push_back(entry);
        return static_cast<uint16_t>(pool_.size() - 1);
    }
    uint16_t slot = free_.back();
    free_.pop_back();
    pool_[slot] = entry;
    return slot;
}

uint16_t DmaDebug::insert(const HookCall& call, const Entry& entry) {
    uint16_t slot = take_from_pool(entry);
    pool_[slot].bucket = static_cast<uint32_t>(bucket_of(entry.dma));
    cost_.bucket_locks++;
    live_.push_back(slot);
    note(0x2000 + std::min<size_t>(live_.size(), 4));
    insert_lines(call, slot);
    return slot;
}

void DmaDebug::remove(int index) {
    uint16_t slot = live_[static_cast<size_t>(index)];
    live_.erase(live_.begin() + index);
    remove_lines(pool_[slot]);
    if (!merged_.empty()) remove_merged(slot);
    cost_.pool_locks++;
    free_.push_back(slot);
}

void DmaDebug::start(const Platform& platform, Watch& out, PathSink* sink, bool explaining) {
    platform_.start(platform);
    out_ = &out;
    sink_ = sink;
    out.clear();
    pool_.clear();
    free_.clear();
    live_.clear();
    merged_.clear();
    lines_.clear();
    overlap_warned_ = resource_warned_ = hangs_ = false;
    cost_ = {};
    explaining_ = out.explained = explaining;
    if (explaining || era_.ownership) shadow_.clear();
}

void DmaDebug::take_some(const std::vector<HookCall>& calls, size_t from, size_t to) {
    for (size_t i = from; i < to && !hangs_; i++) {
        DMAFUZZ_CHECK(consistent(calls[i], no_op));
        call_ = static_cast<uint16_t>(i);
        call_kind_ = calls[i].kind;
        naming_ = calls[i].mapping;
        if (explaining_ || era_.ownership) take_following(calls[i]);
        else handle(calls[i]);
    }
}

void DmaDebug::watch(const std::vector<HookCall>& calls, const Platform& platform, Watch& out, PathSink* sink) {
    start(platform, out, sink, false);
    take_some(calls, 0, calls.size());
    out.features_read = platform_.features_read();
}

void DmaDebug::explain(const std::vector<HookCall>& calls, const Platform& platform, Watch& out) {
    start(platform, out, nullptr, true);
    take_some(calls, 0, calls.size());
    out.features_read = platform_.features_read();
}

bool DmaDebug::entries(const std::vector<HookCall>& calls, size_t count, const Platform& platform,
                       std::vector<TrackedEntry>& out) {
    // In the order of Type; from 6.18 on, "phy" is both kinds of page mappings.
    static constexpr std::array<const char*, 7> names{"single",      "page", "scatter-gather", "coherent", "resource",
                                                      "noncoherent", "phy"};
    Watch unused;
    start(platform, unused, nullptr, false);
    take_some(calls, 0, count);
    out.clear();
    for (uint16_t slot : live_) {
        const Entry& e = pool_[slot];
        out.push_back({e.mapping, e.op, e.device, e.dma, e.phys, e.size, e.direction,
                       names[static_cast<size_t>(e.type)], tracked(e), e.map_error == MapError::not_checked});
    }
    return true;
}

void DmaDebug::watch_with_state(const std::vector<HookCall>& calls, size_t count, const Platform& platform, Watch& out,
                                Digest& state) {
    // Missing warnings are part of what a program shows.
    start(platform, out, nullptr, true);
    take_some(calls, 0, count);
    digest(state);
    take_some(calls, count, calls.size());
    out.features_read = platform_.features_read();
}

}  // namespace dmafuzz
