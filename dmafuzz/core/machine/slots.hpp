// SPDX-License-Identifier: GPL-2.0-only
// The pool of bounce slots: who has which, and which comes next.
// Source: docs/spec/coherency.md §4 (Slots); swiotlb_search_pool_area and swiotlb_release_slots in the kernel's
// kernel/dma/swiotlb.c.
#pragma once

#include <array>
#include <cstdint>

#include "run/platform_view.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

inline constexpr uint64_t slot_bytes = 2048;
inline constexpr uint64_t pool_base = 0x20000;
inline constexpr uint64_t pool_limit = 0x120000;
inline constexpr size_t slots_max = (pool_limit - pool_base) / slot_bytes;
constexpr bool in_pool(uint64_t phys) { return phys >= pool_base && phys < pool_limit; }
constexpr size_t slot_at(uint64_t phys) { return (phys - pool_base) / slot_bytes; }
constexpr uint32_t slots_for(uint64_t bytes) { return static_cast<uint32_t>((bytes + slot_bytes - 1) / slot_bytes); }

class SlotPool {
public:
    static constexpr uint8_t no_owner = 0xff;

    SlotPool() { owners_.fill(no_owner); }
    void reset();
    // The address of that many bytes of slots, which the piece has from now on; 0 where there are none.
    uint64_t allocate(const PlatformView& platform, int cpu, uint64_t bytes, uint8_t piece);
    uint8_t owner(size_t slot) const { return owners_[slot]; }
    // Slots given back, `count` from `first` on.
    void release(size_t first, size_t count);
    void digest(Digest& into) const;

private:
    struct Area {
        size_t base, slots;
    };
    bool is_free(size_t first, size_t count, const Area& area) const;
    int search(const Area& area, size_t from, size_t count, bool by_pages) const;

    std::array<uint8_t, slots_max> owners_;
    std::array<size_t, cpus_max> next_{};  // by areas, in the area
    // The first of the slots last given back since something was taken: of the pool, and of each area.
    static constexpr int none = -1;
    int released_ = none;
    std::array<int, cpus_max> released_in_area_{none, none, none, none};
    size_t area_slots_ = 0;
    size_t end_ = 0;  // behind the last slot that was ever taken
};

}  // namespace dmafuzz
