// SPDX-License-Identifier: GPL-2.0-only
#include "coherency/simulator.hpp"

#include <algorithm>

#include "check/check.hpp"
#include "run/consistent.hpp"

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
        case HarmKind::oops: return "oops";
        case HarmKind::wrong_free: return "wrong-free";
        case HarmKind::count_: break;
    }
    return "?";
}

namespace {

constexpr Lane fresh_0 = lane::bit(Flag::fresh, false);
constexpr Lane foreign_0 = lane::bit(Flag::foreign, false);

// Just allocated: the CPU has written it through the cache, memory holds an earlier owner's bytes.
constexpr Set just_written = put(fresh_0, lane::cached_dirty) | put(foreign_0, lane::memory_dirty);
// Live data on a stack whose line has just been written.
constexpr Set stack_data = put(fresh_0, lane::cached_dirty) | put(fresh_0, lane::memory_dirty);
constexpr Set fresh_in_memory = put(fresh_0, lane::memory_absent);

// Does anything begin or end inside of the widest line that there is? Where nothing does, lines of all sizes are alike.
bool inside_lines(const Run& run) {
    uint64_t places = 0;
    for (const Extent& e : run.extents) places |= e.phys | e.size;
    for (const Range& r : run.ranges) places |= r.from | r.to;
    return places % line_bytes_max != 0;
}

Event maintenance_event(Maintenance maintenance) {
    if (maintenance == Maintenance::clean) return Event::clean;
    return maintenance == Maintenance::invalidate ? Event::invalidate : Event::clean_invalidate;
}

}  // namespace

// ---- Copies

uint8_t Simulator::new_copy(Cell& cell, uint64_t state, uint64_t phys, bool slot, uint8_t piece) {
    CellCopy& copy = cell.copies.emplace_back();
    copy.set = state;
    copy.phys = phys;
    copy.name = static_cast<uint16_t>(births_.size());
    copy.slot = slot;
    births_.push_back({cell.index, slot, piece, phys, op_, false});
    if (traces_)
        traces_->push_back(
            {Trace::What::born, op_, copy.name, Event::count_, 0, nowhere, no_mapping, no_mapping, set_of(state), 0});
    return static_cast<uint8_t>(cell.copies.size() - 1);
}

void Simulator::happen(Cell& cell, uint8_t index, Event event) {
    CellCopy& copy = cell.copies[index];
    if (traces_)
        traces_->push_back(
            {Trace::What::event, op_, copy.name, event, 0, nowhere, no_mapping, no_mapping, set_of(copy.set), 0});
    copy.set = next(event, copy.set);
    mark(cell);
}

// The one or the other, or, for count_, nothing.
void Simulator::happen_or(Cell& cell, uint8_t index, Event event, Event instead) {
    const uint64_t before = cell.copies[index].set;
    happen(cell, index, event);
    if (traces_) {
        traces_->back().maybe = true;
        traces_->back().instead = instead;
    }
    const uint64_t other = instead == Event::count_ ? before : next(instead, before);
    cell.copies[index].set = of(set_of(cell.copies[index].set) | set_of(other));
}

void Simulator::happen_to_all(Cell& cell, uint8_t but, Event event) {
    for (uint8_t i = 0; i < cell.copies.size(); i++)
        if (i != but) happen(cell, i, event);
}

// Given up or not, in the states of a set: bit 0 no, bit 1 yes.
Lane Simulator::given_up_of(uint64_t state) const {
    Lane tokens = seen_by_cpu(state) | in_memory(state);
    return static_cast<Lane>((tokens & lane::expected ? 1 : 0) | (tokens & ~lane::expected & lane::all ? 2 : 0));
}

// Foreign bytes, given up or not as the granule is: that is the granule's, not the copy's.
Lane Simulator::foreign_as_given(uint64_t state) const {
    Lane given = given_up_of(state);
    return static_cast<Lane>((given & 1 ? foreign_0 : 0) | (given & 2 ? lane::foreign_given_up : 0));
}

// ---- Buffers

