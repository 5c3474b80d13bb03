// SPDX-License-Identifier: GPL-2.0-only
// Bounce slots: copies in and out, and what a call gives back.
// Source: docs/spec/coherency.md §4 (Slots); swiotlb_bounce and swiotlb_release_slots in the kernel's
// kernel/dma/swiotlb.c.
#include <algorithm>

#include "machine/machine.hpp"

namespace dmafuzz {

// What the slots of a piece are taken for: behind an IOMMU whole pages.
uint64_t Machine::slot_room(const Piece& p) const {
    return translates(p.device) ? pages_for(0, p.size) * page_bytes : p.size;
}

// Cache maintenance runs on as far as the call says.
void Machine::maintain(const Call& call, uint64_t phys, uint32_t bytes, bool for_cpu) {
    if (coherent(call.device) || bytes == 0) return;
    const Maintenance maintenance = for_cpu ? platform_.maintenance<&Platform::for_cpu>(call.direction)
                                            : platform_.maintenance<&Platform::for_device>(call.direction);
    Step s{StepKind::maintain, now_};
    s.maintenance = maintenance;
    if (!in_pool(phys)) {
        s.phys = phys;
        s.size = bytes;
        return emit(s);
    }
    s.kind = StepKind::maintain_slot;
    each_slot_part(phys, bytes, [&](uint8_t piece, uint32_t offset, uint32_t size) {
        if (coherent(run_->pieces[piece].device)) return;  // a single copy
        s.piece = piece;
        s.offset = offset;
        s.size = size;
        emit(s);
    });
}

// How much of a copy that begins at an offset in a piece's slots is made.
uint64_t Machine::cut_copy(const Piece& p, uint64_t offset, uint64_t bytes) const {
    const uint64_t room = slot_room(p), inside = offset < room ? std::min(bytes, room - offset) : 0;
    if (bytes <= inside) return bytes;
    const BounceCut cut = platform_.get<&Platform::bounce_cut>();
    // A difference without a sign: beyond the end nearly everything is left of it.
    const bool uncut = cut == BounceCut::never || (cut == BounceCut::wraps && offset > room);
    return uncut ? bytes : inside;
}

// A copy between slots and the memory that they were mapped from. What it is not entitled to lands on others.
void Machine::bounce_copy(uint64_t phys, uint32_t bytes, bool into_slot) {
    const uint8_t owner = slots_.owner(slot_at(phys));
    if (owner == SlotPool::no_owner) return;
    const Piece p = run_->pieces[owner];
    const uint64_t first = phys - p.slot, end = first + cut_copy(p, first, bytes);
    if (!into_slot && end > first && oops_at(owner, p.phys + first, end - first)) return;
    for (uint64_t at = first; at < end;) {
        auto own = [&](uint64_t offset) {
            return offset < p.size && p.slot + offset < pool_limit && slots_.owner(slot_at(p.slot + offset)) == owner;
        };
        const bool is_own = own(at);
        uint64_t to = at;
        while (to < end && own(to) == is_own) {
            const uint64_t next = (to / slot_bytes + 1) * slot_bytes;
            to = std::min(end, to < p.size ? std::min<uint64_t>(next, p.size) : next);
        }
        copy_part(owner, at, to - at, is_own, into_slot);
        at = to;
    }
}

void Machine::copy_part(uint8_t index, uint64_t offset, uint64_t size, bool own, bool into_slot) {
    const Piece p = run_->pieces[index];
    Step s{into_slot ? StepKind::copy_in : StepKind::copy_back, now_};
    s.piece = index;
    s.offset = static_cast<uint32_t>(offset);
    s.size = static_cast<uint32_t>(size);
    if (own) return emit(s);
    if (!into_slot) {
        s.kind = StepKind::stray_copy;
        s.phys = p.phys + offset;
        s.offset = 0;
        return emit(s);
    }
    s.kind = StepKind::wild_slot;
    s.asker = no_mapping;
    each_slot_part(p.slot + offset, size, [&](uint8_t piece, uint32_t in_piece, uint32_t part) {
        if (piece == index) return;
        s.piece = piece;
        s.offset = in_piece;
        s.size = part;
        emit(s);
    });
}

// The CPU may not write the kernel's image.
bool Machine::oops_at(uint8_t piece, uint64_t phys, uint64_t bytes) {
    if (phys >= stack_base || phys + bytes <= text_base || !platform_.get<&Platform::image_read_only>()) return false;
    step(StepKind::oops).piece = piece;
    stopped_ = true;
    return true;
}

// From that address on: to the end of the mapping, or, where copies are never cut, as many as the call says.
void Machine::release_slots(const Call& call, uint64_t phys, uint32_t bytes) {
    const size_t first = slot_at(phys);
    const uint8_t owner = slots_.owner(first);
    size_t count = 0;
    if (owner != SlotPool::no_owner) {
        const Piece& p = run_->pieces[owner];
        count = slots_for(slot_room(p)) - (phys - p.slot) / slot_bytes;
    }
    const size_t given = std::min<size_t>(slots_for(bytes), slots_max - first);
    if (given != count && platform_.get<&Platform::bounce_cut>() == BounceCut::never) count = given;
    if (count == 0) return;
    const uint64_t start = pool_base + first * slot_bytes;
    each_slot_part(start, count * slot_bytes, [&](uint8_t piece, uint32_t offset, uint32_t size) {
        Step s{StepKind::slot_gone, now_};
        s.piece = piece;
        s.offset = offset;
        s.size = size;
        emit(s);
    });
    std::array<bool, 256> touched{};
    for (size_t i = first; i < first + count; i++)
        if (slots_.owner(i) != SlotPool::no_owner) touched[slots_.owner(i)] = true;
    slots_.release(first, count);
    for (size_t i = 0; i < run_->pieces.size(); i++) {
        if (!touched[i]) continue;
        Piece& gone = run_->pieces[i];
        gone.slot_live = false;
        for (size_t k = 0; k < slots_for(slot_room(gone)); k++)
            gone.slot_live |= slots_.owner(slot_at(gone.slot) + k) == i;
        if (translates(gone.device) && gone.mapping != call.op.mapping) stay_in_slot(static_cast<uint8_t>(i));
    }
}

// Of a piece whose map the IOMMU refuses. They are copied back: what has just been copied in, to where it came from.
// Source: the end of iommu_dma_map_page, swiotlb_tbl_unmap_single.
void Machine::drop_slots(const Call& call, uint8_t index) {
    Piece& piece = run_->pieces[index];
    if (!piece.slot_live) return;
    const bool copies_back = piece.direction != Direction::to_device && !(call.attrs & attr::skip_cpu_sync);
    if (copies_back && oops_at(index, piece.phys, piece.size)) return;
    slots_.release(slot_at(piece.slot), slots_for(slot_room(piece)));
    piece.slot_live = false;
}

}  // namespace dmafuzz
