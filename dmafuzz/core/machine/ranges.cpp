// SPDX-License-Identifier: GPL-2.0-only
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
void Machine::add_ranges_of(const BufferPart& part) {
    const Memory::Home& home = memory_.home(part.buffer);
    const bool all = memory_.anything_moved();
    for (size_t i = all ? 0 : home.first_extent; i < (all ? run_->extents.size() : home.end_extent); i++) {
        const Extent& e = run_->extents[i];
        if (e.buffer != part.buffer) continue;
        const uint32_t from = std::max<uint32_t>(part.offset, e.offset);
        const uint32_t to = std::min<uint32_t>(part.offset + part.size, e.offset + uint32_t{e.size});
        if (from < to) add_range(e.phys + static_cast<uint64_t>(from - e.offset), to - from);
    }
}

void Machine::collect_ranges() {
    for (const BufferPart& part : named_) add_ranges_of(part);
    // What a warning about a call covers ends where the call's range ends.
    for (const Touch& t : run_->touches) add_range(t.phys, t.size);
    const BufferPart* last = nullptr;
    for (const Meant& m : run_->meant) {
        if (!last || !(m.part == *last)) add_ranges_of(m.part);
        last = &m.part;
    }
    for (const Piece& p : run_->pieces) {
        add_range(p.phys, p.size);
        add_ranges_of({p.buffer, p.offset, p.size});
        if (p.reachable < p.size)
            add_ranges_of({p.buffer, p.offset + uint32_t{p.reachable}, uint32_t{p.size} - p.reachable});
    }
}

// The memory that a device reaches from an address on, part by part.
void Machine::touch_at(uint8_t device, uint64_t dma, uint64_t bytes) {
    while (bytes) {
        const Place at = place_of(device, dma);
        if (!at.mapped && !translates(device)) return;
        const uint64_t length = translates(device) ? in_a_row(device, dma, bytes) : bytes;
        // A slot is padded: what lies behind the mapping has no owner.
        if (at.mapped && in_pool(at.phys))
            each_slot_part(at.phys, length, [&](uint8_t piece, uint32_t offset, uint32_t part) {
                const Piece& p = run_->pieces[piece];
                touch(p.phys + offset, part);
            });
        else if (at.mapped && !(at.phys >= elsewhere_base && at.phys < high_base)) touch(at.phys, length);
        dma += length;
        bytes -= length;
    }
}

// What a call is about, just before it: the memory that it reaches, and what the driver means. A map is about what it
// maps.
void Machine::note_range(const Call& call) {
    const Op& op = call.op;
    if (call.skipped || !traits(op.kind).names_mapping) return;
    const bool whole_list = is_sg_sync(op.kind) || op.kind == OpKind::unmap_sg || op.kind == OpKind::free_noncontiguous;
    if (whole_list) note_list(call);
    else touch_at(call.device, call.dma, call.bytes);
    if (op.kind == OpKind::free_coherent || op.kind == OpKind::free_noncoherent) {
        uint64_t freed = run_->pieces[run_->mappings[op.mapping].piece].phys + op.cpu_offset;
        if (op.kind == OpKind::free_noncoherent) freed &= ~uint64_t{page_bytes - 1};
        touch(freed, call.bytes);
    }
    note_meant(call);
}

// Maintenance of a list goes by the entries' CPU addresses, or by their current DMA addresses.
void Machine::note_list(const Call& call) {
    const List& list = lists_[call.list];
    for (int i = 0; i < call.entries; i++) {
        const HookEntry& e = list.state[i];
        if (e.size) touch(e.phys, e.size);
        touch_at(call.device, e.dma, e.dma_size);
    }
}

void Machine::note_meant(const Call& call) {
    const Op& op = call.op;
    const MappingFacts& m = run_->mappings[op.mapping];
    const bool part_of_list =
        m.map == OpKind::map_sg && (op.given_size || op.offset || is_sync(op.kind)) && !is_sg_sync(op.kind);
    for (int i = 0; i < (part_of_list ? 1 : m.pieces); i++) {
        const Piece& p = run_->pieces[m.piece + i];
        const uint32_t size = op.given_size ? op.size : p.size;
        if (size) run_->meant.push_back({now_, {p.buffer, p.offset + op.offset, size}});
    }
}

// The second half of a split call is about the same.
void Machine::note_again(const Call& call) {
    if (call.first_half == now_) return;
    for (size_t i = 0, count = run_->touches.size(); i < count; i++)
        if (const Touch t = run_->touches[i]; t.op == call.first_half) run_->touches.push_back({now_, t.phys, t.size});
    for (size_t i = 0, count = run_->meant.size(); i < count; i++)
        if (const Meant t = run_->meant[i]; t.op == call.first_half) run_->meant.push_back({now_, t.part});
}

}  // namespace dmafuzz
