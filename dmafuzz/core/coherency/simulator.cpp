#include "coherency/simulator.hpp"

#include <algorithm>
#include <bit>

namespace dmafuzz {

const char* name_of(CorruptionKind kind) {
    switch (kind) {
        case CorruptionKind::stale_cpu_data: return "stale-cpu-data";
        case CorruptionKind::lost_cpu_write: return "lost-cpu-write";
        case CorruptionKind::clobbered: return "clobbered";
        case CorruptionKind::stale_device_data: return "stale-device-data";
        case CorruptionKind::foreign_device_data: return "foreign-device-data";
        case CorruptionKind::stale_cpu_read: return "stale-cpu-read";
        case CorruptionKind::count_: break;
    }
    return "?";
}

const char* name_of(HarmKind kind) {
    switch (kind) {
        case HarmKind::exposure: return "exposure";
        case HarmKind::leak: return "leak";
        case HarmKind::fault: return "fault";
        case HarmKind::sleep_in_atomic: return "sleep-in-atomic";
        case HarmKind::count_: break;
    }
    return "?";
}

namespace {

constexpr Lane fresh_0 = lane::bit(Flag::fresh, false);
constexpr Lane foreign_1 = lane::bit(Flag::foreign, true);
constexpr Lane anything_0 = lane::expected;

// Just allocated: the CPU has written it through the cache, memory holds an earlier owner's bytes.
constexpr Set just_written = put(fresh_0, lane::cached_dirty) | put(lane::bit(Flag::foreign, false), lane::memory_dirty);
// Live data on a stack whose line has just been written.
constexpr Set stack_data = put(fresh_0, lane::cached_dirty) | put(fresh_0, lane::memory_dirty);
constexpr Set in_memory = put(fresh_0, lane::memory_absent);
constexpr Set empty_slot = put(lane::bit(Flag::foreign, false), lane::memory_absent);

Lane given_up_of(Set set) {
    Lane tokens = cpu_view(set) | memory_view(set);
    constexpr Lane zeros = lane::expected;
    return static_cast<Lane>(((tokens & zeros) ? 1 : 0) | ((tokens & ~zeros & lane::all) ? 2 : 0));
}

}  // namespace

Simulator::CopyFacts Simulator::facts(uint16_t copy) const {
    const Copy& c = copies_[copy];
    return {c.cell, c.slot, c.piece, c.home};
}

uint16_t Simulator::new_copy(uint16_t cell, Set set, uint64_t phys) {
    Copy copy;
    copy.set = set;
    copy.phys = phys;
    copy.cell = cell;
    copy.live = true;
    copies_.push_back(copy);
    uint16_t index = static_cast<uint16_t>(copies_.size() - 1);
    cells_[cell].copies.push_back(index);
    if (traces_) traces_->push_back({Trace::What::born, op_, index, Event::count_, 0, nowhere, no_mapping, no_mapping, set, 0});
    return index;
}

void Simulator::drop_copy(uint16_t index) {
    Copy& copy = copies_[index];
    copy.live = false;
    auto& copies = cells_[copy.cell].copies;
    copies.erase(std::find(copies.begin(), copies.end(), index));
}

// Forced events. A single copy has no cache: what the cache would do to it does not apply.
void Simulator::happen(uint16_t index, Event event) {
    Copy& copy = copies_[index];
    if (traces_) traces_->push_back({Trace::What::event, op_, index, event, 0, nowhere, no_mapping, no_mapping, copy.set, 0});
    copy.set = apply(event, copy.set);
    mark(cells_[copy.cell]);
}

void Simulator::elsewhere(const Cell& cell, uint16_t but, Event event) {
    for (uint16_t index : cell.copies)
        if (index != but) happen(index, event);
}

// The cell, and those that share lines with it, have to be looked at again.
void Simulator::touch(Cell& cell) {
    mark(cell);
    if (cell.alone) return;
    for (uint16_t index : cell.copies)
        if (!copies_[index].slot) each_beside(copies_[index], [&](Copy& other) { mark(cells_[other.cell]); });
}

void Simulator::alloc(uint8_t buffer, bool cached) {
    auto home_of = [&](Cell& cell, Set set) {
        uint16_t index = static_cast<uint16_t>(&cell - cells_.data());
        auto e = std::find_if(run_->extents.begin(), run_->extents.end(), [&](const Extent& x) {
            return x.buffer == cell.span.buffer && x.first && cell.span.offset >= x.offset && cell.span.offset < x.offset + x.size;
        });
        uint64_t phys = e->phys + static_cast<uint64_t>(cell.span.offset - e->offset) * granule_bytes;
        cell.live = true;
        cell.mappings = 0;
        cell.home = new_copy(index, set, phys);
        copies_[cell.home].home = true;
        if (cached)
            each_beside(copies_[cell.home], [&](Copy& other) {
                if (cells_[other.cell].span.buffer != buffer) happen(static_cast<uint16_t>(&other - copies_.data()), Event::cpu_write_beside);
            });
        touch(cell);
    };
    each_cell(buffer, 0, buffer_granules_max + 1u, [&](Cell& cell) { home_of(cell, cached ? just_written : in_memory); });
    if (run_->kinds[buffer] != BufferKind::stack) return;
    // The live data around it: in the lines that the buffer has part of.
    size_t own_first = first_cell_[buffer], own_end = first_cell_[buffer + 1];
    each_cell(stack_buffer, 0, 0x10000, [&](Cell& cell) {
        if (cell.live) return;
        auto e = std::find_if(run_->extents.begin(), run_->extents.end(), [&](const Extent& x) {
            return x.buffer == stack_buffer && cell.span.offset >= x.offset && cell.span.offset < x.offset + x.size;
        });
        uint64_t phys = e->phys + static_cast<uint64_t>(cell.span.offset - e->offset) * granule_bytes;
        bool shares = false;
        for (size_t i = own_first; i < own_end; i++)
            shares |= cells_[i].home != nowhere && line_of(copies_[cells_[i].home].phys + bytes_of(cells_[i]) - 1) >= line_of(phys) &&
                      line_of(copies_[cells_[i].home].phys) <= line_of(phys);
        if (shares) home_of(cell, stack_data);
    });
}

void Simulator::die(uint8_t buffer) {
    each_cell(buffer, 0, buffer_granules_max + 1u, [&](Cell& cell) {
        touch(cell);
        while (!cell.copies.empty()) drop_copy(cell.copies.back());
        // Ended mappings too: a slot that was never given back dies with what it is a copy of.
        for (Cover& cover : covers_)
            if (cover.cell == static_cast<size_t>(&cell - cells_.data())) cover.copy = nowhere;
        cell.live = false;
        cell.home = nowhere;
    });
    for (size_t i = 0; i < run_->pieces.size(); i++) {
        auto [first, last] = piece_covers_[i];
        bool live = first < last && covers_[first].live && run_->pieces[i].buffer == buffer;
        if (live) ghosts_.push_back(static_cast<uint8_t>(i));
    }
}

// Copy-on-write: the owner moves, mappings stay with the old page.
void Simulator::move(const Step& step) {
    each_cell(step.buffer, step.offset, step.size, [&](Cell& cell) {
        uint16_t index = static_cast<uint16_t>(&cell - cells_.data());
        uint64_t phys = step.phys + static_cast<uint64_t>(cell.span.offset - step.offset) * granule_bytes;
        touch(cell);
        uint16_t old = cell.home;
        Lane seen = cpu_view(copies_[old].set);
        Set fresh_page = copy_into(put(lane::bit(Flag::foreign, false), lane::memory_absent), seen);
        // Memory of the new page holds an earlier owner's bytes, given up or not as the granule is.
        Lane given = given_up_of(copies_[old].set);
        Lane foreign = static_cast<Lane>((given & 1 ? lane::bit(Flag::foreign, false) : 0) | (given & 2 ? foreign_1 : 0));
        fresh_page = put(foreign, lane::memory_dirty) | put(get(fresh_page, lane::cached_dirty), lane::cached_dirty);
        Set source_before = copies_[old].set;
        copies_[old].home = false;
        cell.home = new_copy(index, fresh_page, phys);
        copies_[cell.home].home = true;
        if (traces_)
            traces_->back() = {Trace::What::copied, op_, cell.home, Event::count_, 0, old, no_mapping, no_mapping, 0, source_before};
        bool mapped = std::any_of(cell.covers.begin(), cell.covers.end(), [&](uint16_t c) { return covers_[c].copy == old; });
        if (!mapped) drop_copy(old);
        touch(cell);
    });
}

void Simulator::begin(uint8_t index) {
    const Piece& p = run_->pieces[index];
    uint16_t first = static_cast<uint16_t>(covers_.size());
    each_cell(p.buffer, p.offset, p.size, [&](Cell& cell) {
        uint16_t cell_index = static_cast<uint16_t>(&cell - cells_.data());
        uint32_t at = cell.span.offset - p.offset;
        uint64_t phys = p.phys + static_cast<uint64_t>(at) * granule_bytes;
        uint16_t copy = nowhere;
        bool there = cell.live && copies_[cell.home].phys == phys && at < p.reach && p.via != Via::nothing;
        if (there && p.via == Via::direct) copy = cell.home;
        if (there && p.via == Via::slot) {
            // Given up or not is the granule's, not the copy's.
            Lane given = given_up_of(copies_[cell.home].set);
            Set set = (given & 1 ? empty_slot : 0) | (given & 2 ? put(foreign_1, lane::memory_absent) : 0);
            copy = new_copy(cell_index, set, 0);
            copies_[copy].slot = true;
            copies_[copy].piece = index;
            copies_[copy].single = platform_->devices[p.device].coherent;
        }
        cell.covers.push_back(static_cast<uint16_t>(covers_.size()));
        covers_.push_back({index, cell_index, copy, false, true, !there});
        touch(cell);
        cell.mappings |= uint64_t{1} << p.mapping;
    });
    piece_covers_[index] = {first, static_cast<uint16_t>(covers_.size())};
}

void Simulator::end(uint8_t index) {
    auto [first, last] = piece_covers_[index];
    for (size_t i = first; i < last; i++) {
        Cover& cover = covers_[i];
        Cell& cell = cells_[cover.cell];
        touch(cell);
        cover.live = cover.owned = false;
        cell.covers.erase(std::find(cell.covers.begin(), cell.covers.end(), static_cast<uint16_t>(i)));
        if (cover.copy == nowhere) continue;
        Copy& copy = copies_[cover.copy];
        // A slot that no call has given back keeps its bytes: a later call at its address copies them.
        bool still = copy.home || copy.slot || std::any_of(cell.covers.begin(), cell.covers.end(), [&](uint16_t c) { return covers_[c].copy == cover.copy; });
        if (!still) drop_copy(cover.copy);
    }
    ghosts_.erase(std::remove(ghosts_.begin(), ghosts_.end(), index), ghosts_.end());
}

void Simulator::slot_gone(uint8_t index) {
    each_cover(index, 0, buffer_granules_max + 1u, [&](Cover& cover) {
        if (cover.copy == nowhere || !copies_[cover.copy].slot) return;
        touch(cells_[cover.cell]);
        drop_copy(cover.copy);
        cover.copy = nowhere;
    });
}

// Another call has taken the translation or the slot away: void from now on.
void Simulator::cut_off(uint8_t index) {
    each_cover(index, 0, buffer_granules_max + 1u, [&](Cover& cover) {
        Cell& cell = cells_[cover.cell];
        touch(cell);
        cover.is_void = true;
        if (cover.copy == nowhere) return;
        uint16_t copy = cover.copy;
        cover.copy = nowhere;
        if (copies_[copy].slot) drop_copy(copy);
    });
    ghosts_.erase(std::remove(ghosts_.begin(), ghosts_.end(), index), ghosts_.end());
}

// Ownership. At a hand-over the device's view must see everything written so far, and what
// is handed over FROM_DEVICE is given up.
void Simulator::own(const Step& step, bool device) {
    const Piece& p = run_->pieces[step.piece];
    bool coherent = platform_->devices[p.device].coherent;
    each_cover(step.piece, step.offset, step.size, [&](Cover& cover) {
        Cell& cell = cells_[cover.cell];
        touch(cell);
        cover.owned = device;
        if (!device || !cell.live) return;
        if (cover.copy != nowhere) {
            bool sees_cache = coherent && !copies_[cover.copy].slot;
            happen(cover.copy, sees_cache ? Event::hand_over_coherent : Event::hand_over);
        }
        if (p.direction == Direction::from_device && !cell.image)
            for (uint16_t copy : cell.copies) happen(copy, Event::give_up);
    });
}

Lane Simulator::view_by_cpu(const Cell& cell) const {
    Set set = copies_[cell.home].set;
    if (!cell.uncached) return cpu_view(set);
    Lane cached = get(set, lane::cached_clean) | get(set, lane::cached_dirty);
    return static_cast<Lane>(memory_view(set) | (platform_->mismatched_aliases_hit ? cached : 0));
}

void Simulator::cpu_access(const Step& step) {
    each_cell(step.buffer, step.offset, step.size, [&](Cell& cell) {
        if (!cell.live) return;
        Copy& home = copies_[cell.home];
        touch(cell);
        if (step.kind == StepKind::cpu_read) {
            Lane seen = view_by_cpu(cell);
            if (Lane wrong = seen & anything_0 & ~fresh_0) report(cell, CorruptionKind::stale_cpu_read, cell.home, wrong, !cell.uncached);
            if (seen & foreign_1 && cell.cpu_reads) expose(cell, no_mapping);
            if (!cell.uncached) happen(cell.home, Event::fill);
            // The line is there for its other granules too.
            if (!cell.uncached) each_beside(home, [&](Copy& other) { happen(static_cast<uint16_t>(&other - copies_.data()), Event::fill); });
            return;
        }
        bool ordered = step.kind == StepKind::cpu_write;
        if (cell.uncached) happen(cell.home, ordered ? Event::device_write : Event::dirty_past_cache);
        else happen(cell.home, ordered ? Event::cpu_write : Event::cpu_dirty);
        elsewhere(cell, cell.home, ordered ? Event::written_elsewhere : Event::dirtied_elsewhere);
        if (!cell.uncached)
            each_beside(home, [&](Copy& other) {
                const Span& s = cells_[other.cell].span;
                bool written_too = s.buffer == step.buffer && s.offset >= step.offset && s.offset < step.offset + step.size && other.home;
                if (!written_too) happen(static_cast<uint16_t>(&other - copies_.data()), Event::cpu_write_beside);
            });
    });
}

void Simulator::maintain(const Step& step) {
    if (step.maintenance == Maintenance::none || step.size == 0) return;
    const uint64_t line = static_cast<uint64_t>(platform_->line), mask = line - 1;
    uint64_t from = step.phys, to = step.phys + static_cast<uint64_t>(step.size) * granule_bytes;
    uint64_t first = from & ~mask, last = (to + mask) & ~mask;
    bool unaligned = ((from | to) & mask) != 0;
    for (size_t i = 0; i < copies_.size(); i++) {
        Copy& copy = copies_[i];
        if (!copy.live || copy.slot || copy.phys < first || copy.phys >= last) continue;
        uint64_t at = copy.phys & ~mask;
        bool in_part = at < from || at + line > to;
        Event event = Event::clean;
        if (step.maintenance == Maintenance::clean_invalidate) event = Event::clean_invalidate;
        if (step.maintenance == Maintenance::invalidate) {
            bool protects = (platform_->edges == Edges::clean && in_part) || (platform_->edges == Edges::whole_range && unaligned);
            event = protects ? Event::clean_invalidate : Event::invalidate;
        }
        happen(static_cast<uint16_t>(i), event);
    }
}

void Simulator::maintain_slot(const Step& step) {
    if (step.maintenance == Maintenance::none) return;
    Event event = step.maintenance == Maintenance::clean        ? Event::clean
                  : step.maintenance == Maintenance::invalidate ? Event::invalidate
                                                                : Event::clean_invalidate;
    each_cover(step.piece, step.offset, step.size, [&](Cover& cover) {
        if (cover.copy != nowhere && copies_[cover.copy].slot) happen(cover.copy, event);
    });
}

void Simulator::copy_between(const Step& step, bool into_slot) {
    const Piece& p = run_->pieces[step.piece];
    each_cover(step.piece, step.offset, step.size, [&](Cover& cover) {
        Cell& cell = cells_[cover.cell];
        uint64_t phys = p.phys + static_cast<uint64_t>(cell.span.offset - p.offset) * granule_bytes;
        uint16_t slot = cover.copy;
        bool have_slot = slot != nowhere && copies_[slot].slot;
        // The memory it was mapped from: the owner's home, or its old page.
        uint16_t memory = nowhere;
        for (size_t i = 0; i < copies_.size(); i++)
            if (copies_[i].live && !copies_[i].slot && copies_[i].phys <= phys && phys < copies_[i].phys + bytes_of(cells_[copies_[i].cell]))
                memory = static_cast<uint16_t>(i);
        bool own_memory = memory != nowhere && copies_[memory].cell == cover.cell;
        if (!have_slot || !own_memory) {
            // The buffer is dead: what comes back lands on whoever lives there now, through the cache.
            if (p.via != Via::slot || cell.live) return;
            each_in_lines(phys, phys + bytes_of(cell), [&](uint16_t index, bool inside) {
                touch(cells_[copies_[index].cell]);
                happen(index, into_slot ? Event::fill : inside ? Event::wild_copy : Event::cpu_write_beside);
            });
            return;
        }
        uint16_t from = into_slot ? memory : slot, to = into_slot ? slot : memory;
        if (!copies_[from].single) happen(from, Event::fill);
        Set source = copies_[from].set;
        Lane seen = cpu_view(source);
        Set before = copies_[to].set;
        copies_[to].set = copies_[to].single ? put(seen, lane::memory_absent) : copy_into(before, seen);
        if (traces_)
            traces_->push_back({Trace::What::copied, op_, to, Event::count_, 0, from, no_mapping, no_mapping, before, source});
        touch(cell);
        if (into_slot) {
            each_beside(copies_[from], [&](Copy& beside) { happen(static_cast<uint16_t>(&beside - copies_.data()), Event::fill); });
            return;
        }
        each_beside(copies_[to], [&](Copy& beside) {
            const Cell& other = cells_[beside.cell];
            bool copied_too = std::any_of(other.covers.begin(), other.covers.end(), [&](uint16_t c) {
                return covers_[c].piece == step.piece && covers_[c].copy != nowhere;
            });
            uint32_t at = other.span.offset - p.offset;
            copied_too &= at >= step.offset && at < step.offset + step.size;
            if (!copied_too) happen(static_cast<uint16_t>(&beside - copies_.data()), Event::cpu_write_beside);
        });
    });
}

bool Simulator::may_write(const Cover& cover) const {
    const Piece& p = run_->pieces[cover.piece];
    return cover.live && (cover.owned || p.joint) && device_writes(p.direction);
}

bool Simulator::may_read(const Cover& cover) const {
    const Piece& p = run_->pieces[cover.piece];
    return cover.live && (cover.owned || p.joint) && device_reads(p.direction);
}

// A device line of the program, where the device is entitled: like any other write of a device.
void Simulator::device_write(const Step& step) {
    bool coherent = platform_->devices[run_->pieces[step.piece].device].coherent;
    each_cover(step.piece, step.offset, step.size, [&](Cover& cover) {
        Cell& cell = cells_[cover.cell];
        if (!cell.live || cell.image || !may_write(cover)) return;
        touch(cell);
        elsewhere(cell, cover.copy, Event::written_elsewhere);
        if (cover.copy == nowhere) return;
        bool past_cache = !coherent || copies_[cover.copy].slot;
        happen(cover.copy, past_cache ? Event::device_write : Event::device_write_coherent);
        if (past_cache) return;
        each_beside(copies_[cover.copy], [&](Copy& other) { happen(static_cast<uint16_t>(&other - copies_.data()), Event::device_write_beside); });
    });
}

void Simulator::wild(const Step& step) {
    auto entitled = [&](uint16_t cell) {
        auto [first, last] = piece_covers_[step.asker];
        for (size_t i = first; i < last; i++)
            if (covers_[i].cell == cell && may_write(covers_[i]) && cells_[cell].live && !cells_[cell].image) return true;
        return false;
    };
    if (step.kind == StepKind::wild_slot) {
        each_cover(step.piece, step.offset, step.size, [&](Cover& cover) {
            if (cover.copy == nowhere || !copies_[cover.copy].slot || entitled(cover.cell)) return;
            happen(cover.copy, Event::wild_write);
        });
        return;
    }
    uint64_t to = step.phys + static_cast<uint64_t>(step.size) * granule_bytes;
    each_in_lines(step.phys, to, [&](uint16_t index, bool inside) {
        if (inside && entitled(copies_[index].cell)) return;
        if (!inside && !step.coherent) return;
        touch(cells_[copies_[index].cell]);
        Set before = copies_[index].set;
        if (inside) happen(index, step.coherent ? Event::wild_write_coherent : Event::wild_write);
        else happen(index, Event::device_write_beside);
        if (step.maybe) copies_[index].set |= before;
    });
}

void Simulator::take(const Step& step) {
    op_ = step.op;
    auto harm = [&](HarmKind kind) {
        uint8_t mapping = run_->pieces[step.piece].mapping;
        for (const Harm& h : harms_)
            if (h.kind == kind && h.mapping == mapping) return;
        harms_.push_back({kind, step.op, mapping});
    };
    switch (step.kind) {
        case StepKind::alloc: return alloc(step.buffer, true);
        case StepKind::appear: return alloc(step.buffer, false);
        case StepKind::die: return die(step.buffer);
        case StepKind::move: return move(step);
        case StepKind::cpu_read:
        case StepKind::cpu_write:
        case StepKind::cpu_dirty: return cpu_access(step);
        case StepKind::begin: return begin(step.piece);
        case StepKind::end: return end(step.piece);
        case StepKind::to_device: return own(step, true);
        case StepKind::to_cpu: return own(step, false);
        case StepKind::maintain: return maintain(step);
        case StepKind::maintain_slot: return maintain_slot(step);
        case StepKind::copy_in: return copy_between(step, true);
        case StepKind::copy_back: return copy_between(step, false);
        case StepKind::slot_gone: return slot_gone(step.piece);
        case StepKind::cut_off: return cut_off(step.piece);
        case StepKind::device_write: return device_write(step);
        case StepKind::wild_memory:
        case StepKind::wild_slot: return wild(step);
        case StepKind::fault: return harm(HarmKind::fault);
        case StepKind::sleep: return harm(HarmKind::sleep_in_atomic);
        case StepKind::settle: return settle(step.op);
    }
}

void Simulator::simulate(const Run& run, const Platform& platform, TransitionSink* sink, std::vector<Trace>* traces) {
    run_ = &run;
    platform_ = &platform;
    sink_ = sink;
    traces_ = traces;
    line_shift_ = std::countr_zero(static_cast<unsigned>(platform.line));
    copies_.clear();
    covers_.clear();
    ghosts_.clear();
    dirty_.clear();
    corruptions_.clear();
    harms_.clear();
    piece_covers_.assign(run.pieces.size(), {0, 0});
    build_cells(run);
    for (const Step& step : run.steps) take(step);
}

}  // namespace dmafuzz
