// Cells: granules that no operation of the program tells apart are simulated once.
#include <algorithm>

#include "coherency/simulator.hpp"

namespace dmafuzz {

void Simulator::add_break(int buffer, uint32_t offset) { breaks_.push_back(static_cast<uint32_t>(buffer) << 16 | offset); }

// Breaks whatever buffer has a home there, at any time.
void Simulator::break_physical(uint64_t from, uint64_t to) {
    // Programs name the same few ranges over and over.
    auto& remembered = broken_[(from * 31 + to) / granule_bytes % broken_.size()];
    if (remembered == std::pair{from, to}) return;
    remembered = {from, to};
    for (const Extent& e : run_->extents) {
        uint64_t end = e.phys + static_cast<uint64_t>(e.size) * granule_bytes;
        auto at = [&](uint64_t phys) {
            if (phys > e.phys && phys < end) add_break(e.buffer, e.offset + static_cast<uint32_t>((phys - e.phys) / granule_bytes));
        };
        if (from < end && to > e.phys) {
            at(from);
            at(to);
        }
    }
}

void Simulator::build_cells(const Run& run) {
    breaks_.clear();
    broken_.fill({});
    const uint64_t line_mask = (uint64_t{1} << line_shift_) - 1;
    for (const Extent& e : run.extents) {
        add_break(e.buffer, e.offset);
        add_break(e.buffer, e.offset + e.size);
        // Lines that the extent covers in part stand for themselves.
        uint64_t end = e.phys + static_cast<uint64_t>(e.size) * granule_bytes;
        break_physical((e.phys + line_mask) & ~line_mask, end & ~line_mask);
    }
    // A range's ends, and the boundaries of the lines that it covers in part.
    auto physical = [&](uint64_t from, uint64_t to) {
        break_physical(from, to);
        if (((from | to) & line_mask) == 0) return;
        break_physical(from & ~line_mask, (to + line_mask) & ~line_mask);
        break_physical((from + line_mask) & ~line_mask, to & ~line_mask);
    };
    auto in_buffer = [&](int buffer, uint32_t offset, uint32_t size) {
        for (const Extent& e : run.extents) {
            if (e.buffer != buffer) continue;
            uint32_t from = std::max<uint32_t>(offset, e.offset), to = std::min<uint32_t>(offset + size, e.offset + e.size);
            if (from >= to) continue;
            physical(e.phys + static_cast<uint64_t>(from - e.offset) * granule_bytes,
                     e.phys + static_cast<uint64_t>(to - e.offset) * granule_bytes);
        }
    };
    for (const Step& s : run.steps) {
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
                const Piece& p = run.pieces[s.piece];
                if (s.offset == 0 && s.size == p.size) break;  // whole pieces come below
                uint64_t from = p.phys + static_cast<uint64_t>(s.offset) * granule_bytes;
                physical(from, from + static_cast<uint64_t>(s.size) * granule_bytes);
                in_buffer(p.buffer, p.offset + s.offset, s.size);
                break;
            }
            default: break;
        }
    }
    // What a warning about a call covers ends where the call's range ends.
    for (const Touch& t : run.touches) physical(t.phys, t.phys + t.size);
    for (const Piece& p : run.pieces) {
        physical(p.phys, p.phys + static_cast<uint64_t>(p.size) * granule_bytes);
        in_buffer(p.buffer, p.offset, p.size);
        if (p.reach < p.size) in_buffer(p.buffer, p.offset + p.reach, p.size - p.reach);
    }
    std::sort(breaks_.begin(), breaks_.end());
    breaks_.erase(std::unique(breaks_.begin(), breaks_.end()), breaks_.end());

    cell_count_ = 0;
    shared_.clear();
    int buffer = 0;
    for (size_t i = 0; i + 1 < breaks_.size(); i++) {
        uint32_t at = breaks_[i], next = breaks_[i + 1];
        if (at >> 16 != next >> 16) continue;
        uint16_t offset = static_cast<uint16_t>(at);
        auto home = std::find_if(run.extents.begin(), run.extents.end(), [&](const Extent& e) {
            return e.buffer == at >> 16 && e.first && offset >= e.offset && offset < e.offset + e.size;
        });
        if (home == run.extents.end()) continue;  // between two pieces of live stack
        while (buffer <= static_cast<int>(at >> 16)) first_cell_[buffer++] = static_cast<uint16_t>(cell_count_);
        if (cell_count_ == cells_.size()) cells_.emplace_back();
        Cell& cell = cells_[cell_count_++];
        cell.start_anew();
        cell.span = {static_cast<uint8_t>(at >> 16), offset, static_cast<uint16_t>(next - at)};
        uint64_t phys = home->phys + static_cast<uint64_t>(offset - home->offset) * granule_bytes;
        cell.alone = ((phys | bytes_of(cell)) & line_mask) == 0;
        if (!cell.alone) shared_.emplace_back(line_of(phys), static_cast<uint16_t>(cell_count_ - 1));
        BufferKind kind = run.kinds[cell.span.buffer];
        cell.image = kind == BufferKind::text || kind == BufferKind::rodata;
        cell.uncached = cell.span.buffer < buffers_max && run.uncached[cell.span.buffer];
    }
    while (buffer <= buffers_with_stack) first_cell_[buffer++] = static_cast<uint16_t>(cell_count_);
    // Parts of lines: with company, or not. Copy-on-write moves whole pages, so company stays company.
    for (auto [line, index] : shared_) {
        for (auto [other_line, other] : shared_)
            if (other_line == line && other != index) cells_[index].beside.push_back(other);
        cells_[index].alone = cells_[index].beside.empty();
    }
}

}  // namespace dmafuzz
