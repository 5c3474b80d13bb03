// SPDX-License-Identifier: GPL-2.0-only
#include "machine/memory.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

constexpr uint32_t kmalloc_cache_bytes_max = 8192;
// Of the stack, in front of each buffer there.
constexpr uint64_t live_data_bytes = 16;

uint64_t round_up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

}  // namespace

uint32_t kmalloc_bucket(uint32_t bytes, uint32_t alignment) {
    constexpr std::array<uint32_t, 12> buckets{16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192};
    for (uint32_t bucket : buckets)
        if (bucket >= bytes && bucket % alignment == 0) return bucket;
    return static_cast<uint32_t>(round_up(bytes, page_bytes));
}

void Memory::reset(const PlatformView& platform) {
    platform_ = &platform;
    pages_.reset(page_base, elsewhere_base);
    high_pages_.reset(high_base, high_base + elsewhere_base);
    slabs_.clear();
    vmalloc_pages_.clear();
    free_objects_.clear();
    moved_.clear();
    for (int cpu = 0; cpu < cpus_max; cpu++) stack_next_[cpu] = stack_base + cpu * stack_bytes;
    text_next_ = text_base;
    rodata_next_ = rodata_base;
    homes_.fill({});
}

uint32_t Memory::sort_of(BufferKind kind) {
    return kind == BufferKind::page_cache || kind == BufferKind::anonymous ? reclaimed_sort : any_sort;
}

uint64_t Memory::place_kmalloc(uint32_t bytes, uint32_t& rounded) {
    constexpr uint32_t alignment_min = 8, alignment_max = 128;
    // Mostly the same, however buckets are aligned.
    rounded = kmalloc_bucket(bytes, alignment_min);
    if (rounded % alignment_max)
        rounded = kmalloc_bucket(bytes, static_cast<uint32_t>(platform_->get<&Platform::kmalloc_alignment>()));
    if (rounded > kmalloc_cache_bytes_max) return pages_.allocate(any_sort, order_of(rounded));
    for (size_t i = free_objects_.size(); i-- > 0;) {
        if (free_objects_[i].first != rounded) continue;
        uint64_t at = free_objects_[i].second;
        free_objects_.erase(free_objects_.begin() + static_cast<std::ptrdiff_t>(i));
        return at;
    }
    for (Slab& slab : slabs_) {
        if (slab.bucket != rounded || slab.next + rounded > slab.limit) continue;
        slab.next += rounded;
        return slab.next - rounded;
    }
    uint64_t slab_bytes = round_up(rounded, page_bytes);
    uint64_t at = pages_.allocate(any_sort, order_of(slab_bytes));
    slabs_.push_back({rounded, at + rounded, at + slab_bytes});
    return at;
}

// Page by page. A fresh one is followed by an unused page, so that no two of those are adjacent.
void Memory::place_vmalloc(Home& home) {
    home.high = platform_->get<&Platform::vmalloc_high>();
    home.first_page = static_cast<uint32_t>(vmalloc_pages_.size());
    for (uint32_t taken = 0; taken < home.rounded; taken += page_bytes)
        vmalloc_pages_.push_back(arena_of(home).allocate(any_sort, 0, 1));
    home.phys = vmalloc_pages_[home.first_page];
}

// Sixteen bytes after a line boundary, so that the first line holds live stack data, and the last one
// unless the buffer ends on a boundary.
void Memory::place_stack(Run& run, int buffer, uint32_t bytes, int cpu) {
    const uint64_t line = static_cast<uint64_t>(platform_->get<&Platform::line>());
    uint64_t start = stack_next_[cpu];
    uint64_t at = start + live_data_bytes;
    uint64_t end = round_up(at + bytes, line);
    stack_next_[cpu] = end;
    homes_[buffer].phys = at;
    auto live = [&](uint64_t from, uint64_t to) {
        if (from == to) return;
        run.extents.push_back(
            {stack_buffer, static_cast<uint32_t>(from - stack_base), static_cast<uint32_t>(to - from), from, true});
    };
    live(start, at);
    live(at + bytes, end);
}

