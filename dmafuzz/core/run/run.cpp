// SPDX-License-Identifier: GPL-2.0-only
#include "run/run.hpp"

namespace dmafuzz {

void Run::clear() {
    ops.clear();
    program_ops = 0;
    program_steps = program_hooks = 0;
    steps.clear();
    pieces.clear();
    extents.clear();
    hooks.clear();
    touches.clear();
    meant.clear();
    ranges.clear();
    leaks.clear();
    for (MappingFacts& mapping : mappings)
        if (mapping.defined) mapping = {};
    kinds.fill(BufferKind::pages);
    kinds[stack_buffer] = BufferKind::stack;
    uncached.fill(false);
}

}  // namespace dmafuzz
