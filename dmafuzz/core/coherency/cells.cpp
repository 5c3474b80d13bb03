// SPDX-License-Identifier: GPL-2.0-only
#include "coherency/cells.hpp"

#include <algorithm>
#include <bit>

namespace dmafuzz {

namespace {

uint64_t end_of(const Extent& e) { return e.phys + e.size; }

// A place in a buffer, so that places sort by buffer, then by offset.
uint64_t place(size_t buffer, uint64_t offset) { return static_cast<uint64_t>(buffer) << 32 | offset; }
size_t buffer_of(uint64_t place) { return place >> 32; }
uint32_t offset_of(uint64_t place) { return static_cast<uint32_t>(place); }

// In order, each once; the new end. Mostly a dozen, many of them more than once, and in order already.
size_t sort_once(uint64_t* places, size_t count) {
    constexpr size_t few = 64;
    if (count > few) {
        std::sort(places, places + count);
        return static_cast<size_t>(std::unique(places, places + count) - places);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t place = places[i];
        size_t at = kept;
        while (at > 0 && places[at - 1] > place) at--;
        if (at > 0 && places[at - 1] == place) continue;
        for (size_t back = kept++; back > at; back--) places[back] = places[back - 1];
        places[at] = place;
    }
    return kept;
}

}  // namespace

// Cuts the extent where the range begins and ends, if that is inside of it. Whether it is cannot be predicted, so the
// place is always written, and kept where it counts. There is room for two more.
void Cutting::break_at(const Extent& e, uint64_t from, uint64_t to) {
    const uint64_t end = end_of(e);
    for (uint64_t cut : {from, to}) {
        breaks_[break_count_] = place(e.buffer, e.offset + (cut - e.phys));
        break_count_ += (from < end) & (to > e.phys) & (cut > e.phys) & (cut < end);
    }
}

void Cutting::break_extents() {
    for (const Extent& e : extents_)
        for (uint64_t at : {uint64_t{e.offset}, uint64_t{e.offset} + e.size})
            breaks_[break_count_++] = place(e.buffer, at);
    // Lines that an extent covers in part stand for themselves.
    for (const Extent& e : extents_) {
        const uint64_t from = (e.phys + line_mask_) & ~line_mask_, to = end_of(e) & ~line_mask_;
        break_at(e, from, to);
        for (const Extent& other : extents_)
            if (&other != &e && from < end_of(other) && to > other.phys) break_at(other, from, to);
    }
}

// A range's ends, and the boundaries of the lines that it covers in part: in whatever buffer has a home there, at any
// time.
void Cutting::break_ranges() {
    for (const Range& r : ranges_) {
        const uint64_t from = r.from & ~line_mask_, to = (r.to + line_mask_) & ~line_mask_;
        const bool whole_lines = from == r.from && to == r.to;
        for (const Extent& e : extents_) {
            const uint64_t end = end_of(e);
            if (from >= end || to <= e.phys) continue;
            if (r.from <= e.phys && r.to >= end) continue;  // its own lines have been seen to
            break_at(e, r.from, r.to);
            if (whole_lines) continue;
            break_at(e, from, to);
            break_at(e, (r.from + line_mask_) & ~line_mask_, r.to & ~line_mask_);
        }
    }
}

// All places where buffers are cut, in order, each once.
void Cutting::find_breaks() {
    constexpr size_t ways = 2 * 3;  // a range cuts an extent at its ends and at those of its lines
    // It only ever grows: what is cleared anew for each program costs more than the cutting.
    const size_t room = (extents_.size() + ranges_.size()) * extents_.size() * ways + 2 * extents_.size() + 2;
    if (room > breaks_.size()) breaks_.resize(room);
    break_count_ = 0;
    break_extents();
    break_ranges();
    break_count_ = sort_once(breaks_.data(), break_count_);
}

void Cutting::make_shape(size_t buffer, uint32_t offset, uint32_t next) {
    auto is_home = [&](const Extent& e) {
        return e.buffer == buffer && e.first && offset >= e.offset && offset < e.offset + e.size;
    };
    if (!is_home(extents_[home_])) {
        auto found = std::find_if(extents_.begin(), extents_.end(), is_home);
        if (found == extents_.end()) return;  // between two pieces of live stack
        home_ = static_cast<size_t>(found - extents_.begin());
    }
    const Extent& home = extents_[home_];
    CellShape shape{{static_cast<uint8_t>(buffer), offset, next - offset}, 0, 0, 0};
    shape.phys = home.phys + (offset - home.offset);
    const bool whole_lines = ((shape.phys | shape.span.size) & line_mask_) == 0;
    if (!whole_lines) parts_.push_back({shape.phys >> line_shift_, static_cast<uint16_t>(shapes_.size())});
    shapes_.push_back(shape);
}

void Cutting::make_shapes() {
    shapes_.clear();
    parts_.clear();
    home_ = 0;
    size_t buffer = 0;
    first_cell_[0] = 0;
    for (size_t i = 0; i < break_count_; i++) {
        while (buffer < buffer_of(breaks_[i])) first_cell_[++buffer] = static_cast<uint16_t>(shapes_.size());
        const bool last = i + 1 == break_count_ || buffer_of(breaks_[i + 1]) != buffer;
        if (!last) make_shape(buffer, offset_of(breaks_[i]), offset_of(breaks_[i + 1]));
    }
    while (buffer < buffers_with_stack) first_cell_[++buffer] = static_cast<uint16_t>(shapes_.size());
}

// Parts of lines: with company, or not. Copy-on-write moves whole pages, so company stays company.
void Cutting::find_company() {
    uint32_t count = 0;
    for (const Part& part : parts_) {
        CellShape& shape = shapes_[part.cell];
        shape.beside_first = count;
        if (count + parts_.size() > beside_.size()) beside_.resize(2 * (count + parts_.size()));
        for (const Part& other : parts_) {
            beside_[count] = other.cell;
            count += (other.line == part.line) & (other.cell != part.cell);
        }
        shape.beside_end = count;
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
    find_breaks();
    make_shapes();
    find_company();
}

}  // namespace dmafuzz
