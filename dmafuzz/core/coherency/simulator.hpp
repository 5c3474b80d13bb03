// The simulator: can this program lose or mix up data on this platform? Walks the machine's steps,
// keeping for every cell and place the exact set of states (copies.hpp).
// Source: the specification's coherency.md.
#pragma once

#include <vector>

#include "coherency/automaton.hpp"
#include "coherency/copies.hpp"
#include "machine/run.hpp"

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

enum class HarmKind : uint8_t { exposure, leak, fault, sleep_in_atomic, count_ };
const char* name_of(HarmKind kind);

// Granules of a buffer that always share their fate: no operation tells them apart.
struct Span {
    uint8_t buffer;
    uint16_t offset;  // granules
    uint16_t size;
};

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
    bool sees_cache = true;  // the view: the cached copy if present; else memory only
};

struct Harm {
    HarmKind kind;
    uint8_t op;
    uint8_t mapping = no_mapping;
    Span span{};       // exposure only
    uint64_t phys = 0;
};

// What one step did to one copy, for witnesses; written down only when asked for.
struct Trace {
    enum class What : uint8_t { born, event, closure, copied } what;
    uint8_t op;
    uint16_t copy;
    Event event;
    Unasked unasked;
    uint16_t source;      // copied: from that copy
    uint8_t writer;       // closure: a mapping whose device writes this copy, or no_mapping
    uint8_t other_writer; // closure: a mapping whose device writes another copy, no_mapping: the CPU
    Set before;
    Set source_before;
};

// Where feedback goes: each new (unasked steps, set) -> set is a transition worth another look.
class TransitionSink {
  public:
    virtual ~TransitionSink() = default;
    virtual void transition(uint64_t hash) = 0;
};

class Simulator {
  public:
    // Everything is overwritten; results stay valid until the next call.
    void simulate(const Run& run, const Platform& platform, TransitionSink* sink = nullptr, std::vector<Trace>* traces = nullptr);

    const std::vector<Corruption>& corruptions() const { return corruptions_; }
    const std::vector<Harm>& harms() const { return harms_; }
    const Automaton& automaton() const { return automaton_; }

    struct CopyFacts {
        uint16_t cell;
        bool slot;
        uint8_t piece;  // of a slot
        bool home;
    };
    CopyFacts facts(uint16_t copy) const;

  private:
    static constexpr uint16_t nowhere = 0xffff;

    // One place of a cell: its home memory, an old page, or a bounce slot; with the cache line over it.
    struct Copy {
        Set set = 0;
        uint64_t phys = 0;      // memory: of the cell's first granule
        uint16_t cell = 0;
        uint8_t piece = 0;      // slots
        bool slot = false;
        bool single = false;    // a coherent device's slot: no cache of its own
        bool live = false;
        bool home = false;
        Unasked own = 0;        // what entitled and wild writers do to this very copy
        bool cpu_reads = false; // through the cache
        bool ghost_beside = false;  // a coherent device writes dead memory in the same line
        uint8_t writer = no_mapping;
    };
    struct Cell {
        Span span{};
        bool live = false;
        bool dirty = false;         // to be settled
        bool alone = false;         // no other cell ever lives in its lines; else `beside` has them
        bool uncached = false;
        bool image = false;         // kernel text or rodata
        bool cpu_reads = false, cpu_writes = false;
        bool lost_writer = false;   // a device writes into void
        uint8_t writers = 0;        // copies with an entitled writer
        uint8_t reported = 0;       // corruption kinds, a bit each
        bool exposed = false;
        uint64_t mappings = 0;
        uint16_t home = nowhere;
        std::vector<uint16_t> copies;
        std::vector<uint16_t> covers;
        std::vector<uint16_t> beside;

        // As new, but for the memory that its lists hold: nothing is allocated for each program.
        void start_anew() {
            std::vector<uint16_t> kept[] = {std::move(copies), std::move(covers), std::move(beside)};
            *this = {};
            for (auto& list : kept) list.clear();
            copies = std::move(kept[0]);
            covers = std::move(kept[1]);
            beside = std::move(kept[2]);
        }
    };
    // A piece over a cell.
    struct Cover {
        uint8_t piece;
        uint16_t cell;
        uint16_t copy;   // nowhere: void
        bool owned;      // by the device
        bool live;
        bool is_void;    // not even an address leads there
    };

    // Cells (cells.cpp)
    void build_cells(const Run& run);
    void add_break(int buffer, uint32_t offset);
    void break_physical(uint64_t from, uint64_t to);

    // Steps
    void take(const Step& step);
    void alloc(uint8_t buffer, bool cached);
    void die(uint8_t buffer);
    void move(const Step& step);
    void begin(uint8_t piece);
    void end(uint8_t piece);
    void slot_gone(uint8_t piece);
    void cut_off(uint8_t piece);
    void own(const Step& step, bool device);
    void cpu_access(const Step& step);
    void maintain(const Step& step);
    void maintain_slot(const Step& step);
    void copy_between(const Step& step, bool into_slot);
    void device_write(const Step& step);
    void wild(const Step& step);
    void settle(uint8_t op);

