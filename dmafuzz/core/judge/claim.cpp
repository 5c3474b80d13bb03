// SPDX-License-Identifier: GPL-2.0-only
#include "judge/claim.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

void add(Calls& calls, const Run& run, uint8_t index) {
    const Op& op = run.ops[index];
    if (index < run.program_ops) calls.ops |= uint64_t{1} << index;
    else if (op.kind == OpKind::finish) calls.unfinished |= static_cast<uint8_t>(1u << op.cpu);
    else if (is_end(op.kind)) calls.tidied |= 1u << op.mapping;
}

bool is_map(HookKind kind) { return kind == HookKind::map_single_area || makes_mapping(kind); }

uint16_t buffers_of(uint32_t mappings, const Run& run) {
    uint32_t buffers = 0;
    for (const Piece& p : run.pieces)
        if (mappings >> p.mapping & 1) buffers |= 1u << p.buffer;
    return static_cast<uint16_t>(buffers);
}

// The part of the mapping's first entry in the line that the warning names.
MappedPart in_line(const Warning& w, uint8_t mapping, const Run& run) {
    const MappingFacts& m = run.mappings[mapping];
    for (uint8_t i = 0; i < m.pieces; i++) {
        const Piece& p = run.pieces[m.piece + i];
        const uint64_t from = std::max(w.line, p.phys), to = std::min(w.line + w.line_bytes, p.phys + p.size);
        if (from < to) return {mapping, i, static_cast<uint32_t>(from - p.phys), static_cast<uint32_t>(to - p.phys)};
    }
    return {mapping, 0, 0, m.pieces ? run.pieces[m.piece].size : 0};
}

// The mappings whose entries it was compared with.
uint32_t entries_of(const Warning& w, uint8_t named) {
    if (w.entry_op == no_op) return 0;
    const uint32_t own = named == no_mapping ? 0 : 1u << named;
    return w.mappings & ~own ? w.mappings & ~own : own;
}

void claim_map(Claim& claim, const Warning& w, uint8_t mapping, const Run& run) {
    const uint32_t collided = entries_of(w, mapping);
    if (w.id == WarningId::overlap_beyond_7) {
        claim.once = in_line(w, mapping, run);
    } else if (w.id == WarningId::line_overlap && collided) {
        claim.added = mapping;
        claim.collided = collided;
    } else {
        claim.mappings = 1u << mapping;
    }
}

}  // namespace

uint8_t other_half(const Run& run, uint8_t index) {
    const Op& op = run.ops[index];
    if (op.kind == OpKind::finish) {
        for (uint8_t i = index; i-- > 0;)
            if (run.ops[i].split && run.ops[i].cpu == op.cpu) return i;
    } else if (op.split) {
        for (size_t i = index + size_t{1}; i < run.ops.size(); i++)
            if (run.ops[i].kind == OpKind::finish && run.ops[i].cpu == op.cpu) return static_cast<uint8_t>(i);
    }
    return no_op;
}

Calls operation(const Run& run, uint8_t op) {
    Calls calls;
    add(calls, run, op);
    return calls;
}

Calls call_of(const Run& run, uint8_t op) {
    Calls calls;
    if (run.ops[op].kind != OpKind::finish && !traits(run.ops[op].kind).is_call) return calls;
    add(calls, run, op);
    if (const uint8_t other = other_half(run, op); other != no_op) add(calls, run, other);
    return calls;
}

void Claim::digest(Digest& into) const {
    into.add(static_cast<uint64_t>(mappings) << 32 | collided);
    range.digest(into);
    into.add(static_cast<uint64_t>(concerned) << 32 | static_cast<uint64_t>(buffers) << 16 |
             static_cast<uint64_t>(devices) << 8 | added);
    once.digest(into);
    call.digest(into);
}

Claim claim_of(const Warning& w, const Run& run) {
    const HookCall& hook = run.hooks[w.call];
    Claim claim;
    claim.concerned = w.mappings;
    claim.buffers = buffers_of(w.mappings, run);
    claim.call = operation(run, w.op);
    const bool names_no_line = w.id == WarningId::unknown || w.id == WarningId::line_enomem;
    if (hook.kind == HookKind::cow) {
        claim.range = operation(run, w.op);
        claim.buffers |= static_cast<uint16_t>(1u << run.ops[w.op].buffer);
    } else if (names_no_line || hook.kind == HookKind::mapping_error) {
        claim.devices = static_cast<uint8_t>(1u << hook.device);
    } else if (hook.kind == HookKind::unbind) {
        claim.mappings = w.mappings;
    } else if (is_map(hook.kind)) {
        claim_map(claim, w, hook.mapping, run);
    } else {
        claim.range = operation(run, w.op);
        if (is_end(hook.kind)) claim.mappings = entries_of(w, hook.mapping);
    }
    return claim;
}

}  // namespace dmafuzz
