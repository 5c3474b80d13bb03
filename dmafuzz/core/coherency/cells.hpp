// SPDX-License-Identifier: GPL-2.0-only
// Cells: bytes that no operation of a program tells apart are simulated once.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "run/run.hpp"

namespace dmafuzz {

// Bytes of a buffer that always share their fate.
struct Span {
    uint8_t buffer;
    uint32_t offset;
    uint32_t size;
    bool operator==(const Span&) const = default;
};

struct CellShape {
    Span span;
    uint64_t phys;  // of the home it is born in
    uint32_t beside_first, beside_end;
};

// Cuts the buffers of a run into cells.
class Cutting {
public:
    void cut(const Run& run, int line_bytes);

    const std::vector<CellShape>& shapes() const { return shapes_; }
    // Of a buffer: in order of offsets, up to the next buffer's first.
    uint16_t first_cell(size_t buffer) const { return first_cell_[buffer]; }
    // The cells that ever have part of the same line. A cell with company lies in one line.
    std::span<const uint16_t> beside(uint16_t cell) const {
        const CellShape& s = shapes_[cell];
        return {beside_.data() + s.beside_first, s.beside_end - s.beside_first};
    }

private:
    struct Part {
        uint64_t line;
        uint16_t cell;
    };

    void find_breaks();
    void break_at(const Extent& extent, uint64_t from, uint64_t to);
    void break_extents();
    void break_ranges();
    void make_shapes();
    void make_shape(size_t buffer, uint32_t offset, uint32_t next);
    void find_company();

    // What is cut.
    std::vector<Extent> extents_;
    std::vector<Range> ranges_;
    uint64_t line_mask_ = 63;
    int line_shift_ = 6;
    std::vector<uint64_t> breaks_;  // where buffers are cut: as many as are counted
    size_t break_count_ = 0;
    size_t home_ = 0;  // the extent of the last shape
    std::vector<CellShape> shapes_;
    std::array<uint16_t, buffers_with_stack + 1> first_cell_{};
    std::vector<Part> parts_;       // of lines that a cell has part of
    std::vector<uint16_t> beside_;  // it only ever grows
};

}  // namespace dmafuzz
