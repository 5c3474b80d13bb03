// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/about.hpp"

#include <bit>

namespace dmafuzz {

namespace {

OpKind plain(OpKind kind) {
    switch (kind) {
        case OpKind::map_page:
        case OpKind::map_sg: return OpKind::map_single;
        case OpKind::unmap_page:
        case OpKind::unmap_sg: return OpKind::unmap_single;
        case OpKind::sync_range_for_cpu:
        case OpKind::sync_sg_for_cpu: return OpKind::sync_single_for_cpu;
        case OpKind::sync_range_for_device:
        case OpKind::sync_sg_for_device: return OpKind::sync_single_for_device;
        case OpKind::dirty: return OpKind::write;
        default: return kind;
    }
}

// Where the second half of a call runs; its own place if it is whole.
size_t end_of(const std::vector<Op>& ops, size_t call) {
    if (!ops[call].split) return call;
    for (size_t i = call + 1; i < ops.size(); i++)
        if (ops[i].kind == OpKind::finish && ops[i].cpu == ops[call].cpu) return i;
    return ops.size();
}

About about(const Run& run, uint8_t op, uint32_t owners, uint64_t mappings) {
    About found;
    found.owners = std::popcount(owners);
    found.mappings = std::popcount(mappings);
    found.op = plain(run.ops[op].kind);
    for (size_t i = 0; i <= op; i++) {
        const size_t end = end_of(run.ops, i);
        if (!run.ops[i].split || end < op) continue;
        found.inside_call = true;
        if (end == op) found.op = plain(run.ops[i].kind);
    }
    return found;
}

}  // namespace

std::vector<About> abouts(Judge& judge, const PlatformSignature& t) {
    std::vector<About> found;
    const Analysis& here = judge.cover(t.platform);
    if (t.label == Label::fn) {
        for (const Corruption& c : here.corruptions)
            if (static_cast<uint8_t>(c.kind) == t.kind && !c.explained && judge.reason(t.platform, c) == t.reason)
                found.push_back(about(here.run, c.op, owners(here.run, c.span), c.mappings));
        return found;
    }
    for (const Warning& w : here.watch.warnings)
        if (static_cast<uint8_t>(w.id) == t.kind &&
            (t.reason == Reason::none || judge.reason(t.platform, w) == t.reason))
            found.push_back(about(here.run, w.op, 0, w.mappings));
    return found;
}

}  // namespace dmafuzz
