// SPDX-License-Identifier: GPL-2.0-only
// The simulator's two walks, compared on random programs: looked up in the automaton, and carried out
// on the sets themselves.
#pragma once

#include <vector>

#include "coherency/simulator.hpp"
#include "program/op.hpp"

namespace dmafuzz {

struct WalkDifference {
    Program program;
    size_t platform;
};

struct WalkComparison {
    uint64_t programs = 0;
    uint64_t corruptions = 0, harms = 0, transitions = 0;  // that both found
    AutomatonStats automaton;
    std::vector<WalkDifference> differences;  // at most as many as asked for
};

// Each program on one platform, in turn: corruptions and harms in every detail and in order, and the transitions for
// feedback. `budget`: of an automaton of its own, so that running out of room can be tried.
WalkComparison compare_walks(const std::vector<Platform>& platforms, uint64_t programs, uint64_t seed, int ops,
                             size_t budget, size_t differences_max);

}  // namespace dmafuzz
