// SPDX-License-Identifier: GPL-2.0-only
// Mappings over cells: how they begin, what takes parts of them away, where their devices stray, and who owns what.
// Source: docs/spec/coherency.md §4 and §5
#include <algorithm>

#include "coherency/simulator.hpp"

namespace dmafuzz {

void Simulator::begin(const Step& step) {
    const uint8_t index = step.piece;
    const Piece& p = run_->pieces[index];
    PieceCells& cells = pieces_[index];
    cells.first = cells.end = cutting_.first_cell(p.buffer);
    cells.live = true;
    cells.slot_left = p.via == Via::slot ? p.size : 0;
    CellCover cover{};
    cover.piece = index;
    cover.direction = p.direction;
    cover.coherent = platform_.get<&Device::coherent>(p.device);
    cover.joint = p.joint;
    cover.live = true;
    cover.pending = step.pending;
    cover.untold = step.untold;
    cover.copy = cover.slot = no_index;
    const bool past_cache = !cover.coherent || p.via == Via::slot;
    // The kernel's image is read-only, whatever was mapped.
    const BufferKind kind = run_->kinds[p.buffer];
    const Event write = kind == BufferKind::text || kind == BufferKind::rodata
                            ? (past_cache ? Event::wild_write : Event::wild_write_coherent)
                            : (past_cache ? Event::device_write : Event::device_write_coherent);
    if (device_writes(p.direction)) cover.write = unasked(write);
    each_cell(p.buffer, p.offset, p.size, [&](Cell& cell) {
        if (cells.first == cells.end) cells.first = cell.index;
        cells.end = static_cast<uint16_t>(cell.index + 1);
        begin_cell(p, cover, cell);
    });
}

// `cover`: what all cells of the piece have in common.
void Simulator::begin_cell(const Piece& p, CellCover cover, Cell& cell) {
    const uint32_t offset = cell.span.offset - p.offset;
    const bool reached = offset < p.reachable && p.via != Via::nothing;
    const uint8_t memory = cell.live && p.via != Via::nothing ? cell.memory_at(p.phys + offset) : no_index;
    cover.lost = !reached;
    if (memory != no_index && p.via == Via::slot) {
        // A slot's memory is foreign, nothing of it is cached.
        cover.slot = new_copy(cell, of(put(foreign_as_given(cell.copies[cell.home].set), lane::memory_absent)),
                              p.slot + offset, true, cover.piece);
        cell.copies[cover.slot].single = births_.back().single = cover.coherent;
    }
    if (reached) cover.copy = p.via == Via::slot ? cover.slot : memory;
    cover.elsewhere = reached && cover.copy == no_index;
    cell.may_fault |= cover.lost;
    if (cover.elsewhere && p.via == Via::direct) add_stray(cover.piece, offset, cell.span.size, p.phys + offset);
    cell.covers.push_back(cover);
    cell.mappings |= 1u << p.mapping;
    reshape(cell);
}

// The call that makes it has returned.
void Simulator::tell(uint8_t index) {
    each_cover(index, 0, whole, [&](Cell& cell, uint8_t at) {
        if (at == no_index) return;
        reshape(cell);
        cell.covers[at].untold = false;
    });
    mark_strays(index);
}

void Simulator::end(const Step& step) {
    const uint8_t index = step.piece;
    each_cover(index, 0, whole, [&](Cell& cell, uint8_t at) {
        if (at == no_index) return;
        reshape(cell);
        CellCover& cover = cell.covers[at];
        cover.live = cover.owned = false;
        if (!step.no_call) see_posts(cell);
        // A slot that no call has given back keeps its bytes: a later call at its address copies them.
        cover.copy = no_index;
        forget_if_ended(cell, at);
    });
    pieces_[index].live = false;
    mark_strays(index);
    std::erase_if(strays_, [&](const Stray& s) { return s.piece == index; });
    release_old_pages();
}

// An ended mapping is remembered for its slot only.
void Simulator::forget_if_ended(Cell& cell, uint8_t at) {
    if (cell.covers[at].live || cell.covers[at].slot != no_index) return;
    cell.covers.erase(cell.covers.begin() + at);
}

// Cell by cell they come, one after the other.
void Simulator::add_stray(uint8_t piece, uint32_t offset, uint32_t size, uint64_t phys) {
    if (!device_writes(run_->pieces[piece].direction)) return;
    strays_seen_ = true;
    for (Stray& s : strays_)
        if (s.piece == piece && s.offset + s.size == offset && s.phys + s.size == phys) {
            s.size += size;
            return;
        }
    strays_.push_back({piece, offset, size, phys});
}

// A stray changes hands or comes to its end: those who live where it writes have to be looked at, and those who have a
// slot there.
void Simulator::mark_strays(uint8_t index) {
    for (const Stray& s : strays_) {
        if (s.piece != index) continue;
        each_in_lines(s.phys, s.phys + s.size, [&](const Cell& cell, uint8_t, bool) { mark(cell); });
        each_slot_in(s.phys, s.phys + s.size, [&](const Cell& cell) { mark(cell); });
    }
}

void Simulator::slot_gone(const Step& step) {
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at == no_index || cell.covers[at].slot == no_index) return;
        reshape(cell);
        const uint8_t slot = cell.covers[at].slot;
        for (CellCover& cover : cell.covers)
            if (cover.copy == slot) lose(cover, cell);
        cell.drop_copy(slot);
        forget_if_ended(cell, at);
    });
    pieces_[step.piece].slot_left -= std::min(step.size, pieces_[step.piece].slot_left);
    release_old_pages();
}

