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

// To the contract monitor.
bool same_mapping(const MappingFacts& a, const MappingFacts& b) {
    if (!a.defined || !b.defined) return a.defined == b.defined;
    return a.failed == b.failed && a.abandoned == b.abandoned && a.map == b.map && a.device == b.device &&
           a.direction == b.direction && a.attrs == b.attrs && a.piece == b.piece && a.pieces == b.pieces &&
           a.buffer == b.buffer && a.size == b.size;
}

bool same_mappings(const Run& a, const Run& b) {
    return std::equal(a.mappings.begin(), a.mappings.end(), b.mappings.begin(), same_mapping);
}

// Of one program: all that the operations of the tidy-up say.
bool same_tidy_up(const Run& a, const Run& b) {
    return std::equal(a.ops.begin() + a.program_ops, a.ops.end(), b.ops.begin() + b.program_ops, b.ops.end(),
                      [](const Op& x, const Op& y) {
                          return x.kind == y.kind && x.mapping == y.mapping && x.cpu == y.cpu && x.device == y.device;
                      });
}

// As it begins: what becomes of its slot and its translation is no matter of the contract.
bool same_mapped(const Run& run, const Piece& a, const Piece& b) {
    return a.mapping == b.mapping && a.device == b.device && a.buffer == b.buffer && a.direction == b.direction &&
           a.joint == b.joint && a.offset == b.offset && a.size == b.size && a.phys == b.phys &&
           (run.mappings[a.mapping].map != OpKind::map_sg || reached_across(a) == reached_across(b));
}

bool is_move(const Step& step) { return step.kind == StepKind::move; }

// Pages moved by copy-on-write, each by the operation that does it.
bool same_moves(const Run& a, const Run& b) {
    auto x = a.steps.begin(), y = b.steps.begin();
    for (;; ++x, ++y) {
        x = std::find_if(x, a.steps.end(), is_move);
        y = std::find_if(y, b.steps.end(), is_move);
        if (x == a.steps.end() || y == b.steps.end()) return x == a.steps.end() && y == b.steps.end();
        if (x->op != y->op || x->phys != y->phys) return false;
    }
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

// All that the contract monitor reads of a run. The programs' own operations are the same ones.
bool same_calls(const Run& a, const Run& b) {
    const bool copies =
        std::any_of(a.ops.begin(), a.ops.begin() + a.program_ops, [](const Op& op) { return op.kind == OpKind::cow; });
    return a.pieces.size() == b.pieces.size() && same_tidy_up(a, b) &&
           std::equal(a.pieces.begin(), a.pieces.end(), b.pieces.begin(),
                      [&](const Piece& x, const Piece& y) { return same_mapped(a, x, y); }) &&
           a.extents == b.extents && a.kinds == b.kinds && same_mappings(a, b) && (!copies || same_moves(a, b));
}

}  // namespace dmafuzz
