#include "machine/slots.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

// Slots in a row do not reach across a multiple of that many; the largest mapping has them all.
constexpr size_t segment_slots = 128;
constexpr size_t slots_of_a_page = page_bytes / slot_bytes;

}  // namespace

void SlotPool::reset() {
    std::fill_n(owners_.begin(), end_, nobody);
    next_.fill(0);
    released_ = -1;
    end_ = 0;
}

bool SlotPool::is_free(size_t first, size_t count, const Area& area) const {
    if (first + count > area.base + area.slots || first % segment_slots + count > segment_slots) return false;
    return std::all_of(owners_.begin() + static_cast<std::ptrdiff_t>(first), owners_.begin() + static_cast<std::ptrdiff_t>(first + count),
                       [](uint8_t owner) { return owner == nobody; });
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

uint64_t SlotPool::take(const AskedPlatform& platform, int cpu, uint64_t bytes, uint8_t piece) {
    const size_t count = slots_for(bytes), total = static_cast<size_t>(platform.get<&Platform::bounce_slots>());
    const bool by_pages = bytes >= page_bytes;
    auto from = [&](const Area& area, size_t next) {
        const bool inside = released_ >= 0 && static_cast<size_t>(released_) - area.base < area.slots;
        return inside && platform.get<&Platform::bounce_gone_round>() ? static_cast<size_t>(released_) - area.base : next;
    };
    auto taken = [&](int slot, size_t area, size_t base) {
        std::fill_n(owners_.begin() + slot, count, piece);
        next_[area] = static_cast<size_t>(slot) - base + count;
        end_ = std::max(end_, static_cast<size_t>(slot) + count);
        if (slot == released_) released_ = -1;
        return pool_base + static_cast<uint64_t>(slot) * slot_bytes;
    };
    // The first CPU's area is where the pool begins, so that at first it makes no difference whether there are areas.
    const size_t least = total / cpus_max;
    const Area first{0, least};
    if (cpu == 0 && next_[0] < least && released_ < static_cast<int>(least)) {
        const size_t start = from(first, next_[0]);
        const int slot = search(first, start, count, by_pages);
        if (slot >= static_cast<int>(start)) return taken(slot, 0, 0);
    }
    const bool areas = least > 0 && platform.get<&Platform::bounce_areas>();
    const size_t size = areas ? least : total, number = areas ? cpus_max : 1;
    for (size_t i = 0; i < number; i++) {
        const size_t which = (static_cast<size_t>(cpu) + i) % number;
        const Area area{which * size, size};
        if (size == 0) break;
        const int slot = search(area, from(area, next_[which]) % size, count, by_pages);
        if (slot >= 0) return taken(slot, which, area.base);
    }
    return 0;
}

void SlotPool::release(size_t first, size_t count) {
    std::fill_n(owners_.begin() + static_cast<std::ptrdiff_t>(first), count, nobody);
    released_ = static_cast<int>(first);
}

void SlotPool::digest(Digest& into) const {
    for (size_t next : next_) into.add(next);
    into.add(static_cast<uint64_t>(released_ + 1));
    for (size_t i = 0; i < end_; i++)
        if (owners_[i] != nobody) into.add(i << 8 | owners_[i]);
    into.add(end_);
}

}  // namespace dmafuzz