// Its device gets at nothing any more.
void Simulator::lose(CellCover& cover, Cell& cell) {
    cover.copy = no_index;
    cover.lost = cell.may_fault = true;
    cover.elsewhere = cover.no_read = cover.no_write = false;
}

// A call that it does not belong to has taken the translation away: void from now on; or, until the flush, perhaps.
void Simulator::cut_off(const Step& step) {
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at == no_index) return;
        reshape(cell);
        if (step.maybe) cell.covers[at].lost = cell.may_fault = true;
        else lose(cell.covers[at], cell);
    });
    mark_strays(step.piece);
    if (!step.maybe) cut_strays(step);
}

// What is left of a piece's strays where a part of it leads nowhere any more.
void Simulator::cut_strays(const Step& step) {
    std::vector<Stray> left;
    for (const Stray& s : strays_) {
        const uint64_t from = s.offset, to = uint64_t{s.offset} + s.size, cut_from = step.offset,
                       cut_to = uint64_t{step.offset} + step.size;
        if (s.piece != step.piece || cut_from >= to || cut_to <= from) {
            left.push_back(s);
            continue;
        }
        if (cut_from > from) left.push_back({s.piece, s.offset, static_cast<uint32_t>(cut_from - from), s.phys});
        if (cut_to < to)
            left.push_back(
                {s.piece, step.offset + step.size, static_cast<uint32_t>(to - cut_to), s.phys + (cut_to - from)});
    }
    strays_ = std::move(left);
}

// The IOMMU leads the device elsewhere: to another copy of the same bytes, or what it writes hits the buffer that lies
// there.
void Simulator::redirect(const Step& step) {
    mark_strays(step.piece);
    cut_strays(step);
    const uint32_t start = run_->pieces[step.piece].offset;
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at == no_index) return;
        reshape(cell);
        CellCover& cover = cell.covers[at];
        const uint32_t offset = cell.span.offset - start;
        const uint64_t phys = step.phys + (offset - step.offset);
        cover.lost = false;
        cover.no_read = step.no_read;
        cover.no_write = step.no_write;
        cell.may_fault |= step.no_read | step.no_write;
        cover.copy = cell.live ? cell.copy_at(phys) : no_index;
        cover.elsewhere = cover.copy == no_index;
        if (cover.elsewhere && !step.no_write) add_stray(step.piece, offset, cell.span.size, phys);
    });
    mark_strays(step.piece);
}

// Pages freed under the buffer that lies there: their content is unrelated data from now on. Slots keep theirs.
void Simulator::not_theirs(const Step& step) {
    each_in_lines(step.phys, step.phys + step.size, [&](Cell& cell, uint8_t copy, bool inside) {
        if (!inside || copy != cell.home) return;
        touch(cell);
        happen(cell, copy, Event::become_foreign);
    });
}

// Ownership. At a hand-over the device's view must see everything written so far, and what
// is handed over FROM_DEVICE is given up.
void Simulator::own(const Step& step, bool device) {
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at == no_index) return;
        reshape(cell);
        CellCover& cover = cell.covers[at];
        cover.owned = device;
        cover.pending = false;
        if (!device) see_posts(cell);
        if (!device || !cell.live) return;
        if (read_lands(cover)) {
            bool sees_cache = cover.coherent && !cell.copies[cover.copy].slot;
            happen(cell, cover.copy, sees_cache ? Event::hand_over_coherent : Event::hand_over);
        }
        if (cover.direction == Direction::from_device && !cell.image && !cell.posted)
            happen_to_all(cell, no_index, Event::give_up);
    });
    if (!strays_.empty()) mark_strays(step.piece);
}

// A call for the CPU has covered it: the CPU is meant to see all that was posted.
void Simulator::see_posts(Cell& cell) {
    if (!cell.posted) return;
    cell.posted = false;
    happen_to_all(cell, no_index, Event::posts_due);
}

}  // namespace dmafuzz
