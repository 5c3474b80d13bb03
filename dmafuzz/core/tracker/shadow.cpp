// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/shadow.hpp"

#include <algorithm>

namespace dmafuzz {

void Shadow::end(uint8_t mapping) {
    std::erase_if(regions_, [&](const Region& r) { return r.mapping == mapping; });
    std::erase_if(turns_, [&](const Turn& t) { return t.mapping == mapping; });
}

// The parts of a range that belong to the mapping.
template <class Do>
void Shadow::each_part(uint8_t mapping, uint8_t device, uint64_t dma, uint64_t size, Do what) const {
    for (const Region& r : regions_) {
        if (r.mapping != mapping || r.device != device) continue;
        const uint64_t from = std::max(dma, r.dma), to = std::min(dma + size, r.dma + r.dma_size);
        if (from < to) what(from, to);
    }
}

// Takes a range out of what is the CPU's; how much of it was.
uint64_t Shadow::cut(uint8_t mapping, uint64_t from, uint64_t to) {
    uint64_t was = 0;
    std::vector<Turn> rest;
    for (const Turn& t : turns_) {
        const uint64_t low = std::max(from, t.from), high = std::min(to, t.to);
        if (t.mapping != mapping || low >= high) {
            rest.push_back(t);
            continue;
        }
        was += high - low;
        if (t.from < low) rest.push_back({t.from, low, mapping});
        if (high < t.to) rest.push_back({high, t.to, mapping});
    }
    turns_ = std::move(rest);
    return was;
}

bool Shadow::to_cpu(uint8_t mapping, uint8_t device, uint64_t dma, uint64_t size) {
    uint64_t all = 0, was = 0;
    each_part(mapping, device, dma, size, [&](uint64_t from, uint64_t to) {
        all += to - from;
        was += cut(mapping, from, to);
        turns_.push_back({from, to, mapping});
    });
    return all == 0 || was < all;
}

bool Shadow::to_device(uint8_t mapping, uint8_t device, uint64_t dma, uint64_t size) {
    uint64_t all = 0, was = 0;
    each_part(mapping, device, dma, size, [&](uint64_t from, uint64_t to) {
        all += to - from;
        was += cut(mapping, from, to);
    });
    return all == 0 || was > 0;
}

void Shadow::digest(Digest& into) const {
    for (const Region& r : regions_) {
        into.add(r.phys);
        into.add(r.size);
        into.add(r.dma);
        into.add(r.dma_size);
        into.add(static_cast<uint64_t>(r.slot) | static_cast<uint64_t>(r.mapping) << 16 |
                 static_cast<uint64_t>(r.device) << 24 | static_cast<uint64_t>(r.attrs) << 32 |
                 static_cast<uint64_t>(r.direction) << 40 | static_cast<uint64_t>(r.without) << 48);
    }
    into.add(regions_.size());
    // However they were cut.
    std::vector<Turn> turns = turns_;
    std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
        return a.mapping != b.mapping ? a.mapping < b.mapping : a.from < b.from;
    });
    for (size_t i = 0; i < turns.size(); i++) {
        const bool goes_on = i && turns[i].mapping == turns[i - 1].mapping && turns[i].from == turns[i - 1].to;
        if (!goes_on) into.add(turns[i].from);
        const bool more =
            i + 1 < turns.size() && turns[i + 1].mapping == turns[i].mapping && turns[i + 1].from == turns[i].to;
        if (more) continue;
        into.add(turns[i].to);
        into.add(turns[i].mapping);
    }
}

}  // namespace dmafuzz