    // Settling one cell
    void survey(Cell& cell);
    void survey_ghosts(Cell& cell);
    void close(Cell& cell);
    void look(Cell& cell);
    void look_for_faults(const Cell& cell);
    bool may_write(const Cover& cover) const;
    bool may_read(const Cover& cover) const;
    void report(Cell& cell, CorruptionKind kind, uint16_t copy, Lane wrong, bool sees_cache);
    void expose(Cell& cell, uint8_t mapping);

    // Small tools
    uint16_t new_copy(uint16_t cell, Set set, uint64_t phys);
    void drop_copy(uint16_t copy);
    void happen(uint16_t copy, Event event);
    void elsewhere(const Cell& cell, uint16_t but, Event event);
    void mark(Cell& cell) {
        if (cell.dirty) return;
        cell.dirty = true;
        dirty_.push_back(static_cast<uint16_t>(&cell - cells_.data()));
    }
    void touch(Cell& cell);
    template <class Do> void each_beside(const Copy& copy, Do what);
    template <class Do> void each_in_lines(uint64_t from, uint64_t to, Do what);
    template <class Do> void each_cell(uint8_t buffer, uint32_t offset, uint32_t size, Do what);
    template <class Do> void each_cover(uint8_t piece, uint32_t offset, uint32_t size, Do what);
    uint64_t line_of(uint64_t phys) const { return phys >> line_shift_; }
    uint64_t bytes_of(const Cell& cell) const { return static_cast<uint64_t>(cell.span.size) * granule_bytes; }
    Lane view_by_cpu(const Cell& cell) const;

    const Run* run_ = nullptr;
    const Platform* platform_ = nullptr;
    TransitionSink* sink_ = nullptr;
    std::vector<Trace>* traces_ = nullptr;
    int line_shift_ = 6;
    uint8_t op_ = 0;

    std::vector<uint32_t> breaks_;        // buffer << 16 | offset
    std::array<std::pair<uint64_t, uint64_t>, 64> broken_{};   // intervals broken lately, a direct-mapped cache
    std::vector<std::pair<uint64_t, uint16_t>> shared_;  // line, cell that has part of it
    std::vector<Cell> cells_;
    size_t cell_count_ = 0;
    std::array<uint16_t, buffers_with_stack + 1> first_cell_{};
    std::vector<Copy> copies_;
    std::vector<Cover> covers_;
    std::vector<std::pair<uint16_t, uint16_t>> piece_covers_;  // [first, last) in covers_
    std::vector<uint16_t> dirty_;         // cells to be settled
    std::vector<uint8_t> ghosts_;         // live pieces of dead buffers

    std::vector<Corruption> corruptions_;
    std::vector<Harm> harms_;
    Automaton automaton_;
};

template <class Do>
void Simulator::each_cell(uint8_t buffer, uint32_t offset, uint32_t size, Do what) {
    for (size_t i = first_cell_[buffer]; i < first_cell_[buffer + 1]; i++)
        if (cells_[i].span.offset >= offset && cells_[i].span.offset < offset + size) what(cells_[i]);
}

template <class Do>
void Simulator::each_cover(uint8_t piece, uint32_t offset, uint32_t size, Do what) {
    const Piece& p = run_->pieces[piece];
    auto [first, last] = piece_covers_[piece];
    for (size_t i = first; i < last; i++) {
        Cover& cover = covers_[i];
        uint32_t at = cells_[cover.cell].span.offset - p.offset;
        if (at >= offset && at < offset + size) what(cover);
    }
}

// The live memory copies in the lines of a range, and whether the range holds them.
template <class Do>
void Simulator::each_in_lines(uint64_t from, uint64_t to, Do what) {
    for (size_t i = 0; i < copies_.size(); i++) {
        const Copy& copy = copies_[i];
        if (!copy.live || copy.slot || line_of(copy.phys) > line_of(to - 1)) continue;
        if (line_of(copy.phys + bytes_of(cells_[copy.cell]) - 1) < line_of(from)) continue;
        what(static_cast<uint16_t>(i), copy.phys >= from && copy.phys < to);
    }
}

// The live memory copies of other cells in the same line.
template <class Do>
void Simulator::each_beside(const Copy& copy, Do what) {
    const Cell& cell = cells_[copy.cell];
    if (cell.alone) return;
    uint64_t line = line_of(copy.phys);
    for (uint16_t neighbour : cell.beside)
        for (uint16_t index : cells_[neighbour].copies) {
            Copy& other = copies_[index];
            if (!other.slot && line_of(other.phys) == line) what(other);
        }
}

}  // namespace dmafuzz
