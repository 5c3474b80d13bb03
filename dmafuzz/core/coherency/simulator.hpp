// SPDX-License-Identifier: GPL-2.0-only
// The simulator: can this program lose or mix up data on this platform? Walks the machine's steps, keeping for every
// cell and place the exact set of states (copies.hpp); what becomes of a set is looked up in the automaton. Source:
// docs/spec/coherency.md.
#pragma once

#include <bit>
#include <vector>

#include "coherency/automaton.hpp"
#include "coherency/cell.hpp"
#include "coherency/cells.hpp"
#include "run/run.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

enum class CorruptionKind : uint8_t {
    stale_cpu_data,
    lost_cpu_write,
    clobbered,
    stale_device_data,
    foreign_device_data,
    stale_cpu_read,
    count_,
};
const char* name_of(CorruptionKind kind);

enum class HarmKind : uint8_t { exposure, leak, fault, sleep_in_atomic, oops, wrong_free, count_ };
const char* name_of(HarmKind kind);

struct Corruption {
    CorruptionKind kind;
    uint8_t op;
    uint16_t cell;
    Span span;
    uint64_t phys;      // where the CPU has it
    uint64_t mappings;  // a bit each: those that share its lines
    bool explained = false;
    // For the witness: the copy looked at, and the view's flags that are wrong.
    uint16_t copy = 0;
    Lane wrong = 0;
    bool sees_cache = true;       // the view: the cached copy if present; else memory only
    uint8_t reader = no_mapping;  // of what a device may read: the mapping through which it may
    bool reads_void = false;      // it gets at no copy of the bytes
    bool operator==(const Corruption&) const = default;
};

struct Harm {
    HarmKind kind;
    uint8_t op;
    uint8_t mapping = no_mapping;
    Span span{};  // exposure only
    uint64_t phys = 0;
    bool operator==(const Harm&) const = default;
};

// What one step did to one copy, for witnesses; written down only when asked for.
struct Trace {
    enum class What : uint8_t { born, event, closure, copied } what;
    uint8_t op;
    uint16_t copy;
    Event event;
    Unasked unasked;
    uint16_t source;       // copied: from that copy
    uint8_t writer;        // closure: a mapping whose device writes this copy, or no_mapping
    uint8_t other_writer;  // closure: a mapping whose device writes another copy, no_mapping: the CPU
    Set before;
    Set source_before;
    bool maybe = false;                // event: or it has not happened, but
    Event instead = Event::count_;     // that one, or, for count_, nothing
    uint8_t lost_writer = no_mapping;  // closure: a mapping whose device writes what is no copy of these bytes
};

// Where feedback goes: each new (unasked steps, set) -> set is a transition worth another look.
class TransitionSink {
public:
    virtual ~TransitionSink() = default;
    virtual void transition(uint64_t hash) = 0;
};

class Simulator {
private:
    struct PieceCells {
        uint16_t first = 0, end = 0;
        uint32_t slot_left = 0;  // bytes of its slot that have not been given back
        bool live = false;
    };

    // Where a piece's device writes memory that is not, or no longer, of the piece's buffer: the buffer is dead, the
    // piece was torn apart, or the IOMMU leads elsewhere. In bytes of the piece.
    struct Stray {
        uint8_t piece;
        uint32_t offset, size;
        uint64_t phys;
    };

public:
    struct CopyFacts {
        uint16_t cell;
        bool slot;
        uint8_t piece;  // of a slot
        uint64_t phys;  // of memory
        uint8_t op;     // in which it came to be
        bool single;    // a coherent device's slot
    };

    // Memory after the first steps of a run, to go on from with other ones. It holds for runs that cut what has lived
    // until then into the same cells.
    class Kept {
    public:
        bool empty() const { return steps_ == 0; }
        void clear() { steps_ = 0; }

    private:
        friend class Simulator;
        size_t steps_ = 0;
        uint64_t generation_ = 0;  // of the automaton whose states they are
        int line_shift_ = 0;
        Features features_read_ = 0;
        std::vector<Cell> cells_;      // those that anything has happened to
        std::vector<uint64_t> homes_;  // where these are born
        std::vector<PieceCells> pieces_;
        std::vector<CopyFacts> births_;
        std::vector<Stray> strays_;
        bool strays_seen_ = false, moved_ = false;
        std::vector<Corruption> corruptions_;
        std::vector<Harm> harms_;
    };

