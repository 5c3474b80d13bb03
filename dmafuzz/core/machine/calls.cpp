// SPDX-License-Identifier: GPL-2.0-only
// Calls on what is mapped: sync, unmap, free.
// The machine follows addresses, ownership follows what the program means.
#include <algorithm>

#include "machine/machine.hpp"

namespace dmafuzz {

namespace {

// The part of [offset, offset + size) that lies in a piece.
bool cut_to(const Piece& piece, int64_t& offset, int64_t& size) {
    int64_t end = std::min<int64_t>(offset + size, piece.size);
    offset = std::max<int64_t>(offset, 0);
    size = end - offset;
    return size > 0;
}

}  // namespace

// Maintenance, then the copy back.
void Machine::for_cpu(const Call& call, uint64_t phys, uint32_t bytes) {
    if (bytes == 0) return;
    maintain(call, phys, bytes, true);
    if (in_pool(phys) && call.direction != Direction::to_device) bounce_copy(phys, bytes, false);
}

void Machine::sync_for_device_at(const Call& call, uint64_t phys, uint32_t bytes) {
    if (bytes == 0) return;
    if (in_pool(phys) &&
        (call.direction != Direction::from_device || platform_.get<&Platform::sync_from_device_copies_in>()))
        bounce_copy(phys, bytes, true);
    maintain(call, phys, bytes, false);
}

void Machine::sync_at(const Call& call, uint64_t dma, uint32_t bytes) {
    const Place at = place_of(call.device, dma);
    if (!at.mapped) return;
    if (is_sync_for_cpu(call.op.kind)) for_cpu(call, at.phys, bytes);
    else sync_for_device_at(call, at.phys, bytes);
}

void Machine::sync(const Call& call) {
    if (!is_sg_sync(call.op.kind)) {
        sync_at(call, call.dma, call.bytes);
    } else {
        const List list = lists_[call.list];
        const bool by_address = !translates(call.device) || list.marked;
        for (int i = 0; i < call.entries && !stopped_; i++) {
            const HookEntry& e = list.state[i];
            // By address it is the length that was mapped without an IOMMU, the CPU's with one.
            if (by_address) sync_at(call, e.dma, translates(call.device) ? e.size : e.dma_size);
            else if (is_sync_for_cpu(call.op.kind)) maintain(call, e.phys, e.size, true);
            else maintain(call, e.phys, e.size, false);
        }
    }
    if (!stopped_) move_ownership(call);
}

void Machine::move_ownership(const Call& call) {
    const MappingFacts& m = run_->mappings[call.op.mapping];
    if (!m.live) return;
    Step s{is_sync_for_cpu(call.op.kind) ? StepKind::to_cpu : StepKind::to_device, now_};
    for (int i = 0; i < m.pieces; i++) {
        const Piece& piece = run_->pieces[m.piece + i];
        if (piece.joint) continue;
        int64_t offset = 0, size = piece.size;
        if (is_sg_sync(call.op.kind)) {
            if (i >= call.entries) continue;
        } else {
            // A plain sync of a scatterlist's mapping reaches its first entry.
            if (i > 0) continue;
            offset = call.op.offset;
            size = call.op.given_size ? call.op.size : m.map == OpKind::map_sg ? piece.size : m.size;
            if (!cut_to(piece, offset, size)) continue;
        }
        s.piece = static_cast<uint8_t>(m.piece + i);
        s.offset = static_cast<uint32_t>(offset);
        s.size = static_cast<uint32_t>(size);
        emit(s);
    }
}

// A page or a part of it, as unmap_page ends it. Source: dma_direct_unmap_page, iommu_dma_unmap_page.
void Machine::end_page(const Call& call, uint64_t dma, uint32_t bytes) {
    const Place at = place_of(call.device, dma);
    if (!at.mapped && (!translates(call.device) || platform_.get<&Platform::iommu_looks_first>())) return;
    if (at.mapped && !(call.attrs & attr::skip_cpu_sync)) for_cpu(call, at.phys, bytes);
    if (stopped_) return;
    if (translates(call.device)) unmap_range(call, dma, bytes);
    if (at.mapped && in_pool(at.phys)) release_slots(call, at.phys, bytes);
}

void Machine::end_list(const Call& call) {
    const List list = lists_[call.list];
    if (!translates(call.device) || list.marked) {
        for (int i = 0; i < call.entries && !stopped_; i++) end_page(call, list.state[i].dma, list.state[i].dma_size);
        return;
    }
    if (!(call.attrs & attr::skip_cpu_sync))
        for (int i = 0; i < call.entries; i++) maintain(call, list.state[i].phys, list.state[i].size, true);
    uint64_t end = 0;
    for (int i = 0; i < call.entries && list.state[i].dma_size; i++) end = list.state[i].dma + list.state[i].dma_size;
    if (end) unmap_range(call, list.state[0].dma, end - list.state[0].dma);
}

void Machine::end_ownership(uint8_t mapping, bool by_call) {
    MappingFacts& m = run_->mappings[mapping];
    m.live = false;
    for (int i = 0; i < m.pieces; i++) {
        Step& s = step(StepKind::end);
        s.piece = static_cast<uint8_t>(m.piece + i);
        s.no_call = !by_call;
    }
}

void Machine::end(const Call& call) {
    MappingFacts& m = run_->mappings[call.op.mapping];
    OpKind kind = call.op.kind;
    const bool frees = is_allocation_end(kind);
    if (kind == OpKind::unmap_sg) end_list(call);
    else if (!frees && kind != OpKind::unmap_resource) end_page(call, call.dma, call.bytes);
    // Functions without maintenance know of translations only; but that of non-coherent memory is unmap_page, from 5.11
    // on of whole pages.
    else if (translates(call.device) && kind == OpKind::free_noncoherent) {
        Call quiet = call;
        quiet.attrs |= attr::skip_cpu_sync;
        const uint64_t rounded = pages_for(0, call.bytes) * page_bytes;
        const bool more = pages_for(call.dma, rounded) != pages_for(call.dma, call.bytes);
        end_page(quiet, call.dma,
                 more && platform_.get<&Platform::iommu_looks_first>() ? static_cast<uint32_t>(rounded) : call.bytes);
    } else if (translates(call.device)) {
        unmap_range(call, call.dma, call.bytes);
    }
    if (stopped_) return;

    OpKind right = matching_end(m.map);
    bool same_type = kind == right || (kind == OpKind::unmap_page && right == OpKind::unmap_single) ||
                     (kind == OpKind::unmap_single && right == OpKind::unmap_page);
    if (m.live) {
        m.ended_wrong = !same_type || call.device != m.device || call.op.offset != 0;
        end_ownership(call.op.mapping, true);
    }
    if (!frees) return;
    if (!is_allocation_call(m.map)) free_what_is_there(call, m);
    // A wrong free function of an allocation gives nothing back.
    else if (kind == right) memory_.home(m.buffer).live ? free_memory(call, m) : free_what_is_there(call, m);
}

}  // namespace dmafuzz
