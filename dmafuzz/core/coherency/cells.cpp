#include "coherency/cells.hpp"

#include <algorithm>
#include <bit>

namespace dmafuzz {

namespace {

uint64_t end_of(const Extent& e) { return e.phys + static_cast<uint64_t>(e.size) * granule_bytes; }

constexpr uint32_t bits_in_word = 64;

}  // namespace

// Cuts the extent where the range begins and ends, if they meet. What is not to be cut falls on the extent's
// beginning, which is a cell's beginning anyway.
void Cutting::break_at(const Extent& e, uint64_t from, uint64_t to) {
    const uint64_t end = end_of(e);
    const bool meets = (from < end) & (to > e.phys);
    const uint64_t cut_from = meets & (from > e.phys) ? from - e.phys : 0;
    const uint64_t cut_to = meets & (to < end) ? to - e.phys : 0;
    uint64_t* bits = breaks_.data() + first_word_[e.buffer];
    for (uint64_t cut : {cut_from, cut_to}) {
        const uint64_t at = e.offset + cut / granule_bytes;
        bits[at / bits_in_word] |= uint64_t{1} << (at % bits_in_word);
    }
}

// Room for each buffer's bits.
void Cutting::lay_out() {
    std::array<uint32_t, buffers_with_stack> granules{};
    for (const Extent& e : extents_) granules[e.buffer] = std::max<uint32_t>(granules[e.buffer], e.offset + static_cast<uint32_t>(e.size));
    uint32_t words = 0;
    for (size_t buffer = 0; buffer < buffers_with_stack; buffer++) {
        first_word_[buffer] = words;
        if (granules[buffer]) words += granules[buffer] / bits_in_word + 1;  // its end has a bit, too
    }
    first_word_[buffers_with_stack] = words;
    breaks_.assign(words, 0);
}

void Cutting::break_extents() {
    for (const Extent& e : extents_) {
        uint64_t* bits = breaks_.data() + first_word_[e.buffer];
        for (uint32_t at : {uint32_t{e.offset}, e.offset + static_cast<uint32_t>(e.size)})
            bits[at / bits_in_word] |= uint64_t{1} << (at % bits_in_word);
    }
    // Lines that an extent covers in part stand for themselves.
    for (const Extent& e : extents_)
        for (const Extent& other : extents_)
            break_at(other, (e.phys + line_mask_) & ~line_mask_, end_of(e) & ~line_mask_);
}

// A range's ends, and the boundaries of the lines that it covers in part: in whatever buffer has a home there, at any time.
void Cutting::break_ranges() {
    for (const Range& r : ranges_) {
        for (const Extent& e : extents_) break_at(e, r.from, r.to);
        if (((r.from | r.to) & line_mask_) == 0) continue;
        for (const Extent& e : extents_) {
            break_at(e, r.from & ~line_mask_, (r.to + line_mask_) & ~line_mask_);
            break_at(e, (r.from + line_mask_) & ~line_mask_, r.to & ~line_mask_);
        }
    }
}

void Cutting::make_shape(size_t buffer, uint32_t offset, uint32_t next) {
    auto is_home = [&](const Extent& e) {
        return e.buffer == buffer && e.first && offset >= e.offset && offset < e.offset + static_cast<uint32_t>(e.size);
    };
    if (!is_home(extents_[home_])) {
        auto found = std::find_if(extents_.begin(), extents_.end(), is_home);
        if (found == extents_.end()) return;  // between two pieces of live stack
        home_ = static_cast<size_t>(found - extents_.begin());
    }
    const Extent& home = extents_[home_];
    CellShape shape{{static_cast<uint8_t>(buffer), static_cast<uint16_t>(offset), static_cast<uint16_t>(next - offset)}, 0, 0, 0};
    shape.phys = home.phys + static_cast<uint64_t>(offset - home.offset) * granule_bytes;
    const bool whole_lines = ((shape.phys | static_cast<uint64_t>(shape.span.size) * granule_bytes) & line_mask_) == 0;
    if (!whole_lines) parts_.push_back({shape.phys >> line_shift_, static_cast<uint16_t>(shapes_.size())});
    shapes_.push_back(shape);
}

void Cutting::make_shapes() {
    shapes_.clear();
    parts_.clear();
    home_ = 0;
    constexpr uint32_t none = 0xffffffff;
    for (size_t buffer = 0; buffer < buffers_with_stack; buffer++) {
        first_cell_[buffer] = static_cast<uint16_t>(shapes_.size());
        uint32_t last = none;
        for (uint32_t word = first_word_[buffer]; word < first_word_[buffer + 1]; word++)
            for (uint64_t left = breaks_[word]; left; left &= left - 1) {
                uint32_t at = (word - first_word_[buffer]) * bits_in_word + static_cast<uint32_t>(std::countr_zero(left));
                if (last != none) make_shape(buffer, last, at);
                last = at;
            }
    }
    first_cell_[buffers_with_stack] = static_cast<uint16_t>(shapes_.size());
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
    const uint64_t line_mask = static_cast<uint64_t>(line_bytes) - 1;
    // Memory is mostly the same on several platforms.
    if (line_mask == line_mask_ && run.extents == extents_ && run.ranges == ranges_) return;
    extents_ = run.extents;
    ranges_ = run.ranges;
    line_mask_ = line_mask;
    line_shift_ = std::countr_zero(static_cast<unsigned>(line_bytes));
    lay_out();
    break_extents();
    break_ranges();
    make_shapes();
    find_company();
}

}  // namespace dmafuzz