void Simulator::alloc_cell(uint16_t index, uint8_t buffer, uint64_t state, bool cached) {
    Cell& cell = cells_[index];
    const uint64_t phys = cutting_.shapes()[index].phys;
    cell.live = true;
    cell.home = new_copy(cell, state, phys, false, 0);
    if (cached)
        each_beside(cell, phys, [&](Cell& other, uint8_t copy) {
            if (other.span.buffer != buffer) happen(other, copy, Event::cpu_write_beside);
        });
    reshape(cell);
}

void Simulator::alloc(uint8_t buffer, bool cached) {
    const uint64_t state = of(cached ? just_written : fresh_in_memory);
    each_cell(buffer, 0, whole, [&](Cell& cell) { alloc_cell(cell.index, buffer, state, cached); });
    if (run_->kinds[buffer] == BufferKind::stack) alloc_live_stack(buffer, cached);
}

// The live data around a stack buffer: in the lines that the buffer has part of.
void Simulator::alloc_live_stack(uint8_t buffer, bool cached) {
    each_cell(stack_buffer, 0, whole, [&](Cell& cell) {
        if (cell.live) return;
        const uint64_t line = line_of(cutting_.shapes()[cell.index].phys);
        bool shares = false;
        each_cell(buffer, 0, whole, [&](Cell& own) {
            shares |= line_of(own.home_phys() + own.bytes() - 1) >= line && line_of(own.home_phys()) <= line;
        });
        if (shares) alloc_cell(cell.index, buffer, of(stack_data), cached);
    });
}

void Simulator::die(uint8_t buffer) {
    each_cell(buffer, 0, whole, [&](Cell& cell) {
        reshape(cell);
        // Devices go on with the memory that they got at.
        for (const CellCover& cover : cell.covers)
            if (cover.live && write_lands(cover) && !cell.copies[cover.copy].slot)
                add_stray(cover.piece, cell.span.offset - run_->pieces[cover.piece].offset, cell.span.size,
                          cell.copies[cover.copy].phys);
        cell.copies.clear();
        // Ended mappings too: a slot that was never given back dies with what it is a copy of.
        for (CellCover& cover : cell.covers) cover.copy = cover.slot = no_index;
        std::erase_if(cell.covers, [](const CellCover& c) { return !c.live; });
        cell.live = false;
        cell.home = no_index;
    });
}

// Copy-on-write: the owner moves, mappings stay with the old page.
void Simulator::move(const Step& step) {
    moved_ = true;
    each_cell(step.buffer, step.offset, step.size, [&](Cell& cell) {
        reshape(cell);
        const uint8_t old = cell.home;
        const uint64_t source = cell.copies[old].set;
        const uint64_t phys = step.phys + (cell.span.offset - step.offset);
        // Memory of the new page holds an earlier owner's bytes, given up or not as the granule is.
        const Set copied = copy_into(put(foreign_0, lane::memory_absent), seen_by_cpu(source));
        const Set page = put(foreign_as_given(source), lane::memory_dirty) |
                         put(get(copied, lane::cached_dirty), lane::cached_dirty);
        cell.home = new_copy(cell, of(page), phys, false, 0);
        if (traces_)
            traces_->back() = {Trace::What::copied, op_,        cell.copies[cell.home].name,
                               Event::count_,       0,          cell.copies[old].name,
                               no_mapping,          no_mapping, 0,
                               set_of(source)};
        cell.copies[old].listed = step.listed;
    });
    release_old_pages();
}

// An old page is known as long as anything refers to it, or to its neighbourhood: a live mapping, a slot that was
// mapped from it, a list.
bool Simulator::known(const CellCopy& old) const {
    if (old.listed) return true;
    const uint64_t page = old.phys / page_bytes * page_bytes;
    for (size_t i = 0; i < pieces_.size(); i++) {
        const Piece& p = run_->pieces[i];
        if ((pieces_[i].live || pieces_[i].slot_left) && p.phys < page + page_bytes && page < p.phys + p.size)
            return true;
    }
    return false;
}

