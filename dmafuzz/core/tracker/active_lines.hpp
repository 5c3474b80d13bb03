// SPDX-License-Identifier: GPL-2.0-only
// C: the tree of active cachelines. A line keeps a pointer to its first entry (which may be long gone)
// and the number of overlaps beyond it. Source: docs/spec/trackers.md §1 (State).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dmafuzz {

struct ActiveLine {
    uint64_t key;
    uint16_t first;    // the entry it points to: its place in the pool
    uint8_t overlaps;  // beyond the first, 0..7
};

// Dense, with an index from some size on: programs have a handful of lines, unless all lines of a mapping are tracked.
class ActiveLines {
public:
    void clear();
    ActiveLine* find(uint64_t key);
    ActiveLine& insert(uint64_t key, uint16_t first);
    void erase(ActiveLine* line);
    const std::vector<ActiveLine>& all() const { return lines_; }

private:
    static constexpr size_t scanned_max = 16;

    bool indexed() const { return lines_.size() > scanned_max; }
    size_t slot_of(uint64_t key) const { return key * 0x9e3779b97f4a7c15ull >> shift_; }
    size_t next(size_t slot) const { return (slot + 1) & (index_.size() - 1); }
    size_t index_slot(uint64_t key) const;
    void rebuild(size_t lines);

    std::vector<ActiveLine> lines_;
    std::vector<uint32_t> index_;  // 0: free, else place in `lines_` plus one; linear probing
    int shift_ = 64;
};

}  // namespace dmafuzz
