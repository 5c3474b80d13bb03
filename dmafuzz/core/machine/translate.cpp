// SPDX-License-Identifier: GPL-2.0-only
// Behind an IOMMU: IOVAs, page tables, and what a call takes out of them.
// Source: docs/spec/coherency.md §4 (Behind an IOMMU); the kernel's drivers/iommu/dma-iommu.c (__iommu_dma_map,
// __iommu_dma_unmap), io-pgtable-arm.c, intel/iommu.c (__domain_mapping), amd/io_pgtable.c.
#include <algorithm>

#include "machine/machine.hpp"

namespace dmafuzz {

namespace {

uint64_t target_of(const Piece& p) { return p.slot ? p.slot : p.phys; }
uint64_t pages_of(const Piece& p) { return pages_for(target_of(p), p.size); }

}  // namespace

Machine::Place Machine::place_of(uint8_t device, uint64_t dma) const {
    if (!translates(device)) {
        constexpr uint64_t cookies =
            ~uint64_t{0} - elsewhere_base;  // from there on: DMA_MAPPING_ERROR, and offsets into it
        return {dma <= cookies, no_mapping, dma};
    }
    const Iovas::Range* range = iovas_[device].find(page_of(dma));
    if (!range) return {};
    return {true, range->piece, (range->target + (page_of(dma) - range->page)) * page_bytes + in_page(dma)};
}

// Takes an IOVA for pieces in a row, each rounded out to pages, and maps them; false where that fails.
bool Machine::translate(const Call& call, Piece* first, int count, uint8_t index) {
    const uint8_t device = first->device;
    Iovas& iovas = iovas_[device];
    iovas_used_ |= static_cast<uint8_t>(1u << device);
    if (iovas.anything_queued() && platform_.get<&Platform::iommu_flushes>()) flush(device, call);
    uint64_t total = 0;
    for (int i = 0; i < count; i++) total += pages_of(first[i]);
    const uint64_t iova = iovas.allocate(call.op.cpu, total);
    if (!iova) return false;
    const bool conflict = iovas.overlaps(iova, total);
    if (conflict && platform_.get<&Platform::iommu_driver>() == IommuDriver::smmu) {
        // It refuses, and what it had mapped before the conflict goes again; the IOVA is the next one to be taken.
        iovas.give_back(call.op.cpu, iova, total, platform_.get<&Platform::iommu_ends_whole>());
        return false;
    }
    first->iova_page = iova;
    first->iova_pages = static_cast<uint32_t>(total);
    first->translated = true;
    uint64_t page = iova;
    for (int i = 0; i < count; i++) {
        Piece& p = first[i];
        const uint64_t pages = pages_of(p), target = page_of(target_of(p));
        p.dma = page * page_bytes + in_page(target_of(p));
        const uint8_t own = static_cast<uint8_t>(index + i);
        redirect_others(own, p, page, pages, target);
        if (conflict) map_over(own, p, page, pages, target);
        else iovas.map(page, pages, target, own);
        page += pages;
    }
    return true;
}

// What the page table lets a device do in a piece's pages. Whatever it is allocated for, a non-contiguous allocation is
// mapped both ways. Source: __iommu_dma_alloc_noncontiguous of the kernel; arm_lpae_prot_to_pte and __domain_mapping,
// which know no pages that can only be written.
Machine::Permission Machine::permission(const Piece& p) const {
    const bool both_ways = run_->mappings[p.mapping].map == OpKind::alloc_noncontiguous;
    return {both_ways || device_reads(p.direction) || !platform_.get<&Platform::iommu_write_only>(),
            both_ways || device_writes(p.direction)};
}

// The part of a piece that lies in a page of its IOVA leads there.
void Machine::redirect(uint8_t index, const Piece& p, uint64_t page, uint64_t target, Permission permission) {
    const uint64_t from = std::max(page * page_bytes, p.dma), to = std::min((page + 1) * page_bytes, p.dma + p.size);
    if (from >= to) return;
    Step s{StepKind::redirect, now_};
    s.piece = index;
    s.offset = static_cast<uint32_t>(from - p.dma);
    s.size = static_cast<uint32_t>(to - from);
    s.phys = target * page_bytes + in_page(from);
    s.no_read = device_reads(p.direction) && !permission.read;
    s.no_write = device_writes(p.direction) && !permission.write;
    redirects_.push_back(s);
}

// Those of some pieces, the last among them.
void Machine::write_redirects(int first, int last) {
    for (const Step& s : redirects_)
        if (s.piece >= first && s.piece <= last) emit(s);
}

// Other live mappings whose device still uses these addresses, though they were taken from it, get to the new pages.
void Machine::redirect_others(uint8_t index, const Piece& piece, uint64_t page, uint64_t pages, uint64_t target) {
    for (size_t i = 0; i < run_->pieces.size(); i++) {
        const Piece& other = run_->pieces[i];
        if (i == index || other.device != piece.device || other.mapping == piece.mapping ||
            other.dma == dma_error_cookie)
            continue;
        if (!run_->mappings[other.mapping].live) continue;
        const uint64_t first = page_of(other.dma), end = first + pages_for(other.dma, other.size);
        for (uint64_t at = std::max(first, page); at < std::min(end, page + pages); at++) {
            const bool kept =
                iovas_[piece.device].find(at) && platform_.get<&Platform::iommu_driver>() == IommuDriver::intel;
            if (!kept) redirect(static_cast<uint8_t>(i), other, at, target + (at - page), permission(piece));
        }
    }
}

// Live mappings whose slots somebody else's call has given back still use them, whoever has taken them now.
void Machine::redirect_into_slot(const Piece& piece) {
    const uint64_t begin = piece.slot, end = begin + slots_for(slot_room(piece)) * slot_bytes;
    for (size_t i = 0; i < run_->pieces.size(); i++) {
        const Piece& other = run_->pieces[i];
        if (other.via != Via::slot || translates(other.device) || !run_->mappings[other.mapping].live) continue;
        const uint64_t from = std::max(begin, other.slot), to = std::min(end, other.slot + other.size);
        if (from >= to) continue;
        Step s{StepKind::redirect, now_};
        s.piece = static_cast<uint8_t>(i);
        s.offset = static_cast<uint32_t>(from - other.slot);
        s.size = static_cast<uint32_t>(to - from);
        s.phys = from;
        redirects_.push_back(s);
    }
}

// A wrong call has given its slot back, and the IOMMU still leads there: no fault, but whoever gets the slot next.
void Machine::stay_in_slot(uint8_t index) {
    const Piece& p = run_->pieces[index];
    if (!run_->mappings[p.mapping].live) return;
    redirects_.clear();
    for (uint64_t page = page_of(p.dma), end = page + pages_for(p.dma, p.size); page < end; page++)
        if (const Iovas::Range* r = iovas_[p.device].find(page))
            redirect(index, p, page, r->target + (page - r->page), permission(run_->pieces[r->piece]));
    write_redirects(index, index);
    redirects_.clear();
}

// Over pages that are mapped: Intel keeps the old ones, with what they permit, AMD takes the new.
void Machine::map_over(uint8_t index, Piece& piece, uint64_t page, uint64_t pages, uint64_t target) {
    Iovas& iovas = iovas_[piece.device];
    const bool keeps = platform_.get<&Platform::iommu_driver>() == IommuDriver::intel;
    for (uint64_t i = 0; i < pages; i++) {
        const Iovas::Range* old = iovas.find(page + i);
        if (old && keeps) {
            redirect(index, piece, page + i, old->target + (page + i - old->page),
                     permission(run_->pieces[old->piece]));
            continue;
        }
        if (old) iovas.clear(page + i, 1, false);
        iovas.map(page + i, 1, target + i, index);
    }
}

// What has ended lazily is gone for the device too.
void Machine::flush(uint8_t device, const Call& call) {
    Iovas& iovas = iovas_[device];
    for (const Iovas::Range& r : iovas.stale())
        cut_off_pages(device, call.op.mapping, r.page, r.pages, false, [](uint64_t) { return true; });
    iovas.flush(call.op.cpu, platform_.get<&Platform::iommu_ends_whole>());
}

// What a call takes out of the page table, and the IOVA that it gives back: as the call says, whatever was mapped.
void Machine::unmap_range(const Call& call, uint64_t dma, uint64_t bytes) {
    Iovas& iovas = iovas_[call.device];
    iovas_used_ |= static_cast<uint8_t>(1u << call.device);
    uint64_t page = page_of(dma), pages = pages_for(dma, bytes);
    if (platform_.get<&Platform::iommu_ends_whole>()) {
        const Iovas::Taken whole = iovas.holding(page);
        if (!whole.pages) return;
        page = whole.page;
        pages = whole.pages;
    }
    const bool lazy = platform_.get<&Platform::iommu>() == Iommu::lazy;
    uint64_t cleared = iovas.mapped_from(page, pages);
    // Behind a hole there may be more: an SMMU does not get there.
    if (cleared < pages && iovas.overlaps(page + cleared, pages - cleared) &&
        platform_.get<&Platform::iommu_driver>() != IommuDriver::smmu)
        cleared = pages;
    if (cleared) {
        iovas.clear(page, cleared, lazy);
        cut_off_pages(call.device, call.op.mapping, page, cleared, lazy,
                      [&](uint64_t at) { return !lazy || iovas.find_stale(at); });
    }
    if (lazy) iovas.queue(call.op.cpu, page, pages);
    else iovas.give_back(call.op.cpu, page, pages, platform_.get<&Platform::iommu_ends_whole>());
    give_back_iova(call, page, pages);
}

// What other live mappings than one reached through these pages, or those of them that are meant, is void from now on;
// or, maybe, still works.
template <class Which>
void Machine::cut_off_pages(uint8_t device, uint8_t but, uint64_t page, uint64_t pages, bool maybe, Which which) {
    for (size_t i = 0; i < run_->pieces.size(); i++) {
        const Piece& p = run_->pieces[i];
        if (p.device != device || p.mapping == but || p.dma == dma_error_cookie || !run_->mappings[p.mapping].live)
            continue;
        const uint64_t end = std::min(page + pages, page_of(p.dma) + pages_for(p.dma, p.size));
        for (uint64_t at = std::max(page, page_of(p.dma)); at < end; at++) {
            if (!which(at)) continue;
            const uint64_t first = at;
            while (at < end && which(at)) at++;
            const uint64_t from = std::max(first * page_bytes, p.dma), to = std::min(at * page_bytes, p.dma + p.size);
            Step s{StepKind::cut_off, now_};
            s.maybe = maybe;
            s.piece = static_cast<uint8_t>(i);
            s.offset = static_cast<uint32_t>(from - p.dma);
            s.size = static_cast<uint32_t>(to - from);
            emit(s);
        }
    }
}

// Whose IOVA that was: no longer held. With another size it is half free, and half gone for good.
void Machine::give_back_iova(const Call& call, uint64_t page, uint64_t pages) {
    Piece* held = nullptr;
    for (Piece& p : run_->pieces) {
        if (!p.translated || p.device != call.device) continue;
        const bool same = p.iova_page == page && Iovas::same_class(p.iova_pages, pages);
        // Without a list the IOVA that holds the page goes as a whole.
        const bool whole = Iovas::same_class(p.iova_pages, ~uint64_t{0}) && Iovas::same_class(pages, ~uint64_t{0}) &&
                           page - p.iova_page < p.iova_pages;
        if ((same || whole) && (!held || p.mapping == call.op.mapping)) held = &p;
    }
    if (held) held->translated = false;
}

}  // namespace dmafuzz