// Those that nothing refers to any more.
void Simulator::release_old_pages() {
    if (!moved_) return;
    for (size_t i = 0; i < cell_count(); i++) {
        Cell& cell = cells_[i];
        for (uint8_t k = 0; k < cell.copies.size(); k++) {
            if (!cell.live || k == cell.home || cell.copies[k].slot || known(cell.copies[k])) continue;
            reshape(cell);
            for (CellCover& cover : cell.covers) cover.elsewhere |= cover.copy == k;
            cell.drop_copy(k--);
        }
    }
}

// ---- Accesses

Lane Simulator::view_by_cpu(const Cell& cell) const {
    const uint64_t state = cell.copies[cell.home].set;
    if (!cell.uncached) return seen_by_cpu(state);
    Lane cached = get(set_of(state), lane::cached_clean) | get(set_of(state), lane::cached_dirty);
    return static_cast<Lane>(in_memory(state) | (platform_.get<&Platform::mismatched_aliases_hit>() ? cached : 0));
}

void Simulator::cpu_access(const Step& step) {
    each_cell(step.buffer, step.offset, step.size, [&](Cell& cell) {
        if (!cell.live) return;
        step.kind == StepKind::cpu_read ? cpu_read(cell) : cpu_write(step, cell);
        touch(cell);
    });
}

void Simulator::cpu_read(Cell& cell) {
    Lane seen = view_by_cpu(cell);
    if (Lane wrong = seen & lane::wrong) report(cell, CorruptionKind::stale_cpu_read, cell.home, wrong, !cell.uncached);
    if (seen & lane::foreign_given_up && cell.cpu_reads) expose(cell, no_mapping);
    if (cell.uncached) return;
    happen(cell, cell.home, Event::fill);
    // The line is there for its other granules too.
    each_beside(cell, cell.home_phys(), [&](Cell& other, uint8_t copy) { happen(other, copy, Event::fill); });
}

void Simulator::cpu_write(const Step& step, Cell& cell) {
    const bool ordered = step.kind == StepKind::cpu_write;
    if (cell.uncached) happen(cell, cell.home, ordered ? Event::device_write : Event::dirty_past_cache);
    else happen(cell, cell.home, ordered ? Event::cpu_write : Event::cpu_dirty);
    happen_to_all(cell, cell.home, ordered ? Event::written_elsewhere : Event::dirtied_elsewhere);
    if (cell.uncached) return;
    each_beside(cell, cell.home_phys(), [&](Cell& other, uint8_t copy) {
        const Span& s = other.span;
        bool written_too = s.buffer == step.buffer && s.offset >= step.offset && s.offset < step.offset + step.size &&
                           copy == other.home;
        if (!written_too) happen(other, copy, Event::cpu_write_beside);
    });
}

void Simulator::maintain(const Step& step) {
    if (step.maintenance == Maintenance::none || step.size == 0) return;
    const uint64_t line = uint64_t{1} << line_shift_, mask = line - 1;
    const uint64_t from = step.phys, to = step.phys + static_cast<uint64_t>(step.size);
    const uint64_t first = from & ~mask, last = (to + mask) & ~mask;
    const bool unaligned = ((from | to) & mask) != 0, invalidates = step.maintenance == Maintenance::invalidate;
    auto spared = [&](bool in_part) {
        const Edges edges = platform_.get<&Platform::edges>();
        return edges == Edges::whole_range || (edges == Edges::clean && in_part);
    };
    each_memory_copy([&](Cell& cell, uint8_t copy, uint64_t phys) {
        if (phys < first || phys >= last) return;
        const uint64_t at = phys & ~mask;
        bool in_part = at < from || at + line > to;
        happen(cell, copy,
               invalidates && unaligned && spared(in_part) ? Event::clean_invalidate
                                                           : maintenance_event(step.maintenance));
    });
}

void Simulator::maintain_slot(const Step& step) {
    if (step.maintenance == Maintenance::none) return;
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at != no_index && cell.covers[at].slot != no_index)
            happen(cell, cell.covers[at].slot, maintenance_event(step.maintenance));
    });
}

