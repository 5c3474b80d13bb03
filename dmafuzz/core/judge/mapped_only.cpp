// SPDX-License-Identifier: GPL-2.0-only
#include "judge/mapped_only.hpp"

#include <algorithm>

namespace dmafuzz {

void leave_mapped_only(Run& run) {
    std::vector<Extent> kept;
    for (const Extent& e : run.extents) {
        std::vector<std::pair<uint32_t, uint32_t>> parts;
        for (const Piece& p : run.pieces) {
            const uint32_t from = std::max<uint32_t>(p.offset, e.offset);
            const uint32_t to = std::min<uint32_t>(p.offset + uint32_t{p.size}, e.offset + e.size);
            if (p.buffer == e.buffer && from < to) parts.emplace_back(from, to);
        }
        std::sort(parts.begin(), parts.end());
        uint32_t done = e.offset;
        for (auto [from, to] : parts) {
            from = std::max(from, done);
            if (from >= to) continue;
            Extent* last = kept.empty() ? nullptr : &kept.back();
            const bool goes_on = last && last->buffer == e.buffer && last->first == e.first &&
                                 last->offset + last->size == from &&
                                 last->phys + last->size == e.phys + (from - e.offset);
            if (goes_on) last->size += to - from;
            else kept.push_back({e.buffer, from, to - from, e.phys + (from - e.offset), e.first});
            done = to;
        }
    }
    run.extents = std::move(kept);
}

}  // namespace dmafuzz
