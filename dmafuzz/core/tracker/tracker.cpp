// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/tracker.hpp"

namespace dmafuzz {

void Tracker::watch_with_state(const std::vector<HookCall>& calls, size_t count, const Platform& platform, Watch& out,
                               Digest& state) {
    watch(calls, platform, out, nullptr);
    for (size_t i = 0; i < count; i++) {
        const HookCall& c = calls[i];
        state.add(static_cast<uint64_t>(c.kind) << 56 | static_cast<uint64_t>(c.cpu) << 48 |
                  static_cast<uint64_t>(c.device) << 40 | static_cast<uint64_t>(c.mapping) << 32 |
                  static_cast<uint64_t>(c.attrs) << 24 | static_cast<uint64_t>(c.direction) << 16 |
                  static_cast<uint64_t>(c.area) << 8 | static_cast<uint64_t>(c.single) << 2 |
                  static_cast<uint64_t>(c.range) << 1 | static_cast<uint64_t>(c.map_failed));
        state.add(static_cast<uint64_t>(c.entry_count) << 8 | c.mapped_count);
        state.add(c.dma);
        state.add(c.phys);
        state.add(static_cast<uint64_t>(c.size) << 32 | c.offset);
        for (int e = 0; e < c.entry_count; e++) {
            const HookEntry& entry = c.entries[e];
            state.add(entry.phys);
            state.add(static_cast<uint64_t>(entry.size) << 32 | entry.dma_size);
            state.add(entry.dma);
            state.add(static_cast<uint64_t>(entry.area));
        }
    }
}

}  // namespace dmafuzz
