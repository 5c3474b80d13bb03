// SPDX-License-Identifier: GPL-2.0-only
// The state of dma-debug, in numbers: all that can make a difference from here on.
#include <algorithm>

#include "tracker/dma_debug.hpp"

namespace dmafuzz {

void DmaDebug::digest(Digest& into) const {
    auto add_entry = [&](uint16_t slot) {
        const Entry& e = pool_[slot];
        into.add(e.dma);
        into.add(e.size);
        into.add(e.phys);
        into.add(static_cast<uint64_t>(e.device) | static_cast<uint64_t>(e.attrs) << 8 |
                 static_cast<uint64_t>(e.type) << 16 | static_cast<uint64_t>(e.direction) << 24 |
                 static_cast<uint64_t>(e.nents) << 32 | static_cast<uint64_t>(e.mapped) << 40 |
                 static_cast<uint64_t>(e.map_error) << 48 | static_cast<uint64_t>(e.own_error_checked) << 52 |
                 static_cast<uint64_t>(e.mapping) << 56);
    };
    // Entries of different buckets have no order between them.
    std::vector<uint16_t> live = live_;
    std::stable_sort(live.begin(), live.end(),
                     [&](uint16_t a, uint16_t b) { return pool_[a].bucket < pool_[b].bucket; });
    for (uint16_t slot : live) {
        into.add(slot);
        add_entry(slot);
    }
    into.add(live.size());
    for (auto [owner, slot] : merged_) {
        into.add(static_cast<uint64_t>(owner) << 16 | slot);
        add_entry(slot);
    }
    for (uint16_t slot : free_) into.add(slot);
    std::vector<ActiveLine> lines = lines_.all();
    std::sort(lines.begin(), lines.end(), [](const ActiveLine& a, const ActiveLine& b) { return a.key < b.key; });
    for (const ActiveLine& line : lines) {
        into.add(line.key);
        into.add(static_cast<uint64_t>(line.first) << 8 | line.overlaps);
        // Free or not, the line believes what it finds there.
        add_entry(line.first);
    }
    into.add(lines.size() << 3 | static_cast<uint64_t>(overlap_warned_) << 2 |
             static_cast<uint64_t>(resource_warned_) << 1 | static_cast<uint64_t>(hangs_));
    if (explaining_ || era_.ownership) shadow_.digest(into);
}

}  // namespace dmafuzz
