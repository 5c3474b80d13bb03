// Mappings over cells: how they begin, what takes parts of them away, where their devices stray, and who owns what.
// Source: docs/spec/coherency.md §4 and §5
#include <algorithm>

#include "coherency/simulator.hpp"

namespace dmafuzz {

namespace {

constexpr uint32_t whole = buffer_bytes_max + 1u;  // of a piece

}  // namespace

void Simulator::begin(const Step& step) {
    const uint8_t index = step.piece;
    const Piece& p = run_->pieces[index];
    PieceCells& cells = pieces_[index];
    cells.first = cells.end = cutting_.first_cell(p.buffer);
    cells.live = true;
    cells.slot_left = p.via == Via::slot ? p.size : 0;
    each_cell(p.buffer, p.offset, p.size, [&](Cell& cell) {
        if (cells.first == cells.end) cells.first = cell.index;
        cells.end = static_cast<uint16_t>(cell.index + 1);
        begin_cell(step, cell);
    });
}

void Simulator::begin_cell(const Step& step, Cell& cell) {
    const uint8_t index = step.piece;
    const Piece& p = run_->pieces[index];
    const bool coherent = platform_.get<&Device::coherent>(p.device);
    const uint32_t offset = cell.span.offset - p.offset;
    const bool reached = offset < p.reach && p.via != Via::nothing;
    const uint8_t memory = cell.live && reached ? cell.memory_at(p.phys + offset) : no_index;
    const bool there = memory != no_index;
    CellCover cover{index, p.direction, coherent, p.joint, false, true, !there, reached && !there, step.pending, no_index, 0};
    cell.has_void |= !there;
    if (there && p.via == Via::direct) cover.copy = memory;
    if (there && p.via == Via::slot) {
        // A slot's memory is foreign, nothing of it is cached.
        cover.copy = new_copy(cell, put(foreign_as_given(cell.copies[cell.home].set), lane::memory_absent), 0, true, index);
        cell.copies[cover.copy].single = coherent;
    }
    if (cover.elsewhere && p.via == Via::direct) add_stray(index, offset, cell.span.size, p.phys + offset);
    const bool past_cache = !coherent || p.via == Via::slot;
    // Nobody may write the kernel's image, whatever was mapped.
    const Event write = cell.image ? (past_cache ? Event::wild_write : Event::wild_write_coherent)
                                   : (past_cache ? Event::device_write : Event::device_write_coherent);
    if (device_writes(p.direction)) cover.write = unasked(write);
    cell.covers.push_back(cover);
    cell.mappings |= 1u << p.mapping;
    reshape(cell);
}

void Simulator::end(uint8_t index) {
    each_cover(index, 0, whole, [&](Cell& cell, uint8_t at) {
        if (at == no_index) return;
        reshape(cell);
        CellCover& cover = cell.covers[at];
        cover.live = cover.owned = false;
        see_posts(cell);
        // A slot that no call has given back keeps its bytes: a later call at its address copies them.
        if (cover.copy != no_index && !cell.copies[cover.copy].slot) cover.copy = no_index;
        forget_if_ended(cell, at);
    });
    pieces_[index].live = false;
    mark_strays(index);
    std::erase_if(strays_, [&](const Stray& s) { return s.piece == index; });
    release_old_pages();
}

// An ended mapping is remembered for its slot only.
void Simulator::forget_if_ended(Cell& cell, uint8_t at) {
    if (cell.covers[at].live || cell.covers[at].copy != no_index) return;
    cell.covers.erase(cell.covers.begin() + at);
}

void Simulator::add_stray(uint8_t piece, uint32_t offset, uint32_t size, uint64_t phys) {
    strays_.push_back({piece, false, offset, size, phys});
    strays_seen_ = true;
}

// A stray changes hands or comes to its end: those who live where it writes have to be looked at.
void Simulator::mark_strays(uint8_t index) {
    for (const Stray& s : strays_)
        if (s.piece == index) each_in_lines(s.phys, s.phys + s.size, [&](const Cell& cell, uint8_t, bool) { mark(cell); });
}

void Simulator::slot_gone(const Step& step) {
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at == no_index || !cell.has_slot(cell.covers[at])) return;
        reshape(cell);
        const uint8_t slot = cell.covers[at].copy;
        cell.covers[at].copy = no_index;
        cell.drop_copy(slot);
        forget_if_ended(cell, at);
    });
    pieces_[step.piece].slot_left -= std::min(step.size, pieces_[step.piece].slot_left);
    release_old_pages();
}

// A call that it does not belong to has taken the translation or the slot away: void from now on.
void Simulator::cut_off(const Step& step) {
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at == no_index) return;
        reshape(cell);
        CellCover& cover = cell.covers[at];
        const uint8_t copy = cover.copy;
        cover.is_void = cell.has_void = true;
        cover.elsewhere = false;
        cover.copy = no_index;
        if (copy != no_index && cell.copies[copy].slot) cell.drop_copy(copy);
        forget_if_ended(cell, at);
    });
    mark_strays(step.piece);
    cut_strays(step);
}

// What is left of a piece's strays where a part of it leads nowhere any more.
void Simulator::cut_strays(const Step& step) {
    std::vector<Stray> left;
    for (const Stray& s : strays_) {
        const uint64_t from = s.offset, to = uint64_t{s.offset} + s.size, cut_from = step.offset, cut_to = uint64_t{step.offset} + step.size;
        if (s.piece != step.piece || cut_from >= to || cut_to <= from) {
            left.push_back(s);
            continue;
        }
        if (cut_from > from) left.push_back({s.piece, s.of_dead, s.offset, static_cast<uint32_t>(cut_from - from), s.phys});
        if (cut_to < to) left.push_back({s.piece, s.of_dead, step.offset + step.size, static_cast<uint32_t>(to - cut_to), s.phys + (cut_to - from)});
    }
    strays_ = std::move(left);
}

// The IOMMU leads the device elsewhere: nothing of the buffer reaches it, and what it writes hits whoever lives there.
void Simulator::redirect(const Step& step) {
    cut_off(step);
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at != no_index) cell.covers[at].elsewhere = true;
    });
    add_stray(step.piece, step.offset, step.size, step.phys);
    mark_strays(step.piece);
}

// Pages freed under whoever lives there: what they hold is somebody else's from now on. Slots keep theirs.
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
        if (cover.copy != no_index) {
            bool sees_cache = cover.coherent && !cell.copies[cover.copy].slot;
            happen(cell, cover.copy, sees_cache ? Event::hand_over_coherent : Event::hand_over);
        }
        if (cover.direction == Direction::from_device && !cell.image && !cell.posted) happen_to_all(cell, no_index, Event::give_up);
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
