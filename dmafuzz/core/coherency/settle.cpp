// SPDX-License-Identifier: GPL-2.0-only
// Settling: the unasked steps after an operation, and the look for corruption.
// Source: docs/spec/coherency.md §3, §5 and §6
#include <algorithm>

#include "coherency/simulator.hpp"

namespace dmafuzz {

namespace {

constexpr Lane stale_0 = lane::bit(Flag::stale, false);
constexpr Lane lagging_0 = lane::bit(Flag::lagging, false);
constexpr Lane alien_0 = lane::bit(Flag::foreign, false) | lane::bit(Flag::wild, false);

constexpr Unasked entitled_writes =
    unasked(Event::cpu_write) | unasked(Event::device_write) | unasked(Event::device_write_coherent);

// What writes to one byte of a line do to the others. Without branches: the events' bits are moved.
constexpr Unasked beside(Unasked own) {
    constexpr auto from = [](Event event, Event to) { return static_cast<int>(to) - static_cast<int>(event); };
    const int cpu = (own & unasked(Event::cpu_write)) << from(Event::cpu_write, Event::cpu_write_beside);
    const int device = (own & unasked(Event::device_write_coherent))
                       << from(Event::device_write_coherent, Event::device_write_beside);
    const int wild_write =
        (own & unasked(Event::wild_write_coherent)) >> from(Event::device_write_beside, Event::wild_write_coherent);
    return static_cast<Unasked>(cpu | device | wild_write);
}
static_assert(beside(unasked(Event::cpu_write)) == unasked(Event::cpu_write_beside));
static_assert(beside(unasked(Event::device_write_coherent)) == unasked(Event::device_write_beside));
static_assert(beside(unasked(Event::wild_write_coherent)) == unasked(Event::device_write_beside));

}  // namespace

// Who may read and write a cell, and what writers do to each of its copies.
void Simulator::survey(Cell& cell) {
    cell.surveyed = true;
    cell.lost_writer = cell.lost_reader = false;
    cell.cpu_reads = cell.live;
    cell.cpu_writes = cell.live & !cell.image;
    for (CellCopy& copy : cell.copies) {
        copy.own = copy.eyes = 0;
        copy.writer = no_mapping;
    }
    for (const CellCover& cover : cell.covers)
        if (cover.live) survey_device(cell, cover);
    if (!cell.live) return;
    CellCopy& home = cell.copies[cell.home];
    if (cell.cpu_writes) home.own |= unasked(cell.uncached ? Event::device_write : Event::cpu_write);
    if (cell.cpu_reads) home.eyes |= cell.uncached ? eyes::on_cpu_view | eyes::on_memory : eyes::on_cpu_view;
    if (strays_seen_) look_for_strays(cell);
    size_t writers = 0;  // copies with an entitled one
    if (cell.copies.size() > 1)
        for (const CellCopy& copy : cell.copies) writers += (copy.own & entitled_writes) != 0;
    for (CellCopy& copy : cell.copies) {
        const bool writes_itself = (copy.own & entitled_writes) != 0;
        copy.alone = steps_alone(cell, copy, writers > writes_itself || cell.lost_writer);
        copy.beside = beside(copy.own);
    }
    if (!(cell.cpu_reads & !cell.uncached)) return;
    home.alone |= unasked(Event::fill);
    home.beside |= unasked(Event::fill);
}

// A live cover.
void Simulator::survey_device(Cell& cell, const CellCover& cover) {
    cell.cpu_writes &= cover.joint;
    const bool told = !cover.untold, acts = told & (cover.owned | cover.joint);
    const bool waits = cover.pending | (cover.untold & cover.owned);
    const bool may_yet_write = (acts | waits) & device_writes(cover.direction);
    cell.cpu_reads &= cover.joint || !may_yet_write;
    if (!acts) return;
    const bool writes = device_writes(cover.direction), reads = device_reads(cover.direction);
    cell.lost_writer |= writes & write_misses(cover) & cell.live & !cell.image;
    cell.lost_reader |= reads & read_misses(cover);
    if (cover.copy == no_index) return;
    CellCopy& copy = cell.copies[cover.copy];
    if (!cover.no_write) copy.own |= cover.write;
    if (reads & !cover.no_read) copy.eyes |= cover.coherent & !copy.slot ? eyes::on_cpu_view : eyes::on_memory;
    if (traces_ && writes && !cover.no_write) copy.writer = run_->pieces[cover.piece].mapping;
}

// The unasked steps that a copy may see, neighbours and the CPU's own reads left out. `others_write`: other copies, or
// void.
Unasked Simulator::steps_alone(const Cell& cell, const CellCopy& copy, bool others_write) const {
    Unasked steps = copy.own;
    if (others_write) steps |= unasked(Event::written_elsewhere);
    if (copy.single) return steps;
    steps |= evictions;
    if (platform_.get<&Platform::speculates>()) steps |= unasked(Event::fill);
    if (copy.slot) return steps;
    // Another byte of the same line, where the cell has several.
    if (cell.several) steps |= beside(copy.own);
    if (copy.stray_beside) steps |= unasked(Event::device_write_beside);
    return steps;
}

// What a device that has strayed, over one cell of its own piece, does to a memory copy.
void Simulator::meet_stray(const Stray& stray, const Cell& owner, const Cell& cell, CellCopy& copy) {
    const Piece& p = run_->pieces[stray.piece];
    const uint8_t at = owner.cover_of(stray.piece);
    if (at == no_index || owner.covers[at].untold || !(owner.covers[at].owned || p.joint)) return;
    const bool coherent = platform_.get<&Device::coherent>(p.device);
    const uint64_t from = stray.phys + (owner.span.offset - p.offset - stray.offset);
    const uint64_t to = from + owner.bytes();
    if (copy.phys < from || copy.phys >= to) {
        bool same_line = !copy.slot && line_of(copy.phys) <= line_of(to - 1) &&
                         line_of(copy.phys + cell.bytes() - 1) >= line_of(from);
        copy.stray_beside |= coherent && same_line;
        return;
    }
    copy.own |= unasked(coherent ? Event::wild_write_coherent : Event::wild_write);
    if (copy.writer == no_mapping) copy.writer = p.mapping;
}

// Devices that keep writing to memory that has another owner by now.
void Simulator::look_for_strays(Cell& cell) {
    for (CellCopy& copy : cell.copies) copy.stray_beside = false;
    for (const Stray& stray : strays_) {
        const Piece& p = run_->pieces[stray.piece];
        if (!device_writes(p.direction)) continue;
        for (uint16_t i = pieces_[stray.piece].first; i < pieces_[stray.piece].end; i++) {
            const uint32_t at = cells_[i].span.offset - p.offset;
            if (at < stray.offset || at - stray.offset >= stray.size) continue;
            for (CellCopy& copy : cell.copies) meet_stray(stray, cells_[i], cell, copy);
        }
    }
}

// The unasked steps that a memory copy may see because of its neighbours.
Unasked Simulator::steps_beside(const Cell& cell, const CellCopy& copy) {
    Unasked steps = 0;
    each_beside(cell, copy.phys, [&](Cell& other, uint8_t at) {
        if (!other.surveyed) survey(other);
        steps |= other.copies[at].beside;
    });
    return steps;
}

// Closes every copy's set under the unasked steps. Is there anything to find? Most of the time, nothing that anybody
// sees is wrong.
bool Simulator::close(Cell& cell) {
    bool suspicious = explicitly_ | cell.lost_reader;
    for (CellCopy& copy : cell.copies) {
        Unasked steps = copy.alone;
        if (cell.shares_line && !copy.slot) steps |= steps_beside(cell, copy);
        if (traces_) write_down_closure(cell, copy, steps);
        const uint64_t after = closed(copy.set, steps);
        // The change of the views, not of all states: coarse enough that novelty means something.
        if (sink_ && after != copy.set)
            sink_->transition(
                ((static_cast<uint64_t>(seen_by_cpu(after)) << lane::bits | in_memory(after)) * 0xc2b2ae3d27d4eb4full) ^
                steps);
        copy.set = after;
        if (!explicitly_) suspicious |= (automaton_->suspicious(static_cast<Automaton::State>(after)) & copy.eyes) != 0;
    }
    return suspicious;
}

void Simulator::write_down_closure(const Cell& cell, const CellCopy& copy, Unasked steps) {
    uint8_t other = no_mapping;
    for (const CellCopy& o : cell.copies)
        if (&o != &copy && o.own & entitled_writes && o.writer != no_mapping) other = o.writer;
    if (other == no_mapping && cell.lost_writer)
        for (const CellCover& cover : cell.covers)
            if (write_misses(cover) && may_write(cover)) other = run_->pieces[cover.piece].mapping;
    traces_->push_back(
        {Trace::What::closure, op_, copy.name, Event::count_, steps, nowhere, copy.writer, other, set_of(copy.set), 0});
    if (!cell.lost_writer) return;
    for (const CellCover& cover : cell.covers)
        if (write_misses(cover) && may_write(cover)) traces_->back().lost_writer = run_->pieces[cover.piece].mapping;
}

void Simulator::write_down_holdings(const Cell& cell) {
    for (const CellCover& cover : cell.covers)
        if (cover.live)
            holdings_.push_back({op_, cell.index, run_->pieces[cover.piece].mapping, cover.joint, cover.owned});
}

void Simulator::report(Cell& cell, CorruptionKind kind, uint8_t copy, Lane wrong, bool sees_cache, uint8_t reader) {
    const uint8_t bit = static_cast<uint8_t>(1u << static_cast<int>(kind));
    if (cell.reported & bit) return;
    cell.reported |= bit;
    Corruption c;
    c.kind = kind;
    c.op = op_;
    c.cell = cell.index;
    c.span = cell.span;
    c.phys = cell.home_phys();
    c.mappings = cell.mappings;
    each_beside(cell, c.phys, [&](const Cell& other, uint8_t) { c.mappings |= other.mappings; });
    c.copy = cell.copies[copy].name;
    c.wrong = wrong;
    c.sees_cache = sees_cache;
    c.reader = reader;
    corruptions_.push_back(c);
    if (traces_) seen_after_.push_back(traces_->size());
}

void Simulator::expose(Cell& cell, uint8_t mapping) {
    if (cell.exposed) return;
    cell.exposed = true;
    harms_.push_back({HarmKind::exposure, op_, mapping, cell.span, cell.home_phys()});
}

void Simulator::look(Cell& cell) {
    if (cell.cpu_reads) {
        const Lane seen = view_by_cpu(cell);
        if (seen & lane::wrong) {
            if (Lane wrong = seen & stale_0)
                report(cell, CorruptionKind::stale_cpu_data, cell.home, wrong, !cell.uncached);
            if (Lane wrong = seen & lagging_0)
                report(cell, CorruptionKind::lost_cpu_write, cell.home, wrong, !cell.uncached);
            if (Lane wrong = seen & alien_0) report(cell, CorruptionKind::clobbered, cell.home, wrong, !cell.uncached);
        }
        if (seen & lane::foreign_given_up) expose(cell, no_mapping);
    }
    for (const CellCover& cover : cell.covers)
        if (may_read(cover)) look_by_device(cell, cover);
}

void Simulator::look_by_device(Cell& cell, const CellCover& cover) {
    const uint8_t mapping = run_->pieces[cover.piece].mapping;
    // Void: foreign bytes, given up or not as the granule is.
    if (read_misses(cover)) look_at_void(cell, cell.home, mapping);
    if (!read_lands(cover)) return;
    const uint64_t set = cell.copies[cover.copy].set;
    const bool sees_cache = cover.coherent && !cell.copies[cover.copy].slot;
    look_at_view(cell, cover.copy, sees_cache ? seen_by_cpu(set) : in_memory(set), sees_cache, mapping);
}

// What a device sees of a copy.
void Simulator::look_at_view(Cell& cell, uint8_t copy, Lane seen, bool sees_cache, uint8_t mapping) {
    if (Lane wrong = seen & stale_0) report(cell, CorruptionKind::stale_device_data, copy, wrong, sees_cache, mapping);
    if (Lane wrong = seen & alien_0)
        report(cell, CorruptionKind::foreign_device_data, copy, wrong, sees_cache, mapping);
    if (seen & lane::foreign_given_up) expose(cell, mapping);
}

// A device behind an IOMMU that owns void, or pages that forbid what it does: that is refused, whether or not the
// buffer lives.
void Simulator::look_for_faults(const Cell& cell) {
    for (const CellCover& cover : cell.covers) {
        const bool refused =
            (may_read(cover) && (cover.lost || cover.no_read)) || (may_write(cover) && (cover.lost || cover.no_write));
        if (refused && translates(run_->pieces[cover.piece].device)) harm(HarmKind::fault, cover.piece);
    }
}

// What is no copy of the cell: somebody else's bytes.
void Simulator::look_at_void(Cell& cell, uint8_t copy, uint8_t mapping) {
    const size_t before = corruptions_.size();
    look_at_view(cell, copy, foreign_as_given(cell.copies[copy].set), false, mapping);
    for (size_t i = before; i < corruptions_.size(); i++) corruptions_[i].reads_void = true;
}

void Simulator::settle(uint8_t op) {
    op_ = op;
    // Explicitly, nothing is taken for settled: that is how marks that are missing come to light.
    if (explicitly_)
        for (size_t i = 0; i < cell_count(); i++) reshape(cells_[i]);
    // Strays come and go without a word to those who live there.
    if (strays_seen_) each_dirty([](Cell& cell) { cell.surveyed = false; });
    each_dirty([&](Cell& cell) {
        if (!cell.surveyed) survey(cell);
        if (traces_) write_down_holdings(cell);
        if (cell.may_fault) look_for_faults(cell);
        if (!cell.live) return;
        if (close(cell)) look(cell);
    });
    for (uint64_t& cells : dirty_) cells = 0;
}

}  // namespace dmafuzz
