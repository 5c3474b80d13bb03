// SPDX-License-Identifier: GPL-2.0-only
// Memory that is kept after the first steps of a run, and gone on from in another run that has begun like it. What
// comes next cuts memory otherwise, mostly where nothing has lived yet.
#include <algorithm>

#include "coherency/simulator.hpp"

namespace dmafuzz {

namespace {

// Has nothing ever happened to the cell?
bool untouched(const Cell& cell) {
    return !cell.live && !cell.reported && !cell.exposed && !cell.posted && !cell.may_fault && !cell.mappings &&
           cell.covers.empty();
}

}  // namespace

void Simulator::keep(Kept& kept, size_t steps) {
    kept.steps_ = steps;
    kept.generation_ = automaton_->generation();
    kept.line_shift_ = line_shift_;
    // How wide lines are is asked of each run anew.
    kept.features_read_ = platform_.features_read() & ~feature<&Platform::line>();
    places_.assign(cell_count(), nowhere);
    for (const CopyFacts& birth : births_) places_[birth.cell] = 0;
    size_t count = 0;
    for (size_t i = 0; i < cell_count(); i++)
        if (places_[i] == 0 || !untouched(cells_[i])) places_[i] = static_cast<uint16_t>(count++);
    kept.cells_.resize(count);
    kept.homes_.resize(count);
    for (size_t i = 0; i < cell_count(); i++) {
        if (places_[i] == nowhere) continue;
        kept.cells_[places_[i]] = cells_[i];
        kept.homes_[places_[i]] = cutting_.shapes()[i].phys;
    }
    // Cells by their places among those that are kept.
    kept.pieces_ = pieces_;
    for (PieceCells& cells : kept.pieces_) {
        if (cells.first == cells.end) continue;
        cells.end = static_cast<uint16_t>(places_[cells.end - 1u] + 1);
        cells.first = places_[cells.first];
    }
    kept.births_ = births_;
    for (CopyFacts& birth : kept.births_) birth.cell = places_[birth.cell];
    kept.strays_ = strays_;
    kept.strays_seen_ = strays_seen_;
    kept.moved_ = moved_;
    kept.corruptions_ = corruptions_;
    for (Corruption& c : kept.corruptions_) c.cell = places_[c.cell];
    kept.harms_ = harms_;
}

// Of each cell that was kept, the one of the run at work that is the same; false: of some there is none.
bool Simulator::find_cells(const Kept& kept) {
    const std::vector<CellShape>& shapes = cutting_.shapes();
    places_.clear();
    size_t at = 0;
    for (size_t i = 0; i < kept.cells_.size(); i++) {
        const Cell& cell = kept.cells_[i];
        while (at < shapes.size() &&
               (shapes[at].span.buffer < cell.span.buffer ||
                (shapes[at].span.buffer == cell.span.buffer && shapes[at].span.offset < cell.span.offset)))
            at++;
        if (at == shapes.size() || !(shapes[at].span == cell.span) || shapes[at].phys != kept.homes_[i]) return false;
        places_.push_back(static_cast<uint16_t>(at));
    }
    return true;
}

bool Simulator::go_on(KeptMemory& kept) {
    const size_t ways = kept.ways_.size();
    for (size_t i = 0; i < ways; i++) {
        const size_t way = (kept.last_ + ways - i) % ways;
        if (go_on(kept.ways_[way])) return true;
    }
    return false;
}

// Cells are cut and as new; false: they stay so, since the run cuts in two what was one.
bool Simulator::go_on(const Kept& kept) {
    if (kept.empty() || kept.line_shift_ != line_shift_ || kept.generation_ != automaton_->generation() ||
        !find_cells(kept))
        return false;
    platform_.add(kept.features_read_);
    for (size_t i = 0; i < places_.size(); i++) {
        Cell& cell = cells_[places_[i]];
        const bool shares_line = cell.shares_line;
        cell = kept.cells_[i];
        cell.index = places_[i];
        cell.shares_line = shares_line;
    }
    pieces_ = kept.pieces_;
    pieces_.resize(run_->pieces.size());
    for (size_t i = 0; i < kept.pieces_.size(); i++) {
        PieceCells& cells = pieces_[i];
        if (cells.first == cells.end) continue;
        cells.end = static_cast<uint16_t>(places_[cells.end - 1u] + 1);
        cells.first = places_[cells.first];
    }
    births_ = kept.births_;
    for (CopyFacts& birth : births_) birth.cell = places_[birth.cell];
    strays_ = kept.strays_;
    strays_seen_ = kept.strays_seen_;
    moved_ = kept.moved_;
    corruptions_ = kept.corruptions_;
    for (Corruption& c : corruptions_) c.cell = places_[c.cell];
    harms_ = kept.harms_;
    return true;
}

}  // namespace dmafuzz
