// SPDX-License-Identifier: GPL-2.0-only
#include "run/run.hpp"

#include <algorithm>

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

void Run::mark(Mark& mark) const {
    mark.ops = ops.size();
    mark.steps = steps.size();
    mark.extents = extents.size();
    mark.hooks = hooks.size();
    mark.touches = touches.size();
    mark.meant = meant.size();
    mark.ranges = ranges.size();
    mark.leaks = leaks.size();
    mark.pieces = pieces;
    size_t end = mappings.size();
    while (end > 0 && !mappings[end - 1].defined) end--;
    mark.mappings.assign(mappings.begin(), mappings.begin() + static_cast<std::ptrdiff_t>(end));
    mark.kinds = kinds;
    mark.uncached = uncached;
}

void Run::back_to(const Mark& mark) {
    auto cut = [](auto& list, size_t length) {
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(length), list.end());
    };
    cut(ops, mark.ops);
    cut(steps, mark.steps);
    cut(extents, mark.extents);
    cut(hooks, mark.hooks);
    cut(touches, mark.touches);
    cut(meant, mark.meant);
    cut(ranges, mark.ranges);
    cut(leaks, mark.leaks);
    pieces = mark.pieces;
    std::copy(mark.mappings.begin(), mark.mappings.end(), mappings.begin());
    for (size_t i = mark.mappings.size(); i < mappings.size(); i++)
        if (mappings[i].defined) mappings[i] = {};
    kinds = mark.kinds;
    uncached = mark.uncached;
}

}  // namespace dmafuzz