    // The same, by the cells that it was cut into: the last few ways.
    class KeptMemory {
    public:
        void clear() {
            for (Kept& kept : ways_) kept.clear();
        }

    private:
        friend class Simulator;
        std::array<Kept, 4> ways_;
        size_t last_ = 0;
    };

    // `automaton`: instead of the shared one.
    explicit Simulator(Automaton* automaton = nullptr) : own_automaton_(automaton) {}

    // Everything is overwritten; results stay valid until the next call.
    // `state`: becomes that of all memory when the program has ended and its tidy-up has not begun.
    void simulate(const Run& run, const Platform& platform, TransitionSink* sink = nullptr, Digest* state = nullptr);
    // The same without the automaton: every event is carried out on the sets themselves. For witnesses, and to hold the
    // automaton against.
    void simulate_explicitly(const Run& run, const Platform& platform, TransitionSink* sink,
                             std::vector<Trace>* traces);
    // The same as the first, of one of several runs that have the first `steps` steps in common, on one platform: what
    // comes of those is kept, or taken from where it has been kept.
    void simulate(const Run& run, const Platform& platform, Digest* state, KeptMemory& kept, size_t steps);

    const std::vector<Corruption>& corruptions() const { return corruptions_; }
    const std::vector<Harm>& harms() const { return harms_; }
    // Of the platform, besides what the run says.
    Features features_read() const { return platform_.features_read(); }

    // All copies of the program, by name.
    const std::vector<CopyFacts>& births() const { return births_; }

    // What is written down beside the traces. Of each corruption: how many traces there were when it was seen.
    const std::vector<size_t>& seen_after() const { return seen_after_; }
    struct Holding {
        uint8_t op;  // after it
        uint16_t cell;
        uint8_t mapping;  // live
        bool joint, device;
    };
    // In order of operations, cells and maps.
    const std::vector<Holding>& holdings() const { return holdings_; }

private:
    static constexpr uint16_t nowhere = 0xffff;
    static constexpr size_t bits_in_word = 64;

    void walk(const Run& run, const Platform& platform, TransitionSink* sink, Digest* state, KeptMemory* kept = nullptr,
              size_t steps = 0);
    void perform(const Run& run, size_t from, size_t to);

    // Memory that is kept (kept.cpp)
    void keep(Kept& kept, size_t steps);
    bool go_on(KeptMemory& kept);
    bool go_on(const Kept& kept);
    bool find_cells(const Kept& kept);
    void start_cells();

    // The state (digest.cpp)
    void digest(Digest& into) const;
    void digest_cell(Digest& into, const Cell& cell) const;

    // Steps
    void perform(const Step& step);
    void harm(HarmKind kind, uint8_t piece);
    void alloc(uint8_t buffer, bool cached);
    void alloc_cell(uint16_t cell, uint8_t buffer, uint64_t state, bool cached);
    void alloc_live_stack(uint8_t buffer, bool cached);
    void die(uint8_t buffer);
    void move(const Step& step);
    void begin(const Step& step);
    void begin_cell(const Piece& piece, CellCover cover, Cell& cell);
    void tell(uint8_t piece);
    void end(const Step& step);
    void slot_gone(const Step& step);
    void cut_off(const Step& step);
    void redirect(const Step& step);
    void not_theirs(const Step& step);
    bool known(const CellCopy& old) const;
    void release_old_pages();
    void forget_if_ended(Cell& cell, uint8_t cover);
    void see_posts(Cell& cell);
    void lose(CellCover& cover, Cell& cell);
    void cut_strays(const Step& step);
    void add_stray(uint8_t piece, uint32_t offset, uint32_t size, uint64_t phys);
    void mark_strays(uint8_t piece);
    void own(const Step& step, bool device);
    void cpu_access(const Step& step);
    void cpu_read(Cell& cell);
    void cpu_write(const Step& step, Cell& cell);
    void maintain(const Step& step);
    void maintain_slot(const Step& step);
    void copy_between(const Step& step, bool into_slot);
    void copy(Cell& cell, uint8_t from, uint8_t to);
    void copy_of_others(uint64_t from, uint64_t to, Event event);
    bool copied_too(const Step& step, const Cell& cell) const;
    void device_write(const Step& step);
    void device_post(const Step& step);
    void device_read(const Step& step);
    void wild(const Step& step);
    void wild_in_slot(const Step& step);
    bool entitled(const Cell& cell, uint8_t cover) const;
    bool entitled(const Cell& cell, const Step& line) const;

