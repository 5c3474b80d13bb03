// Calls on what is mapped: sync, unmap, free; and device accesses that a program asks for.
// The machine follows addresses, ownership follows what the program means.
#include <algorithm>

#include "machine/machine.hpp"

namespace dmafuzz {

namespace {

uint64_t page_of(uint64_t address) { return address & ~uint64_t{page_bytes - 1}; }
uint64_t page_up(uint64_t address) { return page_of(address + page_bytes - 1); }
uint64_t bytes_of(const Piece& piece) { return static_cast<uint64_t>(piece.size); }

// The part of [offset, offset + size) that lies in a piece.
bool cut_to(const Piece& piece, int64_t& offset, int64_t& size) {
    int64_t end = std::min<int64_t>(offset + size, piece.size);
    offset = std::max<int64_t>(offset, 0);
    size = end - offset;
    return size > 0;
}

}  // namespace

Machine::Hit Machine::hit(uint8_t device, uint64_t dma) const {
    const auto& pieces = run_->pieces;
    auto of_piece = [&](size_t i) {
        const Piece& piece = pieces[i];
        int64_t delta = static_cast<int64_t>(dma - piece.dma);
        Hit found;
        found.what = piece.via == Via::slot ? Hit::What::slot : piece.via == Via::direct ? Hit::What::memory : Hit::What::none;
        found.piece = static_cast<uint8_t>(i);
        found.offset = static_cast<int32_t>(delta);
        found.phys = piece.phys + static_cast<uint64_t>(delta);
        return found;
    };
    if (translates(device)) {
        for (size_t i = 0; i < pieces.size(); i++) {
            const Piece& p = pieces[i];
            if (p.device == device && p.translated && dma >= page_of(p.dma) && dma < page_up(p.dma + bytes_of(p))) return of_piece(i);
        }
        return {};
    }
    if (dma >= pool_base && dma < pool_limit) {
        for (size_t i = 0; i < pieces.size(); i++) {
            const Piece& p = pieces[i];
            // A slot is whole 2 KiB slots of the pool, however short the mapping.
            if (!p.slot_live || dma < p.slot || dma >= p.slot + slots_for(bytes_of(p))) continue;
            Hit found = of_piece(i);
            found.offset = static_cast<int32_t>((dma - p.slot));
            return found;
        }
        return {};
    }
    Hit memory;
    memory.what = dma >= elsewhere_base && dma < high_base ? Hit::What::none : Hit::What::memory;
    memory.phys = dma;
    if (dma > ~uint64_t{0} - elsewhere_base) memory.what = Hit::What::none;  // at the error cookie
    return memory;
}

// The memory behind a DMA address, for what a warning about it covers.
void Machine::touch_at(uint8_t device, uint64_t dma, uint32_t bytes) {
    Hit at = hit(device, dma);
    if (at.what == Hit::What::memory || at.what == Hit::What::slot) touch(at.phys, bytes);
}

// Puts the part of a step's range that lies in the slot into the step; false where there is none.
bool Machine::in_slot(const Hit& at, Step& s) const {
    if (at.what != Hit::What::slot) return false;
    int64_t offset = at.offset, size = s.size;
    if (!cut_to(run_->pieces[at.piece], offset, size)) return false;
    s.piece = at.piece;
    s.offset = static_cast<uint32_t>(offset);
    s.size = static_cast<uint32_t>(size);
    return true;
}

void Machine::for_cpu(const Call& call, const Hit& at, uint32_t bytes) {
    if (call.attrs & attr::skip_cpu_sync && is_end(call.op.kind)) return;
    const bool maintained = !coherent(call.device);
    Step s{StepKind::maintain, now_};
    if (maintained) s.maintenance = platform_.get<&Platform::for_cpu>()[static_cast<size_t>(call.direction)];
    s.size = bytes;
    if (at.what == Hit::What::memory && maintained) {
        s.phys = at.phys;
        emit(s);
    }
    if (!in_slot(at, s)) return;
    if (maintained && !coherent(run_->pieces[at.piece].device)) {
        s.kind = StepKind::maintain_slot;
        emit(s);
    }
    if (call.direction == Direction::to_device) return;
    s.kind = StepKind::copy_back;
    emit(s);
}

void Machine::sync_hit(const Call& call, const Hit& at, uint32_t bytes) {
    if (is_sync_for_cpu(call.op.kind)) return for_cpu(call, at, bytes);
    const bool maintained = !coherent(call.device);
    Step s{StepKind::maintain, now_};
    if (maintained) s.maintenance = platform_.get<&Platform::for_device>()[static_cast<size_t>(call.direction)];
    s.size = bytes;
    if (at.what == Hit::What::memory && maintained) {
        s.phys = at.phys;
        emit(s);
    }
    if (!in_slot(at, s)) return;
    if (call.direction != Direction::from_device || platform_.get<&Platform::sync_from_device_copies_in>()) {
        Step copy = s;
        copy.kind = StepKind::copy_in;
        emit(copy);
    }
    if (!maintained || coherent(run_->pieces[at.piece].device)) return;
    s.kind = StepKind::maintain_slot;
    emit(s);
}

void Machine::sync_at(const Call& call, uint64_t dma, uint32_t bytes) {
    if (bytes) sync_hit(call, hit(call.device, dma), bytes);
}

void Machine::sync(const Call& call) {
    if (!is_sg_sync(call.op.kind)) {
        sync_at(call, call.dma, call.bytes);
    } else {
        const List& list = lists_[call.list];
        bool by_cpu_address = translates(call.device) && !list.bounced;
        for (int i = 0; i < call.entries; i++) {
            const HookEntry& e = list.state[i];
            if (!by_cpu_address) {
                sync_at(call, e.dma, e.dma_size);
                continue;
            }
            Hit memory;
            memory.what = Hit::What::memory;
            memory.phys = e.phys;
            sync_hit(call, memory, e.size);
        }
    }
    move_ownership(call);
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
            // A plain sync of a scatter list's mapping reaches its first entry.
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

// A call takes translation and slot of the piece its address hits. If that is another mapping
// than the one it names, that other one is void from now on.
void Machine::tear_down(const Call& call, uint8_t index, bool slot_too) {
    Piece& piece = run_->pieces[index];
    uint8_t first = index, count = 1;
    if (piece.translated) {
        first = piece.group;
        count = run_->pieces[first].group_size;
    }
    release_translation(index);
    if (slot_too && piece.slot_live) {
        release_slot(piece);
        Step& gone = step(StepKind::slot_gone);
        gone.piece = index;
        gone.size = piece.size;
    }
    if (piece.mapping == call.op.mapping || !run_->mappings[piece.mapping].live) return;
    for (int i = 0; i < count; i++) {
        Step& cut = step(StepKind::cut_off);
        cut.piece = static_cast<uint8_t>(first + i);
        cut.size = run_->pieces[first + i].size;
    }
}

void Machine::end_at(const Call& call, uint64_t dma, uint32_t bytes) {
    bool maintains = call.op.kind != OpKind::unmap_resource && !is_allocation_end(call.op.kind);
    Hit at = hit(call.device, dma);
    if (maintains && bytes) for_cpu(call, at, bytes);
    // Functions without maintenance know of translations only: they release no slot.
    if (at.piece != no_mapping && (maintains || translates(call.device))) tear_down(call, at.piece, maintains);
}

void Machine::end_list(const Call& call) {
    const List& list = lists_[call.list];
    bool by_cpu_address = translates(call.device) && !list.bounced;
    if (!by_cpu_address) {
        for (int i = 0; i < call.entries; i++) end_at(call, list.state[i].dma, list.state[i].dma_size);
        return;
    }
    for (int i = 0; i < call.entries; i++) {
        Hit memory;
        memory.what = Hit::What::memory;
        memory.phys = list.state[i].phys;
        for_cpu(call, memory, list.state[i].size);
    }
    uint64_t start = list.state[0].dma, end = 0;
    for (int i = 0; i < call.entries && list.state[i].dma_size; i++) end = list.state[i].dma + list.state[i].dma_size;
    for (size_t i = 0; i < run_->pieces.size(); i++) {
        const Piece& p = run_->pieces[i];
        if (p.device == call.device && p.translated && p.dma >= page_of(start) && p.dma < end) tear_down(call, static_cast<uint8_t>(i), true);
    }
}

void Machine::end_ownership(uint8_t mapping) {
    MappingFacts& m = run_->mappings[mapping];
    m.live = false;
    for (int i = 0; i < m.pieces; i++) step(StepKind::end).piece = static_cast<uint8_t>(m.piece + i);
}

void Machine::end(const Call& call) {
    MappingFacts& m = run_->mappings[call.op.mapping];
    OpKind kind = call.op.kind;
    if (kind == OpKind::unmap_sg) end_list(call);
    else end_at(call, call.dma, call.bytes);

    OpKind right = matching_end(m.map);
    bool same_type = kind == right || (kind == OpKind::unmap_page && right == OpKind::unmap_single) ||
                     (kind == OpKind::unmap_single && right == OpKind::unmap_page);
    if (m.live) {
        m.ended_wrong = !same_type || call.device != m.device || call.op.offset != 0;
        end_ownership(call.op.mapping);
    }
    if (!is_allocation_end(kind) || kind != right || !memory_.home(m.buffer).live) return;
    step(StepKind::die).buffer = m.buffer;
    memory_.give_back(m.buffer);
}

void Machine::device_access(const Op& op, uint8_t) {
    const MappingFacts& m = run_->mappings[op.mapping];
    if (m.abandoned) return;
    int64_t start = 0;
    for (int i = 0; i < m.pieces; i++) {
        const Piece& piece = run_->pieces[m.piece + i];
        int64_t offset = op.offset - start, size = op.size;
        start += piece.size;
        if (!cut_to(piece, offset, size)) continue;
        device_access_piece(op, static_cast<uint8_t>(m.piece + i), static_cast<uint32_t>(offset), static_cast<uint32_t>(size));
    }
}

void Machine::device_post(const Op& op) {
    const MappingFacts& m = run_->mappings[op.mapping];
    if (!m.live || m.abandoned) return;
    int64_t start = 0;
    for (int i = 0; i < m.pieces; i++) {
        const Piece& piece = run_->pieces[m.piece + i];
        int64_t offset = op.offset - start, size = op.size;
        start += piece.size;
        if (!cut_to(piece, offset, size)) continue;
        Step s{StepKind::device_post, now_};
        s.piece = static_cast<uint8_t>(m.piece + i);
        s.offset = static_cast<uint32_t>(offset);
        s.size = static_cast<uint32_t>(size);
        emit(s);
    }
}

void Machine::device_access_piece(const Op& op, uint8_t index, uint32_t offset, uint32_t size) {
    const Piece& piece = run_->pieces[index];
    const MappingFacts& m = run_->mappings[piece.mapping];
    bool writes = op.kind == OpKind::device_write;
    bool permitted = writes ? device_writes(piece.direction) : device_reads(piece.direction);
    bool behind_iommu = translates(piece.device);
    auto fault = [&] { step(StepKind::fault).piece = index; };
    Step s{StepKind::device_write, now_};
    s.piece = s.asker = index;
    s.offset = offset;
    s.size = size;
    if (m.live && permitted && writes) emit(s);  // where it is entitled
    if (piece.dma == dma_error_cookie) {
        if (behind_iommu && !(m.live && permitted)) fault();
        return;
    }
    uint64_t dma = piece.dma + static_cast<uint64_t>(offset);
    Hit at = hit(piece.device, dma);
    bool own = at.piece == index;
    if (behind_iommu) {
        bool other = at.piece != no_mapping && !own;
        const bool allowed = own ? permitted
                             : other ? (writes ? device_writes(run_->pieces[at.piece].direction)
                                               : device_reads(run_->pieces[at.piece].direction))
                                     : false;
        if (!allowed) {
            fault();
            bool lazily = platform_.get<&Platform::iommu>() == Iommu::lazy && at.piece == no_mapping && permitted && !piece.translated;
            if (!lazily || !writes || piece.via != Via::direct) return;
            s.kind = StepKind::wild_memory;
            s.phys = piece.phys + static_cast<uint64_t>(offset);
            s.coherent = coherent(piece.device);
            s.maybe = true;
            emit(s);
            return;
        }
    }
    if (!writes || at.what == Hit::What::none) return;
    s.coherent = coherent(piece.device);
    if (at.what == Hit::What::memory) {
        s.kind = StepKind::wild_memory;
        s.phys = at.phys;
        emit(s);
        return;
    }
    // A slot: it lands in the copy of whoever has it now.
    s.kind = StepKind::wild_slot;
    int64_t slot_offset = at.offset, slot_size = size;
    if (!cut_to(run_->pieces[at.piece], slot_offset, slot_size)) return;
    s.piece = at.piece;
    s.offset = static_cast<uint32_t>(slot_offset);
    s.size = static_cast<uint32_t>(slot_size);
    emit(s);
}

}  // namespace dmafuzz
