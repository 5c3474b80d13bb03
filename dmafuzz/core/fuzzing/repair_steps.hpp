// SPDX-License-Identifier: GPL-2.0-only
// What a driver's author may do about a program, one change at a time: the steps that neighbours.hpp takes away from
// what is right, taken towards it. Whether a step repairs anything is the judge's to say. Source: docs/spec/verdicts.md
// §9 (The way out).
#pragma once

#include "program/op.hpp"

namespace dmafuzz {

// In the order in which repairs are shown.
enum class RepairKind : uint8_t {
    check_error,  // dma_mapping_error() is called for each mapping at once
    arguments,    // a call with the arguments of its map
    function,     // the call that belongs to the map
    narrow,       // TO_DEVICE or FROM_DEVICE instead of BIDIRECTIONAL, where the program says which
    insert,       // a sync or an unmap more
    around,       // an access of the CPU between a sync for the CPU and one for the device
    no_skip,      // a mapping, and its end, without DMA_ATTR_SKIP_CPU_SYNC
    move,         // a call or an access of the CPU elsewhere
    apart,        // a mapping of whole cachelines, and what follows it behind them
    enlarge,      // a buffer that has its last cacheline to itself
    memory,       // another kind of memory
    widen,        // BIDIRECTIONAL
    remove,       // a sync, or a second unmap, less
    count_,
};
const char* name_of(RepairKind kind);

struct RepairStep {
    RepairKind kind;
    size_t line;   // that is changed, moved, removed or inserted, by its number in the program that it is in
    size_t place;  // of a move: its number afterwards; otherwise as `line`
    Program program;
};

// All steps, each valid, each once; none of a program whose calls are split.
std::vector<RepairStep> repair_steps(const Program& program);

}  // namespace dmafuzz
