// SPDX-License-Identifier: GPL-2.0-only
// Device accesses that a program asks for, entitled or not: page by page, wherever the address leads at that moment.
#include <algorithm>

#include "machine/machine.hpp"

namespace dmafuzz {

void Machine::device_access(const Op& op) {
    const MappingFacts& m = run_->mappings[op.mapping];
    if (m.abandoned) return;
    int64_t start = 0;
    for (int i = 0; i < m.pieces; i++) {
        const Piece& piece = run_->pieces[m.piece + i];
        const int64_t from = std::max<int64_t>(op.offset - start, 0);
        int64_t to = int64_t{op.offset} + op.size - start;
        // What lies past the end of the mapping lies behind its last piece.
        const bool last = i + 1 == m.pieces;
        const int64_t end = std::min<int64_t>(to, piece.size);
        const uint8_t index = static_cast<uint8_t>(m.piece + i);
        if (from < end) device_access_piece(op, index, static_cast<uint32_t>(from), static_cast<uint32_t>(end - from));
        const int64_t past = std::max<int64_t>(from, piece.size);
        if (last && past < to)
            device_access_piece(op, index, static_cast<uint32_t>(past), static_cast<uint32_t>(to - past));
        start += piece.size;
    }
}

// How much of so many bytes of IOVAs leads to memory in a row, of one piece; or nowhere.
uint64_t Machine::in_a_row(uint8_t device, uint64_t dma, uint64_t bytes) const {
    const uint64_t pages = iovas_[device].alike(page_of(dma), pages_for(dma, bytes));
    return std::min(pages * page_bytes - in_page(dma), bytes);
}

// Within the piece, or all of it past its end.
void Machine::device_access_piece(const Op& op, uint8_t index, uint32_t offset, uint32_t size) {
    const Piece piece = run_->pieces[index];
    const MappingFacts& m = run_->mappings[piece.mapping];
    const bool writes = op.kind != OpKind::device_read;
    const bool permitted = writes ? device_writes(piece.direction) : device_reads(piece.direction);
    Step line{op.kind == OpKind::device_post ? StepKind::device_post : StepKind::device_write, now_};
    line.piece = line.asker = index;
    line.offset = offset;
    line.size = size;
    line.coherent = coherent(piece.device);
    line.post = op.kind == OpKind::device_post;
    const bool entitled = m.live && permitted && offset < piece.size;
    if (entitled && writes) {
        Step s = line;
        s.coherent = s.post = false;
        emit(s);  // where it is entitled
    }
    // Past the end a driver meant the buffer to be, and its device reads what it finds there.
    if (!writes) line.kind = StepKind::device_read;
    if (piece.dma == dma_error_cookie) {
        if (translates(piece.device)) step(StepKind::fault).piece = index;
        else if (!writes) read_beyond(line, 0);
        return;
    }
    if (!writes && offset < piece.size && !translates(piece.device)) return;
    const uint64_t end = piece.dma + offset + size;
    for (uint64_t dma = piece.dma + offset; dma < end;) {
        const uint64_t part = translates(piece.device) ? in_a_row(piece.device, dma, end - dma) : end - dma;
        line.offset = static_cast<uint32_t>(dma - piece.dma);
        line.size = static_cast<uint32_t>(part);
        access_place(op, line, dma);
        dma += part;
    }
}

void Machine::access_place(const Op& op, const Step& line, uint64_t dma) {
    const Piece& piece = run_->pieces[line.asker];
    const bool writes = op.kind != OpKind::device_read;
    Place place = place_of(piece.device, dma);
    bool maybe = false;
    if (translates(piece.device)) {
        uint8_t by = place.piece;
        if (!place.mapped) {
            // Until the flush an ended translation may still work, or not.
            const Iovas::Range* stale = iovas_[piece.device].find_stale(page_of(dma));
            maybe = stale != nullptr;
            if (stale) {
                by = stale->piece;
                place = {true, by, (stale->target + (page_of(dma) - stale->page)) * page_bytes + in_page(dma)};
            }
        }
        const bool allowed =
            place.mapped && (writes ? permission(run_->pieces[by]).write : permission(run_->pieces[by]).read);
        const Step& last = run_->steps.back();
        const bool told = last.kind == StepKind::fault && last.op == now_ && last.piece == line.asker;
        if ((!allowed || maybe) && !told) step(StepKind::fault).piece = line.asker;
        if (!allowed) return;
    }
    if (writes) return land(line, place.phys, line.size, maybe);
    read_beyond(line, place.mapped ? place.phys : 0);
}

// A read is looked at past the end of a live mapping, at an address; 0: where nobody lives.
void Machine::read_beyond(const Step& line, uint64_t phys) {
    const Piece& piece = run_->pieces[line.asker];
    if (line.offset < piece.size || !run_->mappings[piece.mapping].live || !device_reads(piece.direction)) return;
    Step s = line;
    s.phys = phys;
    s.post = false;
    emit(s);
}

// A write that its asker need not be entitled to.
void Machine::land(const Step& line, uint64_t phys, uint32_t size, bool maybe) {
    Step s = line;
    s.maybe = maybe;
    s.size = size;
    if (!in_pool(phys)) {
        const bool nobodys = phys >= elsewhere_base && phys < high_base;
        if (nobodys) return;
        s.kind = StepKind::wild_memory;
        s.phys = phys;
        return emit(s);
    }
    s.kind = StepKind::wild_slot;
    each_slot_part(phys, size, [&](uint8_t piece, uint32_t offset, uint32_t part) {
        s.piece = piece;
        s.offset = offset;
        s.size = part;
        emit(s);
    });
}

}  // namespace dmafuzz