void Simulator::copy_between(const Step& step, bool into_slot) {
    const Piece& p = run_->pieces[step.piece];
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        const uint64_t phys = p.phys + (cell.span.offset - p.offset);
        // The memory it was mapped from: the owner's home, or its old page.
        const uint8_t memory = cell.memory_at(phys);
        const uint8_t slot = at == no_index ? no_index : cell.covers[at].slot;
        if (slot == no_index || memory == no_index) {
            // A page that came to that address after the map has no slot either.
            if (p.via == Via::slot)
                copy_of_others(phys, phys + cell.bytes(), into_slot ? Event::fill : Event::wild_copy);
            return;
        }
        copy(cell, into_slot ? memory : slot, into_slot ? slot : memory);
        touch(cell);
        each_beside(cell, phys, [&](Cell& other, uint8_t beside) {
            if (into_slot) happen(other, beside, Event::fill);
            else if (!copied_too(step, other)) happen(other, beside, Event::cpu_write_beside);
        });
    });
}

// Through the cache on both sides; a single copy has none.
void Simulator::copy(Cell& cell, uint8_t from, uint8_t to) {
    if (!cell.copies[from].single) happen(cell, from, Event::fill);
    CellCopy& target = cell.copies[to];
    const Set source = set_of(cell.copies[from].set), before = set_of(target.set);
    const Lane seen = cpu_view(source);
    target.set = of(target.single ? put(seen, lane::memory_absent) : copy_into(before, seen));
    if (traces_)
        traces_->push_back({Trace::What::copied, op_, target.name, Event::count_, 0, cell.copies[from].name, no_mapping,
                            no_mapping, before, source});
}

// The memory is, or has become, somebody else's: what happens to whoever lives there, through the cache.
void Simulator::copy_of_others(uint64_t from, uint64_t to, Event event) {
    each_in_lines(from, to, [&](Cell& other, uint8_t copy, bool inside) {
        touch(other);
        happen(other, copy, inside || event == Event::fill ? event : Event::cpu_write_beside);
    });
}

// Is the cell within the range of the copy as well?
bool Simulator::copied_too(const Step& step, const Cell& cell) const {
    const uint8_t at = cell.cover_of(step.piece);
    if (at == no_index || !cell.covers[at].live || cell.covers[at].copy == no_index) return false;
    const uint32_t at_byte = cell.span.offset - run_->pieces[step.piece].offset;
    return at_byte >= step.offset && at_byte < step.offset + step.size;
}

// A device line of the program, where the device is entitled: like any other write of a device.
void Simulator::device_write(const Step& step) {
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (!entitled(cell, at)) return;
        const CellCover cover = cell.covers[at];
        touch(cell);
        happen_to_all(cell, write_lands(cover) ? cover.copy : no_index, Event::written_elsewhere);
        hit(cell, cover, Event::device_write, Event::written_elsewhere);
    });
}

// What a device writes lands on the copy that it gets at; `instead`: what happens to that one where it comes to
// nothing.
void Simulator::hit(Cell& cell, const CellCover& cover, Event event, Event instead) {
    if (!write_lands(cover)) return;
    const bool past_cache = !cover.coherent || cell.copies[cover.copy].slot, maybe = write_misses(cover);
    if (!past_cache) event = Event::device_write_coherent;
    maybe ? happen_or(cell, cover.copy, event, instead) : happen(cell, cover.copy, event);
    if (past_cache) return;
    each_beside(cell, cell.copies[cover.copy].phys, [&](Cell& other, uint8_t copy) {
        maybe ? happen_or(other, copy, Event::device_write_beside, Event::count_)
              : happen(other, copy, Event::device_write_beside);
    });
}

// The same while the CPU looks, whichever side owns it: what it has not seen yet it is not behind of.
void Simulator::device_post(const Step& step) {
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at == no_index || !cell.live || cell.image || !cell.covers[at].live ||
            !device_writes(cell.covers[at].direction))
            return;
        const CellCover cover = cell.covers[at];
        touch(cell);
        cell.posted = true;
        auto behind = [&](uint8_t copy) {
            return cell.copies[copy].slot ? Event::written_elsewhere : Event::posted_elsewhere;
        };
        for (uint8_t i = 0; i < cell.copies.size(); i++)
            if (i != cover.copy || !write_lands(cover)) happen(cell, i, behind(i));
        if (write_lands(cover)) hit(cell, cover, Event::post, behind(cover.copy));
    });
}

