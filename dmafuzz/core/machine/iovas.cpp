// SPDX-License-Identifier: GPL-2.0-only
#include "machine/iovas.hpp"

#include <algorithm>
#include <bit>

namespace dmafuzz {

namespace {

// Of more pages than that, IOVAs are kept in no list.
constexpr uint64_t listed_pages_max = 32;
// The size class: as order_base_2 of the kernel, which takes nothing for one page.
uint8_t class_of(uint64_t pages) { return static_cast<uint8_t>(pages <= 1 ? 0 : std::bit_width(pages - 1)); }

}  // namespace

void Iovas::reset() {
    taken_.clear();
    searched_from_ = 0;
    freed_.clear();
    queue_.clear();
    table_.clear();
    stale_.clear();
}

bool Iovas::same_class(uint64_t pages, uint64_t others) {
    if (pages > listed_pages_max || others > listed_pages_max)
        return pages > listed_pages_max && others > listed_pages_max;
    return class_of(pages) == class_of(others);
}

uint64_t Iovas::allocate(int cpu, uint64_t pages) {
    if (pages <= listed_pages_max) {
        pages = std::bit_ceil(pages);
        for (size_t i = freed_.size(); i-- > 0;) {
            const Freed f = freed_[i];
            if (f.cpu != cpu || f.order != class_of(pages) || f.page > end_page - pages) continue;
            freed_.erase(freed_.begin() + static_cast<std::ptrdiff_t>(i));
            return f.page;
        }
    }
    return allocate_fresh(pages);
}

// The next room below the IOVA that was taken last, aligned to its own power of two. Source:
// __alloc_and_insert_iova_range.
uint64_t Iovas::allocate_fresh(uint64_t pages) {
    const uint64_t mask = ~(std::bit_ceil(pages) - 1);
    uint64_t high = searched_from_ ? taken_[searched_from_ - 1].page : end_page;
    size_t at = searched_from_;
    while (high > pages) {
        const uint64_t page = (high - pages) & mask;
        if (at == taken_.size() || page >= taken_[at].page + taken_[at].pages) {
            if (page == 0) return 0;
            taken_.insert(taken_.begin() + static_cast<std::ptrdiff_t>(at), {page, pages});
            searched_from_ = at + 1;
            return page;
        }
        high = taken_[at++].page;
    }
    return 0;
}

Iovas::Taken Iovas::holding(uint64_t page) const {
    for (const Taken& t : taken_)
        if (page >= t.page && page < t.page + t.pages) return t;
    return {page, 0};
}

// The search begins above it from then on, unless it does already. Source: __cached_rbnode_delete_update.
void Iovas::remove(uint64_t page) {
    for (size_t i = 0; i < taken_.size(); i++) {
        if (page < taken_[i].page || page >= taken_[i].page + taken_[i].pages) continue;
        taken_.erase(taken_.begin() + static_cast<std::ptrdiff_t>(i));
        searched_from_ = std::min(searched_from_, i);
        return;
    }
}

void Iovas::give_back(int cpu, uint64_t page, uint64_t pages, bool whole) {
    if (whole || pages > listed_pages_max) return remove(page);
    freed_.push_back({static_cast<uint8_t>(cpu), class_of(pages), page});
}

void Iovas::flush(int cpu, bool whole) {
    // The queue of one CPU after the other (fq_flush_timeout of the kernel), in the order in which they were begun:
    // names of CPUs mean nothing.
    std::array<bool, cpus_max> done{};
    for (const Queued& first : queue_) {
        if (done[static_cast<size_t>(first.cpu)]) continue;
        done[static_cast<size_t>(first.cpu)] = true;
        for (const Queued& q : queue_)
            if (q.cpu == first.cpu) give_back(cpu, q.iova.page, q.iova.pages, whole);
    }
    queue_.clear();
    stale_.clear();
}

const Iovas::Range* Iovas::find(const std::vector<Range>& ranges, uint64_t page) {
    for (const Range& r : ranges)
        if (page - r.page < r.pages) return &r;
    return nullptr;
}

bool Iovas::overlaps(uint64_t page, uint64_t pages) const {
    return std::any_of(table_.begin(), table_.end(),
                       [&](const Range& r) { return page < r.page + r.pages && r.page < page + pages; });
}

uint64_t Iovas::mapped_from(uint64_t page, uint64_t pages) const {
    uint64_t mapped = 0;
    while (mapped < pages) {
        const Range* found = find(page + mapped);
        if (!found) break;
        mapped = found->page + found->pages - page;
    }
    return std::min(mapped, pages);
}

uint64_t Iovas::alike(uint64_t page, uint64_t pages) const {
    const Range* here = find(page);
    if (here) return std::min(pages, here->page + here->pages - page);
    const Range* stale = find_stale(page);
    if (stale) pages = std::min(pages, stale->page + stale->pages - page);
    for (const std::vector<Range>* ranges : {&table_, &stale_})
        for (const Range& r : *ranges)
            if (r.page > page) pages = std::min(pages, r.page - page);
    return pages;
}

void Iovas::clear(uint64_t page, uint64_t pages, bool lazily) {
    for (size_t i = 0; i < table_.size(); i++) {
        const Range r = table_[i];
        const uint64_t from = std::max(page, r.page), to = std::min(page + pages, r.page + r.pages);
        if (from >= to) continue;
        auto part = [&](uint64_t first, uint64_t end) {
            return Range{first, end - first, r.target + (first - r.page), r.piece};
        };
        if (lazily) stale_.push_back(part(from, to));
        if (to < r.page + r.pages) table_.push_back(part(to, r.page + r.pages));
        if (from > r.page) table_[i] = part(r.page, from);
        else table_.erase(table_.begin() + static_cast<std::ptrdiff_t>(i--));
    }
}

bool Iovas::leads_to(uint8_t piece) const {
    return std::any_of(table_.begin(), table_.end(), [&](const Range& r) { return r.piece == piece; });
}

void Iovas::digest(Digest& into) const {
    for (const Taken& t : taken_) {
        into.add(t.page);
        into.add(t.pages);
    }
    for (const Freed& f : freed_) into.add(f.page << 16 | static_cast<uint64_t>(f.cpu) << 8 | f.order);
    for (const Queued& q : queue_) {
        into.add(q.iova.page << 8 | static_cast<uint64_t>(q.cpu));
        into.add(q.iova.pages);
    }
    for (const std::vector<Range>* ranges : {&table_, &stale_})
        for (const Range& r : *ranges) {
            into.add(r.page << 8 | r.piece);
            into.add(r.pages);
            into.add(r.target);
        }
    into.add(searched_from_ << 48 | taken_.size() << 36 | freed_.size() << 24 | queue_.size() << 12 | stale_.size());
}

}  // namespace dmafuzz
