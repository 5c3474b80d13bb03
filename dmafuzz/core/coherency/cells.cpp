#include "coherency/cells.hpp"

#include <algorithm>
#include <bit>

namespace dmafuzz {

namespace {

uint64_t end_of(const Extent& e) { return e.phys + static_cast<uint64_t>(e.size) * granule_bytes; }

// True where the range is remembered already; remembers it.
template <class Ranges>
bool known(Ranges& ranges, uint64_t from, uint64_t to, uint64_t program) {
    auto& slot = ranges[(from * 31 + to) / granule_bytes % ranges.size()];
    if (slot.program == program && slot.from == from && slot.to == to) return true;
    slot = {from, to, program};
    return false;
}

}  // namespace

// Breaks whatever buffer has a home there, at any time.
void Cutting::break_physical(uint64_t from, uint64_t to) {
    if (known(broken_, from, to, program_)) return;
    for (const Extent& e : run_->extents) {
        uint64_t end = end_of(e);
        if (from >= end || to <= e.phys) continue;
        auto at = [&](uint64_t phys) {
            if (phys > e.phys && phys < end) add_break(e.buffer, e.offset + static_cast<uint32_t>((phys - e.phys) / granule_bytes));
        };
        at(from);
        at(to);
    }
}

// A range's ends, and the boundaries of the lines that it covers in part.
void Cutting::physical(uint64_t from, uint64_t to) {
    if (known(named_, from, to, program_)) return;
    break_physical(from, to);
    if (((from | to) & line_mask_) == 0) return;
    break_physical(from & ~line_mask_, (to + line_mask_) & ~line_mask_);
    break_physical((from + line_mask_) & ~line_mask_, to & ~line_mask_);
}

void Cutting::in_buffer(int buffer, uint32_t offset, uint32_t size) {
    for (const Extent& e : run_->extents) {
        if (e.buffer != buffer) continue;
        uint32_t from = std::max<uint32_t>(offset, e.offset), to = std::min<uint32_t>(offset + size, e.offset + e.size);
        if (from >= to) continue;
        physical(e.phys + static_cast<uint64_t>(from - e.offset) * granule_bytes,
                 e.phys + static_cast<uint64_t>(to - e.offset) * granule_bytes);
    }
}

void Cutting::break_extents() {
    for (const Extent& e : run_->extents) {
        add_break(e.buffer, e.offset);
        add_break(e.buffer, e.offset + e.size);
        // Lines that the extent covers in part stand for themselves.
        break_physical((e.phys + line_mask_) & ~line_mask_, end_of(e) & ~line_mask_);
    }
}

void Cutting::break_steps() {
    for (const Step& s : run_->steps) {
        switch (s.kind) {
            case StepKind::cpu_read:
            case StepKind::cpu_write:
            case StepKind::cpu_dirty:
            case StepKind::move: in_buffer(s.buffer, s.offset, s.size); break;
            case StepKind::maintain:
            case StepKind::wild_memory: physical(s.phys, s.phys + static_cast<uint64_t>(s.size) * granule_bytes); break;
            case StepKind::to_device:
            case StepKind::to_cpu:
            case StepKind::maintain_slot:
            case StepKind::copy_in:
            case StepKind::copy_back:
            case StepKind::device_write:
            case StepKind::wild_slot: {
                const Piece& p = run_->pieces[s.piece];
                if (s.offset == 0 && s.size == p.size) break;  // whole pieces are broken anyway
                uint64_t from = p.phys + static_cast<uint64_t>(s.offset) * granule_bytes;
                physical(from, from + static_cast<uint64_t>(s.size) * granule_bytes);
                in_buffer(p.buffer, p.offset + s.offset, s.size);
                break;
            }
            default: break;
        }
    }
}

void Cutting::break_pieces() {
    for (const Piece& p : run_->pieces) {
        physical(p.phys, p.phys + static_cast<uint64_t>(p.size) * granule_bytes);
        in_buffer(p.buffer, p.offset, p.size);
        if (p.reach < p.size) in_buffer(p.buffer, p.offset + p.reach, p.size - p.reach);
    }
}

void Cutting::make_shapes() {
    shapes_.clear();
    parts_.clear();
    size_t buffer = 0;
    for (size_t i = 0; i + 1 < breaks_.size(); i++) {
        uint32_t at = breaks_[i], next = breaks_[i + 1];
        if (at >> 16 != next >> 16) continue;
        uint16_t offset = static_cast<uint16_t>(at);
        auto home = std::find_if(run_->extents.begin(), run_->extents.end(), [&](const Extent& e) {
            return e.buffer == at >> 16 && e.first && offset >= e.offset && offset < e.offset + e.size;
        });
        if (home == run_->extents.end()) continue;  // between two pieces of live stack
        while (buffer <= at >> 16) first_cell_[buffer++] = static_cast<uint16_t>(shapes_.size());
        CellShape shape{{static_cast<uint8_t>(at >> 16), offset, static_cast<uint16_t>(next - at)}, 0, 0, 0};
        shape.phys = home->phys + static_cast<uint64_t>(offset - home->offset) * granule_bytes;
        bool whole_lines = ((shape.phys | static_cast<uint64_t>(shape.span.size) * granule_bytes) & line_mask_) == 0;
        if (!whole_lines) parts_.push_back({shape.phys >> line_shift_, static_cast<uint16_t>(shapes_.size())});
        shapes_.push_back(shape);
    }
    while (buffer < first_cell_.size()) first_cell_[buffer++] = static_cast<uint16_t>(shapes_.size());
}

// Parts of lines: with company, or not. Copy-on-write moves whole pages, so company stays company.
void Cutting::find_company() {
    beside_.clear();
    for (const Part& part : parts_) {
        CellShape& shape = shapes_[part.cell];
        shape.beside_first = static_cast<uint32_t>(beside_.size());
        for (const Part& other : parts_)
            if (other.line == part.line && other.cell != part.cell) beside_.push_back(other.cell);
        shape.beside_end = static_cast<uint32_t>(beside_.size());
    }
}

void Cutting::cut(const Run& run, int line_bytes) {
    run_ = &run;
    line_mask_ = static_cast<uint64_t>(line_bytes) - 1;
    line_shift_ = std::countr_zero(static_cast<unsigned>(line_bytes));
    program_++;
    breaks_.clear();
    break_extents();
    break_steps();
    // What a warning about a call covers ends where the call's range ends.
    for (const Touch& t : run.touches) physical(t.phys, t.phys + t.size);
    break_pieces();
    std::sort(breaks_.begin(), breaks_.end());
    breaks_.erase(std::unique(breaks_.begin(), breaks_.end()), breaks_.end());
    make_shapes();
    find_company();
}

}  // namespace dmafuzz