// A device reads past its mapping's end, in the mapping's buffer: from its memory at `phys`, or, without one, what is
// not its own.
void Simulator::device_read(const Step& step) {
    const Piece& p = run_->pieces[step.piece];
    const uint32_t start = p.offset + step.offset;
    each_cell(p.buffer, start, step.size, [&](Cell& cell) {
        if (!cell.live) return;
        const uint8_t there = step.phys ? cell.copy_at(step.phys + (cell.span.offset - start)) : no_index;
        const uint8_t copy = there == no_index ? cell.home : there;
        const uint64_t set = cell.copies[copy].set;
        const bool sees_cache = step.coherent && !cell.copies[copy].slot;
        if (there == no_index) return look_at_void(cell, copy, p.mapping);
        look_at_view(cell, copy, sees_cache ? seen_by_cpu(set) : in_memory(set), sees_cache, p.mapping);
    });
}

bool Simulator::entitled(const Cell& cell, uint8_t cover) const {
    return cover != no_index && cell.live && !cell.image && may_write(cell.covers[cover]);
}

// May the line's device write there? One that posts need not own it.
bool Simulator::entitled(const Cell& cell, const Step& line) const {
    const uint8_t cover = cell.cover_of(line.asker);
    if (!line.post) return entitled(cell, cover);
    return cover != no_index && cell.live && !cell.image && cell.covers[cover].live &&
           device_writes(cell.covers[cover].direction);
}

// A device write that is not entitled; but where the piece it goes through is, nothing wild happens.
void Simulator::wild(const Step& step) {
    each_in_lines(step.phys, step.phys + static_cast<uint64_t>(step.size), [&](Cell& cell, uint8_t copy, bool inside) {
        if (inside ? entitled(cell, step) : !step.coherent) return;
        touch(cell);
        const Event event = !inside         ? Event::device_write_beside
                            : step.coherent ? Event::wild_write_coherent
                                            : Event::wild_write;
        step.maybe ? happen_or(cell, copy, event, Event::count_) : happen(cell, copy, event);
    });
}

// Without an asker it is the CPU that copies, through the cache.
void Simulator::wild_in_slot(const Step& step) {
    each_cover(step.piece, step.offset, step.size, [&](Cell& cell, uint8_t at) {
        if (at == no_index || cell.covers[at].slot == no_index || entitled(cell, step)) return;
        const uint8_t slot = cell.covers[at].slot;
        const bool past_cache = step.asker != no_mapping || cell.copies[slot].single;
        const Event event = past_cache ? Event::wild_write : Event::wild_copy;
        step.maybe ? happen_or(cell, slot, event, Event::count_) : happen(cell, slot, event);
    });
}

// ---- The walk

void Simulator::harm(HarmKind kind, uint8_t piece) {
    uint8_t mapping = run_->pieces[piece].mapping;
    for (const Harm& h : harms_)
        if (h.kind == kind && h.mapping == mapping) return;
    harms_.push_back({kind, op_, mapping});
}

void Simulator::perform(const Step& step) {
    DMAFUZZ_CHECK(consistent(*run_, step));
    op_ = step.op;
    switch (step.kind) {
        case StepKind::alloc: return alloc(step.buffer, true);
        case StepKind::appear: return alloc(step.buffer, false);
        case StepKind::die: return die(step.buffer);
        case StepKind::move: return move(step);
        case StepKind::cpu_read:
        case StepKind::cpu_write:
        case StepKind::cpu_dirty: return cpu_access(step);
        case StepKind::begin: return begin(step);
        case StepKind::told: return tell(step.piece);
        case StepKind::end: return end(step);
        case StepKind::to_device: return own(step, true);
        case StepKind::to_cpu: return own(step, false);
        case StepKind::maintain: return maintain(step);
        case StepKind::maintain_slot: return maintain_slot(step);
        case StepKind::copy_in: return copy_between(step, true);
        case StepKind::copy_back: return copy_between(step, false);
        case StepKind::slot_gone: return slot_gone(step);
        case StepKind::cut_off: return cut_off(step);
        case StepKind::redirect: return redirect(step);
        case StepKind::stray_copy: return copy_of_others(step.phys, step.phys + step.size, Event::foreign_copy);
        case StepKind::not_theirs: return not_theirs(step);
        case StepKind::device_post: return device_post(step);
        case StepKind::device_read: return device_read(step);
        case StepKind::device_write: return device_write(step);
        case StepKind::wild_memory: return wild(step);
        case StepKind::wild_slot: return wild_in_slot(step);
        case StepKind::fault: return harm(HarmKind::fault, step.piece);
        case StepKind::sleep: return harm(HarmKind::sleep_in_atomic, step.piece);
        case StepKind::oops: return harm(HarmKind::oops, step.piece);
        case StepKind::wrong_free: return harm(HarmKind::wrong_free, step.piece);
        case StepKind::settle: return settle(step.op);
        case StepKind::count_: break;
    }
}

