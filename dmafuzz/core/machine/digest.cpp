// SPDX-License-Identifier: GPL-2.0-only
// The state of the machine, in numbers: all that can make a difference from here on.
#include "machine/machine.hpp"

namespace dmafuzz {

namespace {

void add_entry(Digest& into, const HookEntry& e) {
    into.add(e.phys);
    into.add(static_cast<uint64_t>(e.size) << 32 | e.dma_size);
    into.add(e.dma);
    into.add(static_cast<uint64_t>(e.area));
}

void add_piece(Digest& into, const Piece& p) {
    into.add(static_cast<uint64_t>(p.mapping) << 40 | static_cast<uint64_t>(p.device) << 32 |
             static_cast<uint64_t>(p.buffer) << 24 | static_cast<uint64_t>(p.direction) << 16 |
             static_cast<uint64_t>(p.via) << 8 | static_cast<uint64_t>(p.joint) << 2 |
             static_cast<uint64_t>(p.translated) << 1 | static_cast<uint64_t>(p.slot_live));
    into.add(static_cast<uint64_t>(p.offset) << 32 | p.size);
    into.add(p.reachable);
    into.add(p.phys);
    into.add(p.slot);
    into.add(p.dma);
    into.add(p.iova_page);
    into.add(p.iova_pages);
}

void add_mapping(Digest& into, const MappingFacts& m) {
    into.add(static_cast<uint64_t>(m.live) | static_cast<uint64_t>(m.failed) << 1 |
             static_cast<uint64_t>(m.abandoned) << 2 | static_cast<uint64_t>(m.forgotten) << 3 |
             static_cast<uint64_t>(m.ended_wrong) << 4 | static_cast<uint64_t>(m.by_pages) << 5 |
             static_cast<uint64_t>(m.memory_lost) << 6 | static_cast<uint64_t>(m.map) << 8 |
             static_cast<uint64_t>(m.device) << 16 | static_cast<uint64_t>(m.direction) << 24 |
             static_cast<uint64_t>(m.attrs) << 32);
    into.add(static_cast<uint64_t>(m.piece) | static_cast<uint64_t>(m.pieces) << 8 |
             static_cast<uint64_t>(m.list) << 16 | static_cast<uint64_t>(m.buffer) << 24 |
             static_cast<uint64_t>(m.size) << 32);
    into.add(m.dma);
}

}  // namespace

void Memory::digest(Digest& into) const {
    for (size_t i = 0; i < homes_.size(); i++) {
        const Home& h = homes_[i];
        if (h.bytes == 0) continue;
        into.add(i << 32 | static_cast<uint64_t>(h.kind) << 16 | static_cast<uint64_t>(h.cpu) << 8 |
                 static_cast<uint64_t>(h.high) << 1 | static_cast<uint64_t>(h.live));
        into.add(static_cast<uint64_t>(h.bytes) << 32 | h.rounded);
        into.add(h.phys);
    }
    pages_.digest(into);
    high_pages_.digest(into);
    for (uint64_t page : vmalloc_pages_) into.add(page);
    for (const Slab& slab : slabs_) {
        into.add(slab.bucket);
        into.add(slab.next);
        into.add(slab.limit);
    }
    for (const auto& [bucket, at] : free_objects_) {
        into.add(bucket);
        into.add(at);
    }
    into.add(slabs_.size() << 16 | free_objects_.size());
    for (uint64_t next : stack_next_) into.add(next);
    into.add(text_next_);
    into.add(rodata_next_);
    for (const Moved& m : moved_) {
        into.add(static_cast<uint64_t>(m.buffer) << 32 | m.page);
        into.add(m.phys);
    }
}

// A call between its two halves.
void Machine::digest_call(Digest& into, const Call& call) const {
    const Op& op = call.op;
    into.add(static_cast<uint64_t>(op.kind) << 32 | static_cast<uint64_t>(op.mapping) << 24 |
             static_cast<uint64_t>(op.buffer) << 16 | static_cast<uint64_t>(op.given_device) << 5 |
             static_cast<uint64_t>(op.given_size) << 4 | static_cast<uint64_t>(op.given_direction) << 3 |
             static_cast<uint64_t>(op.given_attrs) << 2 | static_cast<uint64_t>(op.given_count) << 1 |
             static_cast<uint64_t>(op.unchecked));
    into.add(static_cast<uint64_t>(op.offset) << 32 | op.size);
    into.add(static_cast<uint64_t>(op.count) << 8 | op.attrs);
    into.add(op.cpu_offset);
    into.add(static_cast<uint64_t>(call.skipped) | static_cast<uint64_t>(call.early_failure) << 1 |
             static_cast<uint64_t>(call.device) << 8 | static_cast<uint64_t>(call.direction) << 16 |
             static_cast<uint64_t>(call.attrs) << 24 | static_cast<uint64_t>(call.entries) << 32 |
             static_cast<uint64_t>(call.list) << 40);
    into.add(call.dma);
    into.add(call.bytes);
    // The tidy-up finishes them in the order in which they were begun.
    uint64_t before = 0;
    for (int cpu = 0; cpu < cpus_max; cpu++) before += has_pending_[cpu] && pending_[cpu].line < call.line;
    into.add(before);
}

void Machine::digest(Digest& into) const {
    memory_.digest(into);
    slots_.digest(into);
    for (const Iovas& iovas : iovas_) iovas.digest(into);
    for (const Waiting& w : waiting_) into.add(static_cast<uint64_t>(w.cpu) << 8 | w.mapping);
    into.add(static_cast<uint64_t>(waiting_.size()) << 1 | static_cast<uint64_t>(stopped_));
    for (int cpu = 0; cpu < cpus_max; cpu++) {
        into.add(static_cast<uint64_t>(irqs_off_[cpu]) << 1 | static_cast<uint64_t>(has_pending_[cpu]));
        if (has_pending_[cpu]) digest_call(into, pending_[cpu]);
    }
    for (const List& list : lists_) {
        into.add(static_cast<uint64_t>(list.count) << 1 | static_cast<uint64_t>(list.marked));
        for (int i = 0; i < list.count; i++) {
            const Entry& e = list.entries[i];
            into.add(static_cast<uint64_t>(e.offset) << 32 | e.size);
            into.add(static_cast<uint64_t>(e.buffer) << 8 | list.segment_of[i]);
            add_entry(into, list.state[i]);
        }
    }
    for (const Piece& p : run_->pieces) add_piece(into, p);
    into.add(run_->pieces.size() << 8 | lists_.size());
    // The tidy-up goes by the order in which mappings and devices came up.
    std::array<bool, devices_max> named{};
    for (const Op& op : program_->ops) {
        const OpTraits& t = traits(op.kind);
        if (t.defines_mapping && run_->mappings[op.mapping].defined) {
            into.add(op.mapping);
            add_mapping(into, run_->mappings[op.mapping]);
        }
        if (!names_device(op) || named[op.device]) continue;
        named[op.device] = true;
        into.add(0x100u + op.device);
    }
    for (size_t i = 0; i < buffers_max; i++)
        into.add(static_cast<uint64_t>(run_->kinds[i]) << 1 | static_cast<uint64_t>(run_->uncached[i]));
    for (const Op& op : program_->ops)
        if (is_allocation_call(op.kind))
            into.add(static_cast<uint64_t>(allocated_for_[op.buffer]) << 2 |
                     static_cast<uint64_t>(unmapped_[op.buffer]) << 1 |
                     static_cast<uint64_t>(allocated_with_irqs_on_[op.buffer]));
}

}  // namespace dmafuzz
