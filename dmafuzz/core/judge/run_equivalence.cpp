// SPDX-License-Identifier: GPL-2.0-only
#include "judge/run_equivalence.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

// To the simulator, which knows of no DMA address.
bool same_piece(const Piece& a, const Piece& b) {
    return a.mapping == b.mapping && a.device == b.device && a.buffer == b.buffer && a.direction == b.direction &&
           a.via == b.via && a.joint == b.joint && a.offset == b.offset && a.size == b.size &&
           a.reachable == b.reachable && a.phys == b.phys;
}

// In any order, however often.
bool among(const std::vector<Range>& some, const std::vector<Range>& all) {
    return std::all_of(some.begin(), some.end(),
                       [&](const Range& r) { return std::find(all.begin(), all.end(), r) != all.end(); });
}

}  // namespace

bool same_hooks(const Run& a, const Run& b) { return a.hooks == b.hooks; }

// All that the simulator reads of a run.
bool same_memory(const Run& a, const Run& b) {
    return a.steps.size() == b.steps.size() &&
           std::equal(a.pieces.begin(), a.pieces.end(), b.pieces.begin(), b.pieces.end(), same_piece) &&
           a.extents == b.extents && a.steps == b.steps && among(a.ranges, b.ranges) && among(b.ranges, a.ranges) &&
           a.kinds == b.kinds && a.uncached == b.uncached && a.program_steps == b.program_steps;
}

}  // namespace dmafuzz
