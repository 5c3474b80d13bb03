// SPDX-License-Identifier: GPL-2.0-only
#include "machine/slots.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

// Slots in a row do not reach across a multiple of that many; the largest mapping has them all.
constexpr size_t segment_slots = 128;
constexpr size_t slots_of_a_page = page_bytes / slot_bytes;

}  // namespace

void SlotPool::reset() {
    std::fill_n(owners_.begin(), end_, no_owner);
    next_.fill(0);
    released_ = none;
    released_in_area_.fill(none);
    end_ = 0;
}

bool SlotPool::is_free(size_t first, size_t count, const Area& area) const {
    if (first + count > area.base + area.slots || first % segment_slots + count > segment_slots) return false;
    return std::all_of(owners_.begin() + static_cast<std::ptrdiff_t>(first),
                       owners_.begin() + static_cast<std::ptrdiff_t>(first + count),
                       [](uint8_t owner) { return owner == no_owner; });
}

// Once round the area.
int SlotPool::search(const Area& area, size_t from, size_t count, bool by_pages) const {
    for (size_t i = 0; i < area.slots; i++) {
        const size_t slot = area.base + (from + i) % area.slots;
        if (by_pages && slot % slots_of_a_page) continue;
        if (is_free(slot, count, area)) return static_cast<int>(slot);
    }
    return -1;
}

uint64_t SlotPool::allocate(const PlatformView& platform, int cpu, uint64_t bytes, uint8_t piece) {
    const size_t count = slots_for(bytes), total = static_cast<size_t>(platform.get<&Platform::bounce_slots>());
    const bool by_pages = bytes >= page_bytes;
    // A pool that has gone round is one whose search begins at what was given back.
    auto from = [&](int released, size_t base, size_t next) {
        return released != none && platform.get<&Platform::bounce_gone_round>() ? static_cast<size_t>(released) - base
                                                                                : next;
    };
    auto taken = [&](int slot, size_t area, size_t base) {
        std::fill_n(owners_.begin() + slot, count, piece);
        next_[area] = static_cast<size_t>(slot) - base + count;
        end_ = std::max(end_, static_cast<size_t>(slot) + count);
        released_ = released_in_area_[area] = none;
        return pool_base + static_cast<uint64_t>(slot) * slot_bytes;
    };
    area_slots_ = total / cpus_max;
    // The first CPU's area is where the pool begins, so that at first it makes no difference whether there are areas.
    if (cpu == 0 && next_[0] < area_slots_ && released_ == released_in_area_[0]) {
        const size_t start = from(released_, 0, next_[0]);
        const int slot = search({0, area_slots_}, start, count, by_pages);
        if (slot >= static_cast<int>(start)) return taken(slot, 0, 0);
    }
    const bool areas = area_slots_ > 0 && platform.get<&Platform::bounce_areas>();
    const size_t size = areas ? area_slots_ : total, number = areas ? cpus_max : 1;
    for (size_t i = 0; i < number && size > 0; i++) {
        const size_t which = (static_cast<size_t>(cpu) + i) % number;
        const Area area{which * size, size};
        const size_t start = from(areas ? released_in_area_[which] : released_, area.base, next_[which]);
        const int slot = search(area, start % size, count, by_pages);
        if (slot >= 0) return taken(slot, which, area.base);
    }
    return 0;
}

void SlotPool::release(size_t first, size_t count) {
    std::fill_n(owners_.begin() + static_cast<std::ptrdiff_t>(first), count, no_owner);
    released_ = static_cast<int>(first);
    if (area_slots_) released_in_area_[std::min<size_t>(first / area_slots_, cpus_max - 1)] = released_;
}

void SlotPool::digest(Digest& into) const {
    for (size_t next : next_) into.add(next);
    into.add(static_cast<uint64_t>(released_ + 1));
    for (int released : released_in_area_) into.add(static_cast<uint64_t>(released + 1));
    for (size_t i = 0; i < end_; i++)
        if (owners_[i] != no_owner) into.add(i << 8 | owners_[i]);
    into.add(end_);
}

}  // namespace dmafuzz
