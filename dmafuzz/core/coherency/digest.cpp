// SPDX-License-Identifier: GPL-2.0-only
// The state of memory, in numbers: all that can make a difference from here on. Bytes that share their fate count
// as one however they are cut, since what comes next may cut them otherwise.
#include <algorithm>

#include "coherency/simulator.hpp"

namespace dmafuzz {

// A cell but for its place: two neighbours of which all this is the same are one.
void Simulator::digest_cell(Digest& into, const Cell& cell) const {
    const uint64_t at = cell.span.offset;
    into.add(static_cast<uint64_t>(cell.posted) << 17 | static_cast<uint64_t>(cell.live) << 16 |
             static_cast<uint64_t>(cell.reported) << 8 | cell.home);
    into.add(cell.mappings);
    for (const CellCopy& copy : cell.copies) {
        into.add(set_of(copy.set));
        into.add(copy.slot ? 1u : (copy.phys - at) << 2 | static_cast<uint64_t>(copy.listed) << 1);
    }
    for (const CellCover& cover : cell.covers)
        into.add(static_cast<uint64_t>(cover.piece) << 32 | static_cast<uint64_t>(cover.untold) << 23 |
                 static_cast<uint64_t>(cover.no_write) << 22 | static_cast<uint64_t>(cover.no_read) << 21 |
                 static_cast<uint64_t>(cover.pending) << 20 | static_cast<uint64_t>(cover.elsewhere) << 19 |
                 static_cast<uint64_t>(cover.owned) << 18 | static_cast<uint64_t>(cover.live) << 17 |
                 static_cast<uint64_t>(cover.lost) << 16 | static_cast<uint64_t>(cover.slot) << 8 | cover.copy);
    into.add(cell.copies.size() << 8 | cell.covers.size());
}

void Simulator::digest(Digest& into) const {
    Digest last;
    int buffer = -1;
    uint32_t end = 0;
    for (size_t i = 0; i < cell_count(); i++) {
        const Cell& cell = cells_[i];
        if (!cell.live && cell.covers.empty() && !cell.reported) continue;
        Digest now;
        digest_cell(now, cell);
        if (cell.span.buffer != buffer || cell.span.offset != end || now != last) {
            into.add(static_cast<uint64_t>(cell.span.buffer) << 32 | end);
            into.add(cell.span.offset);
            into.add(now);
        }
        last = now;
        buffer = cell.span.buffer;
        end = cell.span.offset + cell.span.size;
    }
    into.add(end);
    for (const Stray& s : strays_) {
        into.add(s.piece);
        into.add(static_cast<uint64_t>(s.offset) << 32 | s.size);
        into.add(s.phys);
    }
    into.add(strays_.size());
}

}  // namespace dmafuzz