void Simulator::start_cells() {
    dirty_.assign(cell_count() / bits_in_word + 1, 0);
    if (cells_.size() < cell_count()) cells_.resize(cell_count());
    for (size_t i = 0; i < cell_count(); i++) {
        Cell& cell = cells_[i];
        cell.start_anew();
        cell.span = cutting_.shapes()[i].span;
        cell.index = static_cast<uint16_t>(i);
        const BufferKind kind = run_->kinds[cell.span.buffer];
        cell.image = kind == BufferKind::text || kind == BufferKind::rodata;
        cell.uncached = cell.span.buffer < buffers_max && run_->uncached[cell.span.buffer];
        cell.several = cell.span.size > 1;
        cell.shares_line = !cutting_.beside(cell.index).empty();
    }
}

void Simulator::perform(const Run& run, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) perform(run.steps[i]);
}

void Simulator::walk(const Run& run, const Platform& platform, TransitionSink* sink, Digest* state, KeptMemory* kept,
                     size_t steps) {
    run_ = &run;
    platform_.start(platform);
    sink_ = sink;
    const int line = inside_lines(run) ? platform_.get<&Platform::line>() : line_bytes_max;
    line_shift_ = std::countr_zero(static_cast<unsigned>(line));
    seen_after_.clear();
    holdings_.clear();
    cutting_.cut(run, line);
    start_cells();
    size_t done = 0;
    if (kept && go_on(*kept)) {
        done = steps;
    } else {
        births_.clear();
        strays_.clear();
        strays_seen_ = moved_ = false;
        corruptions_.clear();
        harms_.clear();
        pieces_.assign(run.pieces.size(), {});
        if (kept) {
            perform(run, 0, done = steps);
            kept->last_ = (kept->last_ + 1) % kept->ways_.size();
            keep(kept->ways_[kept->last_], steps);
        }
    }
    perform(run, done, run.program_steps);
    if (state) digest(*state);
    perform(run, run.program_steps, run.steps.size());
    DMAFUZZ_CHECK(std::all_of(corruptions_.begin(), corruptions_.end(), [&](const Corruption& c) {
        return c.op < run.ops.size() && c.span.buffer < buffers_with_stack && c.copy < births_.size();
    }));
}

void Simulator::simulate(const Run& run, const Platform& platform, TransitionSink* sink, Digest* state) {
    explicitly_ = false;
    traces_ = nullptr;
    automaton_ = own_automaton_ ? own_automaton_ : &Automaton::shared();
    automaton_->make_room();
    walk(run, platform, sink, state);
}

void Simulator::simulate(const Run& run, const Platform& platform, Digest* state, KeptMemory& kept, size_t steps) {
    explicitly_ = false;
    traces_ = nullptr;
    automaton_ = own_automaton_ ? own_automaton_ : &Automaton::shared();
    automaton_->make_room();
    walk(run, platform, nullptr, state, &kept, steps);
}

void Simulator::simulate_explicitly(const Run& run, const Platform& platform, TransitionSink* sink,
                                    std::vector<Trace>* traces) {
    explicitly_ = true;
    traces_ = traces;
    walk(run, platform, sink, nullptr);
}

}  // namespace dmafuzz
