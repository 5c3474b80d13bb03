// Settling: the unasked steps after an operation, and the look for corruption.
// Source: the specification's coherency.md, 3., 5. and 6.
#include <algorithm>

#include "coherency/simulator.hpp"

namespace dmafuzz {

namespace {

constexpr Lane stale_0 = lane::bit(Flag::stale, false);
constexpr Lane lagging_0 = lane::bit(Flag::lagging, false);
constexpr Lane alien_0 = lane::bit(Flag::foreign, false) | lane::bit(Flag::wild, false);
constexpr Lane foreign_1 = lane::bit(Flag::foreign, true);

constexpr Unasked coherent_writes = unasked(Event::device_write_coherent) | unasked(Event::wild_write_coherent);

}  // namespace

// Who may read and write a cell, and what writers do to each of its copies.
void Simulator::survey(Cell& cell) {
    for (uint16_t index : cell.copies) {
        copies_[index].own = 0;
        copies_[index].writer = no_mapping;
        copies_[index].cpu_reads = copies_[index].ghost_beside = false;
    }
    cell.lost_writer = false;
    cell.cpu_reads = cell.cpu_writes = cell.live;
    for (uint16_t c : cell.covers) {
        const Cover& cover = covers_[c];
        const Piece& p = run_->pieces[cover.piece];
        if (!p.joint) {
            cell.cpu_writes = false;
            if (cover.owned && device_writes(p.direction)) cell.cpu_reads = false;
        }
        if (!cell.live || !may_write(cover)) continue;
        bool coherent = platform_->devices[p.device].coherent;
        if (cover.copy == nowhere) {
            cell.lost_writer = true;
            continue;
        }
        Copy& copy = copies_[cover.copy];
        bool past_cache = !coherent || copy.slot;
        if (cell.image) {
            // Nobody may write the kernel's image, whatever was mapped.
            copy.own |= unasked(past_cache ? Event::wild_write : Event::wild_write_coherent);
        } else {
            copy.own |= unasked(past_cache ? Event::device_write : Event::device_write_coherent);
        }
        copy.writer = p.mapping;
    }
    if (cell.image) cell.cpu_writes = cell.lost_writer = false;
    if (!cell.live) return;
    Copy& home = copies_[cell.home];
    home.cpu_reads = cell.cpu_reads && !cell.uncached;
    if (cell.cpu_writes) home.own |= unasked(cell.uncached ? Event::device_write : Event::cpu_write);
    survey_ghosts(cell);
    constexpr Unasked entitled = unasked(Event::cpu_write) | unasked(Event::device_write) | unasked(Event::device_write_coherent);
    cell.writers = 0;
    for (uint16_t index : cell.copies) cell.writers += (copies_[index].own & entitled) != 0;
}

// Mappings of dead buffers: their devices write on, where somebody else lives now.
void Simulator::survey_ghosts(Cell& cell) {
    for (uint8_t ghost : ghosts_) {
        const Piece& p = run_->pieces[ghost];
        if (p.via != Via::direct || !device_writes(p.direction)) continue;
        auto [first, last] = piece_covers_[ghost];
        for (size_t i = first; i < last; i++) {
            const Span& dead = cells_[covers_[i].cell].span;
            uint32_t at = dead.offset - p.offset;
            if (!covers_[i].owned && !p.joint) continue;
            if (at >= p.reach) continue;
            uint64_t from = p.phys + static_cast<uint64_t>(at) * granule_bytes;
            uint64_t to = from + static_cast<uint64_t>(dead.size) * granule_bytes;
            for (uint16_t index : cell.copies) {
                Copy& copy = copies_[index];
                if (copy.slot) continue;
                bool coherent = platform_->devices[p.device].coherent;
                if (copy.phys < from || copy.phys >= to) {
                    bool same_line = line_of(copy.phys) <= line_of(to - 1) && line_of(copy.phys + bytes_of(cell) - 1) >= line_of(from);
                    copy.ghost_beside |= coherent && same_line;
                    continue;
                }
                copy.own |= unasked(coherent ? Event::wild_write_coherent : Event::wild_write);
                if (copy.writer == no_mapping) copy.writer = p.mapping;
            }
        }
    }
}

void Simulator::close(Cell& cell) {
    constexpr Unasked entitled = unasked(Event::cpu_write) | unasked(Event::device_write) | unasked(Event::device_write_coherent);
    for (uint16_t index : cell.copies) {
        Copy& copy = copies_[index];
        Unasked steps = copy.own;
        bool others_write = cell.writers > ((copy.own & entitled) != 0) || cell.lost_writer;
        if (others_write) steps |= unasked(Event::written_elsewhere);
        if (!copy.single) {
            steps |= evictions;
            bool fills = platform_->speculates || copy.cpu_reads;
            // Another granule of the same line: of this cell, if it has several, or of a neighbour.
            bool several = cell.span.size > 1;
            Unasked beside = several ? copy.own : 0;
            each_beside(copy, [&](Copy& other) {
                beside |= other.own;
                fills |= other.cpu_reads;
            });
            if (copy.slot) beside = 0;
            if (fills) steps |= unasked(Event::fill);
            if (beside & unasked(Event::cpu_write)) steps |= unasked(Event::cpu_write_beside);
            if (beside & coherent_writes || copy.ghost_beside) steps |= unasked(Event::device_write_beside);
        }
        Set closed = automaton_.close(copy.set, steps);
        // The change of the views, not of all states: coarse enough that novelty means something.
        if (sink_ && closed != copy.set)
            sink_->transition(((static_cast<uint64_t>(cpu_view(closed)) << 10 | memory_view(closed)) * 0xc2b2ae3d27d4eb4full) ^ steps);
        if (traces_) {
            uint8_t other = no_mapping;
            for (uint16_t o : cell.copies)
                if (o != index && copies_[o].own & entitled && copies_[o].writer != no_mapping) other = copies_[o].writer;
            if (other == no_mapping && cell.lost_writer)
                for (uint16_t c : cell.covers)
                    if (covers_[c].copy == nowhere && may_write(covers_[c])) other = run_->pieces[covers_[c].piece].mapping;
            traces_->push_back({Trace::What::closure, op_, index, Event::count_, steps, nowhere, copy.writer, other, copy.set, 0});
        }
        copy.set = closed;
    }
}

void Simulator::report(Cell& cell, CorruptionKind kind, uint16_t copy, Lane wrong, bool sees_cache) {
    uint8_t bit = static_cast<uint8_t>(1u << static_cast<int>(kind));
    if (cell.reported & bit) return;
    cell.reported |= bit;
    Corruption c;
    c.kind = kind;
    c.op = op_;
    c.cell = static_cast<uint16_t>(&cell - cells_.data());
    c.span = cell.span;
    c.phys = copies_[cell.home].phys;
    c.mappings = cell.mappings;
    each_beside(copies_[cell.home], [&](Copy& other) { c.mappings |= cells_[other.cell].mappings; });
    c.copy = copy;
    c.wrong = wrong;
    c.sees_cache = sees_cache;
    corruptions_.push_back(c);
}

void Simulator::expose(Cell& cell, uint8_t mapping) {
    if (cell.exposed) return;
    cell.exposed = true;
    harms_.push_back({HarmKind::exposure, op_, mapping, cell.span, copies_[cell.home].phys});
}

void Simulator::look(Cell& cell) {
    if (cell.cpu_reads) {
        Lane seen = view_by_cpu(cell);
        if (Lane wrong = seen & stale_0) report(cell, CorruptionKind::stale_cpu_data, cell.home, wrong, !cell.uncached);
        if (Lane wrong = seen & lagging_0) report(cell, CorruptionKind::lost_cpu_write, cell.home, wrong, !cell.uncached);
        if (Lane wrong = seen & alien_0) report(cell, CorruptionKind::clobbered, cell.home, wrong, !cell.uncached);
        if (seen & foreign_1) expose(cell, no_mapping);
    }
    for (uint16_t c : cell.covers) {
        const Cover& cover = covers_[c];
        const Piece& p = run_->pieces[cover.piece];
        bool reads = may_read(cover);
        if (!reads) continue;
        Lane seen;
        bool sees_cache = false;
        uint16_t copy = cover.copy;
        if (copy == nowhere) {
            // Void: foreign bytes, given up or not as the granule is.
            Lane tokens = cpu_view(copies_[cell.home].set) | memory_view(copies_[cell.home].set);
            seen = static_cast<Lane>((tokens & lane::expected ? lane::bit(Flag::foreign, false) : 0) |
                                     (tokens & ~lane::expected & lane::all ? foreign_1 : 0));
            copy = cell.home;
        } else {
            sees_cache = platform_->devices[p.device].coherent && !copies_[copy].slot;
            seen = sees_cache ? cpu_view(copies_[copy].set) : memory_view(copies_[copy].set);
        }
        if (Lane wrong = seen & stale_0) report(cell, CorruptionKind::stale_device_data, copy, wrong, sees_cache);
        if (Lane wrong = seen & alien_0) report(cell, CorruptionKind::foreign_device_data, copy, wrong, sees_cache);
        if (seen & foreign_1) expose(cell, p.mapping);
    }
}

// A device behind an IOMMU that owns void: what it does there is refused, whether or not the buffer lives.
void Simulator::look_for_faults(const Cell& cell) {
    for (uint16_t c : cell.covers) {
        const Cover& cover = covers_[c];
        const Piece& p = run_->pieces[cover.piece];
        if (!cover.is_void || !(may_read(cover) || may_write(cover))) continue;
        if (platform_->iommu == Iommu::off || !platform_->devices[p.device].iommu) continue;
        bool known = std::any_of(harms_.begin(), harms_.end(),
                                 [&](const Harm& h) { return h.kind == HarmKind::fault && h.mapping == p.mapping; });
        if (!known) harms_.push_back({HarmKind::fault, op_, p.mapping});
    }
}

void Simulator::settle(uint8_t op) {
    op_ = op;
    std::sort(dirty_.begin(), dirty_.end());  // reports come in the order of cells
    for (uint16_t index : dirty_) survey(cells_[index]);
    for (uint16_t index : dirty_) {
        Cell& cell = cells_[index];
        cell.dirty = false;
        look_for_faults(cell);
        if (!cell.live) continue;
        close(cell);
        look(cell);
    }
    dirty_.clear();
}

}  // namespace dmafuzz