    // Settling (settle.cpp)
    void settle(uint8_t op);
    void survey(Cell& cell);
    void survey_device(Cell& cell, const CellCover& cover);
    Unasked steps_alone(const Cell& cell, const CellCopy& copy, bool others_write) const;
    void look_for_strays(Cell& cell);
    void meet_stray(const Stray& stray, const Cell& owner, const Cell& cell, CellCopy& copy);
    Unasked steps_beside(const Cell& cell, const CellCopy& copy);
    bool close(Cell& cell);
    void write_down_closure(const Cell& cell, const CellCopy& copy, Unasked steps);
    void write_down_holdings(const Cell& cell);
    void look(Cell& cell);
    void look_by_device(Cell& cell, const CellCover& cover);
    void look_at_view(Cell& cell, uint8_t copy, Lane seen, bool sees_cache, uint8_t mapping);
    void look_at_void(Cell& cell, uint8_t copy, uint8_t mapping);
    void look_for_faults(const Cell& cell);
    void report(Cell& cell, CorruptionKind kind, uint8_t copy, Lane wrong, bool sees_cache,
                uint8_t reader = no_mapping);
    void expose(Cell& cell, uint8_t mapping);

    // Sets: the automaton's states, or, explicitly, the sets themselves.
    uint64_t of(Set set) { return explicitly_ ? set : automaton_->of(set); }
    Set set_of(uint64_t state) const {
        return explicitly_ ? state : automaton_->set(static_cast<Automaton::State>(state));
    }
    uint64_t next(Event event, uint64_t state) {
        return explicitly_ ? apply(event, state) : automaton_->apply(event, static_cast<Automaton::State>(state));
    }
    uint64_t closed(uint64_t state, Unasked steps) {
        return explicitly_ ? closure(state, steps) : automaton_->close(static_cast<Automaton::State>(state), steps);
    }
    Lane seen_by_cpu(uint64_t state) const {
        return explicitly_ ? cpu_view(state) : automaton_->cpu_view(static_cast<Automaton::State>(state));
    }
    Lane in_memory(uint64_t state) const {
        return explicitly_ ? memory_view(state) : automaton_->memory_view(static_cast<Automaton::State>(state));
    }
    Lane given_up_of(uint64_t state) const;
    Lane foreign_as_given(uint64_t state) const;
    Lane view_by_cpu(const Cell& cell) const;

    // Small tools
    template <class Do>
    void each_dirty(Do what);
    uint8_t new_copy(Cell& cell, uint64_t state, uint64_t phys, bool slot, uint8_t piece);
    void happen(Cell& cell, uint8_t copy, Event event);
    void happen_or(Cell& cell, uint8_t copy, Event event, Event instead);
    void happen_to_all(Cell& cell, uint8_t but, Event event);
    void hit(Cell& cell, const CellCover& cover, Event event, Event instead);
    void mark(const Cell& cell) { dirty_[cell.index / bits_in_word] |= uint64_t{1} << (cell.index % bits_in_word); }
    // The cell, and those that share lines with it, have to be looked at again.
    void touch(const Cell& cell) {
        mark(cell);
        if (!cell.shares_line) return;
        for (uint16_t neighbour : cutting_.beside(cell.index)) mark(cells_[neighbour]);
    }
    // The same where copies or covers come, go or change hands.
    void reshape(Cell& cell) {
        cell.surveyed = false;
        touch(cell);
    }
    template <class Do>
    void each_beside(const Cell& cell, uint64_t phys, Do what);
    template <class Do>
    void each_memory_copy(Do what);
    template <class Do>
    void each_in_lines(uint64_t from, uint64_t to, Do what);
    template <class Do>
    void each_slot_in(uint64_t from, uint64_t to, Do what);
    static constexpr uint32_t whole = buffer_bytes_max + 1u;  // size: of a buffer or piece
    template <class Do>
    void each_cell(uint8_t buffer, uint32_t offset, uint32_t size, Do what);
    template <class Do>
    void each_cover(uint8_t piece, uint32_t offset, uint32_t size, Do what);
    bool translates(uint8_t device) const {
        return platform_.get<&Platform::iommu>() != Iommu::off && platform_.get<&Device::iommu>(device);
    }
    uint64_t line_of(uint64_t phys) const { return phys >> line_shift_; }
    size_t cell_count() const { return cutting_.shapes().size(); }

