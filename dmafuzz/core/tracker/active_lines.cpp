// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/active_lines.hpp"

#include <algorithm>
#include <bit>

namespace dmafuzz {

void ActiveLines::clear() { lines_.clear(); }

ActiveLine* ActiveLines::find(uint64_t key) {
    if (!indexed()) {
        for (ActiveLine& line : lines_)
            if (line.key == key) return &line;
        return nullptr;
    }
    uint32_t found = index_[index_slot(key)];
    return found ? &lines_[found - 1] : nullptr;
}

ActiveLine& ActiveLines::insert(uint64_t key, uint16_t first) {
    lines_.push_back({key, first, 0});
    if (lines_.size() == scanned_max + 1 || (indexed() && lines_.size() * 2 > index_.size())) rebuild(lines_.size());
    else if (indexed()) index_[index_slot(key)] = static_cast<uint32_t>(lines_.size());
    return lines_.back();
}

void ActiveLines::erase(ActiveLine* line) {
    ActiveLine last = lines_.back();
    bool was_indexed = indexed();
    if (was_indexed) {
        // Closes the gap: whatever was pushed past it by probing comes back.
        size_t gap = index_slot(line->key);
        index_[gap] = 0;
        for (size_t at = next(gap); index_[at]; at = next(at)) {
            size_t wanted = slot_of(lines_[index_[at] - 1].key);
            bool stays = gap < at ? wanted > gap && wanted <= at : wanted > gap || wanted <= at;
            if (stays) continue;
            index_[gap] = index_[at];
            index_[at] = 0;
            gap = at;
        }
        if (last.key != line->key) index_[index_slot(last.key)] = static_cast<uint32_t>(line - lines_.data()) + 1;
    }
    *line = last;
    lines_.pop_back();
}

// Where the key is, or where it would go.
size_t ActiveLines::index_slot(uint64_t key) const {
    size_t slot = slot_of(key);
    while (index_[slot] && lines_[index_[slot] - 1].key != key) slot = next(slot);
    return slot;
}

void ActiveLines::rebuild(size_t lines) {
    size_t size = std::bit_ceil(std::max<size_t>(4 * lines, 64));
    index_.assign(size, 0);
    shift_ = 64 - std::countr_zero(size);
    for (size_t i = 0; i < lines_.size(); i++) index_[index_slot(lines_[i].key)] = static_cast<uint32_t>(i) + 1;
}

}  // namespace dmafuzz
