// SPDX-License-Identifier: GPL-2.0-only
// The memory of coherent and non-coherent allocations: what a free function gives back, as the call says.
// Source: docs/spec/coherency.md §4; dma_direct_free, dma_common_free_pages and __iommu_dma_free of the kernel.
#include <algorithm>

#include "machine/machine.hpp"

namespace dmafuzz {

void Machine::free_memory(const Call& call, MappingFacts& m) {
    const Memory::Home& home = memory_.home(m.buffer);
    if (unmaps_address(call, m)) unmapped_[m.buffer] = true;
    const bool as_allocated =
        call.dma == m.dma && call.op.cpu_offset < page_bytes && order_of(call.bytes) == order_of(home.bytes) &&
        pages_for(0, call.bytes) == pages_for(0, home.bytes) && call.bytes && call.device == m.device;
    if (as_allocated) {
        step(StepKind::die).buffer = m.buffer;
        return memory_.give_back(m.buffer);
    }
    if (listed_pages(m)) return free_by_pages(call, m);
    free_block(call, m, freed_block(call, home.phys));
}

// Does a free take the mapping in vmalloc space away? By a page's address in it (remove_vm_area), and not where the
// memory comes from the atomic pool, which stays mapped.
bool Machine::unmaps_address(const Call& call, const MappingFacts& m) const {
    const bool pooled = !allocated_with_irqs_on_[m.buffer] && platform_.get<&Platform::atomic_pool>();
    return call.op.kind == OpKind::free_coherent && in_vmalloc_space(m.buffer) && !pooled &&
           call.op.cpu_offset % page_bytes == 0 &&
           call.op.cpu_offset < pages_for(0, memory_.home(m.buffer).bytes) * page_bytes;
}

// Does an allocation keep a list of its pages? As coherent memory does only in vmalloc space.
bool Machine::listed_pages(const MappingFacts& m) const {
    return m.by_pages && (m.map == OpKind::alloc_noncontiguous || platform_.get<&Platform::coherent_in_vmalloc>() ||
                          !coherent(m.device));
}

// The first page that a free function gives back: by the CPU's address, or by the device's where that is a physical
// one.
uint64_t Machine::freed_block(const Call& call, uint64_t phys) const {
    uint64_t block = phys + call.op.cpu_offset;
    if (call.op.kind == OpKind::free_coherent && !translates(call.device)) block = call.dma;
    return block & ~uint64_t{page_bytes - 1};
}

// Whether __free_pages() really gives back a page of such a buffer: it has the last reference, and no flag or mapping
// makes it a "bad page" (free_pages_prepare), as slabs, reserved pages of the image, page cache and mapped pages are.
bool freed_for_good(BufferKind kind) {
    return kind == BufferKind::pages || kind == BufferKind::vmalloc || kind == BufferKind::stack ||
           kind == BufferKind::coherent || kind == BufferKind::noncoherent;
}

// What is no allocation, or none any more: the owner of these pages loses them. Pages of a former allocation that were
// not allocated again have no owner: they have no reference that could be the last.
void Machine::free_what_is_there(const Call& call, const MappingFacts& m) {
    const Piece& piece = run_->pieces[m.piece];
    const uint64_t phys = freed_block(call, piece.phys),
                   end = phys + (call.bytes ? bytes_of_order(order_of(call.bytes)) : 0);
    const Memory::Home& home = memory_.home(piece.buffer);
    const bool nobody_knows = phys >= elsewhere_base && phys < mmio_base;  // what arithmetic made of a vmalloc address
    if (m.failed || nobody_knows || in_pool(phys) || phys == end || !freed_for_good(home.kind) || listed_pages(m))
        return;
    const bool former = is_allocation_call(m.map);
    const uint64_t own = former ? std::clamp(home.phys, phys, end) : end;
    const uint64_t own_end = former ? std::clamp(home.phys + bytes_of_order(order_of(home.bytes)), own, end) : end;
    free_others(m.piece, phys, own - phys);
    free_others(m.piece, own_end, end - own_end);
    for (uint64_t page = own; page < own_end; page += page_bytes)
        if (memory_.anybody_at(page, page_bytes)) free_others(m.piece, page, page_bytes);
}

// Out of the allocation's own list of pages: never a neighbour's.
void Machine::free_by_pages(const Call& call, MappingFacts& m) {
    const Memory::Home home = memory_.home(m.buffer);
    const uint64_t own = pages_for(0, home.bytes), count = pages_for(0, call.bytes);
    const bool found = call.op.kind != OpKind::free_coherent || call.op.cpu_offset < own * page_bytes;
    if (found && count > own) {
        step(StepKind::oops).piece = m.piece;
        stopped_ = true;
        return;
    }
    step(StepKind::die).buffer = m.buffer;
    if (found && count == own) return memory_.give_back(m.buffer);
    m.memory_lost = true;
    memory_.lose(m.buffer);
    for (uint64_t page = found ? count : 0; page-- > 0;) memory_.give_back_block(home.phys + page * page_bytes, 0);
}

// A block of pages, by the order of the call's size.
void Machine::free_block(const Call& call, MappingFacts& m, uint64_t phys) {
    const Memory::Home home = memory_.home(m.buffer);
    const uint32_t order = order_of(call.bytes);
    const uint64_t bytes = call.bytes ? bytes_of_order(order) : 0, own = bytes_of_order(order_of(home.bytes));
    step(StepKind::die).buffer = m.buffer;
    if (phys == home.phys && bytes == own) return memory_.give_back(m.buffer);
    memory_.lose(m.buffer);
    const uint64_t own_end = home.phys + own, end = phys + bytes;
    m.memory_lost = phys > home.phys || end < own_end;
    // Only the first page of a block has a reference: a call that names a later one frees nothing of it (__free_pages).
    const bool from_the_first = phys == home.phys && end <= own_end;
    if (from_the_first && bytes) return memory_.give_back_block(phys, order);
    if (phys < home.phys) free_others(m.piece, phys, std::min(end, home.phys) - phys);
    if (end > own_end) free_others(m.piece, std::max(phys, own_end), end - std::max(phys, own_end));
}

// Pages of others: of live buffers of the program, or of an owner outside of it.
void Machine::free_others(uint8_t piece, uint64_t phys, uint64_t bytes) {
    bool unmatched = false;
    for (uint64_t page = phys; page < phys + bytes; page += page_bytes)
        unmatched |= !memory_.anybody_at(page, page_bytes);
    if (memory_.anybody_at(phys, bytes)) {
        Step s{StepKind::not_theirs, now_};
        s.phys = phys;
        s.size = static_cast<uint32_t>(bytes);
        emit(s);
    }
    if (unmatched) step(StepKind::wrong_free).piece = piece;
}

}  // namespace dmafuzz