    const Run* run_ = nullptr;
    PlatformView platform_;
    TransitionSink* sink_ = nullptr;
    Automaton* own_automaton_;
    Automaton* automaton_ = nullptr;
    int line_shift_ = 6;
    uint8_t op_ = 0;

    Cutting cutting_;
    std::vector<Cell> cells_;
    std::vector<PieceCells> pieces_;
    std::vector<CopyFacts> births_;
    std::vector<uint64_t> dirty_;   // cells to be settled, a bit each
    std::vector<uint16_t> places_;  // of cells that were kept, among those of the run at work
    std::vector<Stray> strays_;
    bool strays_seen_ = false;
    bool moved_ = false;  // some page, by copy-on-write

    bool explicitly_ = false;  // without the automaton
    std::vector<Trace>* traces_ = nullptr;
    std::vector<size_t> seen_after_;
    std::vector<Holding> holdings_;

    std::vector<Corruption> corruptions_;
    std::vector<Harm> harms_;
};

// In order of the cells, which is the order of reports.
template <class Do>
void Simulator::each_dirty(Do what) {
    for (size_t word = 0; word < dirty_.size(); word++)
        for (uint64_t left = dirty_[word]; left; left &= left - 1)
            what(cells_[word * bits_in_word + static_cast<size_t>(std::countr_zero(left))]);
}

template <class Do>
void Simulator::each_cell(uint8_t buffer, uint32_t offset, uint32_t size, Do what) {
    for (uint16_t i = cutting_.first_cell(buffer); i < cutting_.first_cell(buffer + 1u); i++) {
        uint32_t at = cells_[i].span.offset;
        if (at >= offset && at < offset + size) what(cells_[i]);
    }
}

// The cells of a piece's range, with the index of the piece's cover there: none where nothing is left of it.
template <class Do>
void Simulator::each_cover(uint8_t piece, uint32_t offset, uint32_t size, Do what) {
    const uint32_t start = run_->pieces[piece].offset;
    const PieceCells range = pieces_[piece];
    for (uint16_t i = range.first; i < range.end; i++) {
        uint32_t at = cells_[i].span.offset - start;
        if (at >= offset && at < offset + size) what(cells_[i], cells_[i].cover_of(piece));
    }
}

// Homes, and where anything has moved, old pages.
template <class Do>
void Simulator::each_memory_copy(Do what) {
    for (Cell* cell = cells_.data(); cell != cells_.data() + cell_count(); cell++) {
        if (!cell->live) continue;
        if (!moved_) {
            what(*cell, cell->home, cell->home_phys());
            continue;
        }
        for (uint8_t k = 0; k < cell->copies.size(); k++)
            if (!cell->copies[k].slot) what(*cell, k, cell->copies[k].phys);
    }
}

// The memory copies in the lines of a range, and whether the range holds them.
template <class Do>
void Simulator::each_in_lines(uint64_t from, uint64_t to, Do what) {
    each_memory_copy([&](Cell& cell, uint8_t k, uint64_t phys) {
        if (line_of(phys) > line_of(to - 1) || line_of(phys + cell.bytes() - 1) < line_of(from)) return;
        what(cell, k, phys >= from && phys < to);
    });
}

// The cells with a slot in a range.
template <class Do>
void Simulator::each_slot_in(uint64_t from, uint64_t to, Do what) {
    for (Cell* cell = cells_.data(); cell != cells_.data() + cell_count(); cell++)
        for (const CellCopy& copy : cell->copies)
            if (copy.slot && copy.phys < to && copy.phys + cell->bytes() > from) what(*cell);
}

// The memory copies of other cells in the same line as a memory copy of this one.
template <class Do>
void Simulator::each_beside(const Cell& cell, uint64_t phys, Do what) {
    if (!cell.shares_line) return;
    const uint64_t line = line_of(phys);
    for (uint16_t neighbour : cutting_.beside(cell.index)) {
        Cell& other = cells_[neighbour];
        if (!moved_) {  // homes stay in the lines that they were born in
            if (other.live) what(other, other.home);
            continue;
        }
        for (uint8_t k = 0; k < other.copies.size(); k++)
            if (!other.copies[k].slot && line_of(other.copies[k].phys) == line) what(other, k);
    }
}

}  // namespace dmafuzz
