// The ranges of physical memory that a run tells apart: where they begin and end, cells do (coherency/cells.hpp).
#include <algorithm>

#include "machine/machine.hpp"

namespace dmafuzz {

void Machine::add_range(uint64_t phys, uint64_t bytes) {
    const Range range{phys, phys + bytes};
    Range& latest = latest_[(range.from * 31 + range.to) / 16 % latest_.size()];
    if (latest == range) return;
    latest = range;
    run_->ranges.push_back(range);
}

// Wherever the part of a buffer lives, at any time.
void Machine::add_ranges_of(const Named& part) {
    for (const Extent& e : run_->extents) {
        if (e.buffer != part.buffer) continue;
        const uint32_t from = std::max<uint32_t>(part.offset, e.offset);
        const uint32_t to = std::min<uint32_t>(part.offset + part.size, e.offset + uint32_t{e.size});
        if (from < to) add_range(e.phys + static_cast<uint64_t>(from - e.offset), to - from);
    }
}

void Machine::collect_ranges() {
    for (const Named& part : named_) add_ranges_of(part);
    // What a warning about a call covers ends where the call's range ends.
    for (const Touch& t : run_->touches) add_range(t.phys, t.size);
    for (const Piece& p : run_->pieces) {
        add_range(p.phys, p.size);
        add_ranges_of({p.buffer, p.offset, p.size});
        if (p.reach < p.size) add_ranges_of({p.buffer, p.offset + uint32_t{p.reach}, uint32_t{p.size} - p.reach});
    }
}

}  // namespace dmafuzz
