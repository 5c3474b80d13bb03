// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/layouts.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "program/scope.hpp"

namespace dmafuzz {

namespace {

uint32_t four_times(uint32_t n) { return static_cast<uint32_t>(std::min<int64_t>(4 * int64_t{n}, buffer_bytes_max)); }

Program four_times_as_large(Program program) {
    for (Op& op : program.ops) {
        op.offset = four_times(op.offset);
        op.size = four_times(op.size);
        if (op.kind == OpKind::alloc) op.size = as_size(2 * int64_t{op.size});
        for (Entry& e : op.entries) e = {e.buffer, four_times(e.offset), four_times(e.size)};
    }
    return program;
}

Program a_part_of_a_line_further_on(Program program) {
    constexpr int two_lines = 128;
    constexpr uint32_t part = 16;
    for (Op& op : program.ops) {
        if (op.kind == OpKind::alloc) op.size = as_size(int64_t{op.size} + two_lines);
        else if (traits(op.kind).has_range && traits(op.kind).names_buffer) op.offset += part;
        for (Entry& e : op.entries) e.offset += part;
    }
    return program;
}

// The offsets at which something begins or ends, in any buffer, and what becomes of each. An argument of a call counts
// from where its mapping begins.
class Cuts {
public:
    explicit Cuts(const Program& program) : program_(program) {
        Program copy = program;
        each_range(copy, [&](uint32_t base, uint32_t& offset, uint32_t& size) {
            before_.insert(base + offset);
            before_.insert(base + offset + size);
        });
        before_.insert(0);
    }

    size_t parts() const { return before_.size() - 1; }

    uint32_t part(size_t i) const { return *std::next(before_.begin(), static_cast<std::ptrdiff_t>(i) + 1) - at(i); }

    Program laid_out(const std::vector<uint32_t>& parts) const {
        std::map<uint32_t, uint32_t> after;
        uint32_t end = 0;
        for (size_t i = 0; i <= parts.size(); i++) {
            after[at(i)] = end;
            if (i < parts.size()) end += parts[i];
        }
        Program program = program_;
        each_range(program, [&](uint32_t base, uint32_t& offset, uint32_t& size) {
            const uint32_t first = after.at(base + offset), last = after.at(base + offset + size);
            offset = first - after.at(base);
            size = last - first;
        });
        return program;
    }

private:
    uint32_t at(size_t i) const { return *std::next(before_.begin(), static_cast<std::ptrdiff_t>(i)); }

    // Where a mapping begins, in the program that is read.
    uint32_t base_of(uint8_t mapping) const {
        const Op* map = map_of(program_, mapping);
        return !map || is_allocation_call(map->kind) ? 0 : map->entry_count ? map->entries[0].offset : map->offset;
    }

    uint32_t size_of(uint8_t mapping) const {
        const Op* map = map_of(program_, mapping);
        return map ? static_cast<uint32_t>(mapped_by(*map)) : 0;
    }

    template <class Each>
    void each_range(Program& program, Each each) const {
        for (Op& op : program.ops) {
            for (size_t i = 0; i < op.entry_count; i++) each(0, op.entries[i].offset, op.entries[i].size);
            if (op.kind == OpKind::alloc || is_allocation_call(op.kind)) {
                uint32_t none = 0;
                each(0, none, op.size);
            } else if (traits(op.kind).has_range) {
                each(traits(op.kind).names_buffer ? 0 : base_of(op.mapping), op.offset, op.size);
            } else if (is_sync(op.kind) || is_end(op.kind)) {
                each_argument(op, each);
            }
        }
    }

    template <class Each>
    void each_argument(Op& op, Each each) const {
        uint32_t whole = size_of(op.mapping), none = 0;
        if (op.given_size) each(base_of(op.mapping), op.offset, op.size);
        else if (op.offset) each(base_of(op.mapping), none, op.offset);
        else each(base_of(op.mapping), none, whole);
        // Where the size is the map's, the offset alone is an argument: the range from the beginning up to it.
    }

    const Program& program_;
    std::set<uint32_t> before_;
};

}  // namespace

Program without_layout(Program program) {
    for (Op& op : program.ops) {
        op.offset = op.size = 0;
        for (Entry& e : op.entries) e.offset = e.size = 0;
    }
    return program;
}

std::vector<Program> other_layouts(const Program& program) {
    std::vector<Program> layouts;
    for (const Program& laid_out : {repair(four_times_as_large(program)), repair(a_part_of_a_line_further_on(program))})
        if (without_layout(laid_out) == without_layout(program)) layouts.push_back(laid_out);
    return layouts;
}

namespace {

constexpr std::array<uint32_t, 4> everyday{4096, 2048, 1500, 64};

bool is_everyday(uint32_t n) { return n == 0 || std::find(everyday.begin(), everyday.end(), n) != everyday.end(); }

// How many sizes and offsets are none that drivers use: parts add up to others.
size_t odd_numbers(const Program& program) {
    size_t count = 0;
    for (const Op& op : program.ops) {
        count += !is_everyday(op.offset) + !is_everyday(op.size);
        for (size_t i = 0; i < op.entry_count; i++)
            count += !is_everyday(op.entries[i].offset) + !is_everyday(op.entries[i].size);
    }
    return count;
}

}  // namespace

std::vector<Program> everyday_layouts(const Program& program) {
    constexpr size_t parts_max = 4;
    const Cuts cuts(program);
    if (cuts.parts() == 0 || cuts.parts() > parts_max) return {};
    // As digits: a part is one of those sizes, or, last, as it is.
    std::vector<std::pair<std::pair<size_t, size_t>, Program>> found;
    size_t choices = 1;
    for (size_t i = 0; i < cuts.parts(); i++) choices *= everyday.size() + 1;
    for (size_t choice = 0; choice < choices; choice++) {
        std::vector<uint32_t> parts;
        size_t left = 0, digits = choice;
        for (size_t i = 0; i < cuts.parts(); i++, digits /= everyday.size() + 1) {
            const size_t digit = digits % (everyday.size() + 1);
            left += digit == everyday.size();
            parts.push_back(digit == everyday.size() ? cuts.part(i) : everyday[digit]);
        }
        Program child = cuts.laid_out(parts);
        if (!check(child)) found.push_back({{left, odd_numbers(child)}, std::move(child)});
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Program> layouts;
    for (auto& [rank, child] : found) layouts.push_back(std::move(child));
    return layouts;
}

}  // namespace dmafuzz
