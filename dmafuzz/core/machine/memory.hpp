// SPDX-License-Identifier: GPL-2.0-only
// Where buffers live: physical addresses, the same for the same program and platform.
// Source: docs/spec/coherency.md §1, §2 and §2.3.
#pragma once

#include "machine/arena.hpp"
#include "machine/slots.hpp"
#include "run/run.hpp"

namespace dmafuzz {

inline constexpr uint64_t text_base = 0x8000;
inline constexpr uint64_t rodata_base = 0xc000;
inline constexpr uint64_t stack_base = 0x10000;
inline constexpr uint64_t stack_bytes = 0x4000;
inline constexpr uint64_t bounce_bytes_max = 256 * 1024;  // the largest mapping the pool takes
inline constexpr uint64_t page_base = pool_limit;
inline constexpr uint64_t high_base = 0x100000000;
// What address arithmetic makes of a vmalloc address: memory where no program's buffer lives.
inline constexpr uint64_t elsewhere_base = 0x1000000;
inline constexpr uint64_t mmio_base = 0x2000000;
inline constexpr uint64_t high_mmio_base = 0x10000000000;

// The size that kmalloc rounds to; sizes above the largest bucket are whole pages.
uint32_t kmalloc_bucket(uint32_t bytes, uint32_t alignment);

class Memory {
public:
    struct Home {
        bool live = false;
        BufferKind kind = BufferKind::pages;
        bool high = false;
        uint8_t cpu = 0;       // of a stack buffer
        uint32_t bytes = 0;    // as asked for
        uint32_t rounded = 0;  // as taken: what is given back
        uint64_t phys = 0;
        uint32_t first_page = 0;                    // vmalloc: among the pages of all of them
        uint16_t first_extent = 0, end_extent = 0;  // of the run, but for those of pages that have moved
    };

    void reset(const PlatformView& platform);
    // As it was, on the same platform.
    void back_to(const Memory& kept, const PlatformView& platform) {
        *this = kept;
        platform_ = &platform;
    }
    // Places a buffer; adds its extents to the run. `moves`: pages that copy-on-write will move, a bit each.
    void place(Run& run, int buffer, BufferKind kind, uint32_t bytes, bool high, int cpu,
               const std::vector<bool>& moves);
    void give_back(int buffer);
    // Its memory is not allocated again.
    void lose(int buffer) { homes_[buffer].live = false; }
    // A block that the next allocation of any sort may take.
    void give_back_block(uint64_t phys, uint32_t order) { pages_.give_back(any_sort, order, phys); }
    // Has a live buffer any part of it?
    bool anybody_at(uint64_t phys, uint64_t bytes) const;
    // Moves one page of an anonymous buffer to a new page and returns that.
    uint64_t move_page(Run& run, int buffer, uint32_t page);

    void digest(Digest& into) const;

    const Home& home(int buffer) const { return homes_[buffer]; }
    bool anything_moved() const { return !moved_.empty(); }
    // The physical address of a byte of a live or dead buffer: where it is now, or was last.
    uint64_t phys_of(int buffer, uint32_t offset) const;

private:
    // Page cache and anonymous memory go round among themselves; pages that copy-on-write moves to are fresh ones.
    static constexpr uint32_t any_sort = 0, reclaimed_sort = 1, moved_sort = 2;

    struct Slab {
        uint32_t bucket;
        uint64_t next, limit;
    };

    static uint32_t sort_of(BufferKind kind);
    Arena& arena_of(const Home& home) { return home.high ? high_pages_ : pages_; }
    uint64_t place_kmalloc(uint32_t bytes, uint32_t& rounded);
    void place_vmalloc(Home& home);
    void place_stack(Run& run, int buffer, uint32_t bytes, int cpu);
    void add_extents(Run& run, int buffer, const std::vector<bool>& moves);

    const PlatformView* platform_ = nullptr;
    Arena pages_, high_pages_;
    std::vector<Slab> slabs_;
    std::vector<uint64_t> vmalloc_pages_;
    std::vector<std::pair<uint32_t, uint64_t>> free_objects_;  // bucket, address; last in, first out
    std::array<uint64_t, cpus_max> stack_next_{};
    uint64_t text_next_ = 0, rodata_next_ = 0;
    std::array<Home, buffers_max> homes_{};
    struct Moved {
        uint8_t buffer;
        uint32_t page;
        uint64_t phys;
    };
    std::vector<Moved> moved_;
};

}  // namespace dmafuzz