void Memory::place(Run& run, int buffer, BufferKind kind, uint32_t bytes, bool high, int cpu,
                   const std::vector<bool>& moves) {
    Home& home = homes_[buffer];
    home = {true, kind, high, static_cast<uint8_t>(cpu), bytes, static_cast<uint32_t>(round_up(bytes, page_bytes))};
    switch (kind) {
        case BufferKind::kmalloc: home.phys = place_kmalloc(bytes, home.rounded); break;
        case BufferKind::stack: place_stack(run, buffer, bytes, cpu); break;
        case BufferKind::text:
            home.phys = text_next_;
            text_next_ += home.rounded;
            break;
        case BufferKind::rodata:
            home.phys = rodata_next_;
            rodata_next_ += home.rounded;
            break;
        case BufferKind::vmalloc: place_vmalloc(home); break;
        case BufferKind::mmio:
            home.phys = (high ? high_mmio_base : mmio_base) + static_cast<uint64_t>(buffer) * buffer_bytes_max;
            break;
        default: home.phys = arena_of(home).allocate(sort_of(kind), order_of(bytes)); break;
    }
    add_extents(run, buffer, moves);
}

void Memory::add_extents(Run& run, int buffer, const std::vector<bool>& moves) {
    const Home& home = homes_[buffer];
    // Registers hold nothing, but who may get at them matters. Contiguous memory is one extent, but for pages that will
    // move and vmalloc's pages.
    uint32_t start = 0;
    homes_[buffer].first_extent = static_cast<uint16_t>(run.extents.size());
    homes_[buffer].end_extent = static_cast<uint16_t>(run.extents.size() + 1);
    if (home.kind != BufferKind::vmalloc && moves.empty())
        return run.extents.push_back({static_cast<uint8_t>(buffer), 0, home.bytes, home.phys, true});
    for (uint32_t page = 0; page * page_bytes < home.bytes; page++) {
        uint32_t end = std::min<uint32_t>((page + 1) * page_bytes, home.bytes);
        auto moving = [&](uint32_t p) { return p < moves.size() && moves[p]; };
        bool cut = home.kind == BufferKind::vmalloc || moving(page) || moving(page + 1) || end == home.bytes;
        if (!cut) continue;
        run.extents.push_back({static_cast<uint8_t>(buffer), start, end - start, phys_of(buffer, start), true});
        start = end;
    }
    homes_[buffer].end_extent = static_cast<uint16_t>(run.extents.size());
}

void Memory::give_back(int buffer) {
    Home& home = homes_[buffer];
    home.live = false;
    if (home.kind == BufferKind::stack) return;
    if (home.kind == BufferKind::kmalloc && home.rounded <= kmalloc_cache_bytes_max) {
        free_objects_.emplace_back(home.rounded, home.phys);
        return;
    }
    // A buffer torn apart by copy-on-write gives nothing back: its old pages are still under DMA.
    for (const Moved& m : moved_)
        if (m.buffer == buffer) return;
    Arena& arena = arena_of(home);
    if (home.kind != BufferKind::vmalloc) return arena.give_back(sort_of(home.kind), order_of(home.rounded), home.phys);
    for (uint32_t page = 0; page * page_bytes < home.rounded; page++)
        arena.give_back(any_sort, 0, phys_of(buffer, page * page_bytes));
}

bool Memory::anybody_at(uint64_t phys, uint64_t bytes) const {
    for (int i = 0; i < buffers_max; i++) {
        const Home& home = homes_[i];
        if (!home.live || home.kind == BufferKind::mmio) continue;
        for (uint32_t offset = 0; offset < home.bytes; offset += page_bytes) {
            const uint64_t at = phys_of(i, offset), here = std::min<uint32_t>(page_bytes, home.bytes - offset);
            if (at < phys + bytes && phys < at + here) return true;
        }
    }
    return false;
}

uint64_t Memory::move_page(Run& run, int buffer, uint32_t page) {
    const Home& home = homes_[buffer];
    uint64_t phys = pages_.allocate(moved_sort, 0);
    moved_.push_back({static_cast<uint8_t>(buffer), page, phys});
    uint32_t offset = page * page_bytes;
    uint32_t size = std::min<uint32_t>(page_bytes, home.bytes - offset);
    run.extents.push_back({static_cast<uint8_t>(buffer), offset, size, phys, false});
    return phys;
}

uint64_t Memory::phys_of(int buffer, uint32_t offset) const {
    const Home& home = homes_[buffer];
    uint32_t page = offset / page_bytes;
    uint64_t in_page = offset % page_bytes;
    for (size_t i = moved_.size(); i-- > 0;)
        if (moved_[i].buffer == buffer && moved_[i].page == page) return moved_[i].phys + in_page;
    if (home.kind == BufferKind::vmalloc) return vmalloc_pages_[home.first_page + page] + in_page;
    return home.phys + offset;
}

}  // namespace dmafuzz
