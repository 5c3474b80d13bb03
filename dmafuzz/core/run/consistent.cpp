// SPDX-License-Identifier: GPL-2.0-only
#include "run/consistent.hpp"

#include <algorithm>

namespace dmafuzz {

bool names_buffer(StepKind kind) { return kind >= StepKind::alloc && kind <= StepKind::cpu_dirty; }

bool names_piece(StepKind kind) {
    switch (kind) {
        case StepKind::maintain:
        case StepKind::stray_copy:
        case StepKind::not_theirs:
        case StepKind::wild_memory:
        case StepKind::settle: return false;
        default: return !names_buffer(kind);
    }
}

bool consistent(const Run& run, const Step& step) {
    if (step.op >= run.ops.size()) return false;
    if (names_buffer(step.kind)) return step.buffer < buffers_with_stack;
    return !names_piece(step.kind) || step.piece < run.pieces.size();
}

bool consistent(const HookCall& call, size_t ops) {
    return call.kind < HookKind::count_ && call.op < ops && call.cpu < cpus_max && call.device < devices_max &&
           (call.mapping == no_mapping || call.mapping < mappings_max) && call.entry_count <= entries_max &&
           call.mapped_count <= entries_max;
}

bool consistent(const Piece& piece) {
    return piece.mapping < mappings_max && piece.device < devices_max && piece.buffer < buffers_with_stack &&
           piece.reachable <= piece.size;
}

bool consistent(const Run& run) {
    const auto program_ops = static_cast<size_t>(run.program_ops);
    if (program_ops > run.ops.size() || run.program_steps > run.steps.size() || run.program_hooks > run.hooks.size())
        return false;
    return std::all_of(run.steps.begin(), run.steps.end(), [&](const Step& step) { return consistent(run, step); }) &&
           std::all_of(run.hooks.begin(), run.hooks.end(),
                       [&](const HookCall& call) { return consistent(call, run.ops.size()); }) &&
           std::all_of(run.pieces.begin(), run.pieces.end(), [](const Piece& piece) { return consistent(piece); }) &&
           std::all_of(run.extents.begin(), run.extents.end(),
                       [](const Extent& e) { return e.buffer < buffers_with_stack; }) &&
           std::all_of(run.touches.begin(), run.touches.end(),
                       [&](const Touch& touch) { return touch.op < run.ops.size(); }) &&
           std::all_of(run.meant.begin(), run.meant.end(),
                       [&](const Meant& m) { return m.op < run.ops.size() && m.part.buffer < buffers_with_stack; });
}

}  // namespace dmafuzz
