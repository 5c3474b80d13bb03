// SPDX-License-Identifier: GPL-2.0-only
// Some of a piece's bytes, as ranges in order, none of which meets another: rules speak of ranges of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "state/digest.hpp"

namespace dmafuzz {

class ByteRanges {
public:
    // Ranges are from `from` to before `to`; an empty one changes nothing.
    void add(uint32_t from, uint32_t to) {
        if (from >= to) return;
        size_t at = 0;
        while (at < ranges_.size() && ranges_[at].to < from) at++;
        size_t end = at;
        for (; end < ranges_.size() && ranges_[end].from <= to; end++) {
            from = std::min(from, ranges_[end].from);
            to = std::max(to, ranges_[end].to);
        }
        replace(at, end, {{{from, to}, {}}}, 1);
    }
    void remove(uint32_t from, uint32_t to) {
        if (from >= to) return;
        size_t at = 0;
        while (at < ranges_.size() && ranges_[at].to <= from) at++;
        size_t end = at;
        std::array<Range, 2> left{};
        size_t count = 0;
        for (; end < ranges_.size() && ranges_[end].from < to; end++) {
            if (ranges_[end].from < from) left[count++] = {ranges_[end].from, from};
            if (ranges_[end].to > to) left[count++] = {to, ranges_[end].to};
        }
        replace(at, end, left, count);
    }
    bool any(uint32_t from, uint32_t to) const {
        return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& r) { return r.from < to && from < r.to; });
    }
    bool all(uint32_t from, uint32_t to) const {
        if (from >= to) return true;
        return std::any_of(ranges_.begin(), ranges_.end(),
                           [&](const Range& r) { return r.from <= from && to <= r.to; });
    }
    void clear() { ranges_.clear(); }
    void digest(Digest& into) const {
        for (const Range& r : ranges_) into.add(static_cast<uint64_t>(r.from) << 32 | r.to);
        into.add(ranges_.size());
    }

private:
    struct Range {
        uint32_t from, to;
    };

    // At most two in the place of those from `at` to before `end`.
    void replace(size_t at, size_t end, const std::array<Range, 2>& by, size_t count) {
        const auto first = ranges_.begin() + static_cast<std::ptrdiff_t>(at);
        const size_t kept = std::min(count, end - at);
        std::copy_n(by.begin(), kept, first);
        const auto place = first + static_cast<std::ptrdiff_t>(kept);
        if (kept < count) ranges_.insert(place, by.begin() + kept, by.begin() + count);
        else ranges_.erase(place, ranges_.begin() + static_cast<std::ptrdiff_t>(end));
    }

    std::vector<Range> ranges_;
};

}  // namespace dmafuzz
