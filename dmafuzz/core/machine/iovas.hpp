// SPDX-License-Identifier: GPL-2.0-only
// The address space of one device behind an IOMMU: which IOVAs are taken, which come next, and what its page table
// says. All in pages. Source: docs/spec/coherency.md §4 (Behind an IOMMU); the kernel's drivers/iommu/iova.c and
// drivers/iommu/dma-iommu.c.
#pragma once

#include <cstdint>
#include <vector>

#include "run/platform_view.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

constexpr uint64_t page_of(uint64_t address) { return address / page_bytes; }
constexpr uint64_t in_page(uint64_t address) { return address % page_bytes; }
// Pages that [address, address + bytes) has part of; none where it is empty and begins with a page.
constexpr uint64_t pages_for(uint64_t address, uint64_t bytes) {
    return (in_page(address) + bytes + page_bytes - 1) / page_bytes;
}

class Iovas {
public:
    // Pages in a row that lead to pages in a row.
    struct Range {
        uint64_t page, pages, target;
        uint8_t piece;
    };

    void reset();
    // The first page, or 0 where there are none.
    uint64_t allocate(int cpu, uint64_t pages);
    // To the list of that CPU and size; or, where the size has no list, the whole IOVA that holds the page. `whole`: so
    // always.
    void give_back(int cpu, uint64_t page, uint64_t pages, bool whole);
    // Lazily: given back, and gone for the device, at the next flush only.
    void queue(int cpu, uint64_t page, uint64_t pages) { queue_.push_back({{page, pages}, cpu}); }
    bool anything_queued() const { return !queue_.empty() || !stale_.empty(); }
    void flush(int cpu, bool whole);
    // The IOVA that holds a page: its first page and its size, or no pages.
    struct Taken {
        uint64_t page, pages;
    };
    Taken holding(uint64_t page) const;
    // Is the size one of those of which IOVAs are kept in lists?
    static bool same_class(uint64_t pages, uint64_t others);

    const Range* find(uint64_t page) const { return find(table_, page); }
    const Range* find_stale(uint64_t page) const { return find(stale_, page); }
    const std::vector<Range>& stale() const { return stale_; }
    bool overlaps(uint64_t page, uint64_t pages) const;
    void map(uint64_t page, uint64_t pages, uint64_t target, uint8_t piece) {
        table_.push_back({page, pages, target, piece});
    }
    // Of so many pages from there on, those in front of the first that leads nowhere.
    uint64_t mapped_from(uint64_t page, uint64_t pages) const;
    // Of so many pages from there on, the first ones that lead to pages in a row, or all of them nowhere.
    uint64_t alike(uint64_t page, uint64_t pages) const;
    // They lead nowhere from now on; `lazily`: until the flush the device may still get there.
    void clear(uint64_t page, uint64_t pages, bool lazily);
    bool leads_to(uint8_t piece) const;

    void digest(Digest& into) const;

private:
    static constexpr uint64_t end_page = uint64_t{1} << 20;  // of the 32-bit addresses
    struct Freed {
        uint8_t cpu, order;
        uint64_t page;
    };
    // By the CPU that ended it.
    struct Queued {
        Taken iova;
        int cpu;
    };
    static const Range* find(const std::vector<Range>& ranges, uint64_t page);
    uint64_t allocate_fresh(uint64_t pages);
    void remove(uint64_t page);

    std::vector<Taken> taken_;  // from the top down
    size_t searched_from_ = 0;  // behind the IOVA in `taken_` that the search for fresh ones begins below
    std::vector<Freed> freed_;
    std::vector<Queued> queue_;
    std::vector<Range> table_, stale_;
};

}  // namespace dmafuzz
