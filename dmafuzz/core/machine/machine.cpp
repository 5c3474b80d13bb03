// SPDX-License-Identifier: GPL-2.0-only
#include "machine/machine.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

// The pages of an anonymous buffer that some line will break.
std::vector<bool> pages_that_move(const Program& program, int buffer, BufferKind kind) {
    std::vector<bool> moves;
    if (kind != BufferKind::anonymous && kind != BufferKind::page_cache) return moves;
    for (const Op& op : program.ops) {
        if (op.kind != OpKind::cow || op.buffer != buffer || op.private_copy) continue;
        size_t page = op.offset / page_bytes;
        if (moves.size() <= page) moves.resize(page + 1);
        moves[page] = true;
    }
    return moves;
}

}  // namespace

// A step that may concern part of something: where it begins and ends is noted, but for whole pieces.
void Machine::emit(const Step& s) {
    run_->steps.push_back(s);
    switch (s.kind) {
        case StepKind::cpu_read:
        case StepKind::cpu_write:
        case StepKind::cpu_dirty:
        case StepKind::move: named_.push_back({s.buffer, s.offset, s.size}); return;
        case StepKind::maintain:
        case StepKind::stray_copy:
        case StepKind::not_theirs:
        case StepKind::wild_memory: add_range(s.phys, s.size); return;
        case StepKind::redirect:
            if (in_pool(s.phys))
                each_slot_part(s.phys, s.size, [&](uint8_t piece, uint32_t offset, uint32_t size) {
                    const Piece& p = run_->pieces[piece];
                    named_.push_back({p.buffer, p.offset + offset, size});
                });
            [[fallthrough]];
        case StepKind::device_read: add_range(s.phys, s.size); break;
        default: break;
    }
    const Piece& p = run_->pieces[s.piece];
    if (s.offset == 0 && s.size == p.size) return;  // all cells of a piece begin and end with it
    add_range(p.phys + static_cast<uint64_t>(s.offset), s.size);
    named_.push_back({p.buffer, p.offset + s.offset, s.size});
}

void Machine::touch(uint64_t phys, uint64_t bytes) {
    if (bytes == 0) return;
    if (!run_->touches.empty()) {
        Touch& last = run_->touches.back();
        if (last.op == now_ && last.phys == phys && last.size == bytes) return;
        if (last.op == now_ && last.phys + last.size == phys) {
            last.size += static_cast<uint32_t>(bytes);
            return;
        }
    }
    run_->touches.push_back({now_, phys, static_cast<uint32_t>(bytes)});
}

void Machine::carry_out_line(const Op& op, uint8_t index) {
    now_ = index;
    run_->ops.push_back(op);
    if (stopped_) return;
    if (names_device(op)) name_device(op.device);
    if (!waiting_.empty()) hand_over_unchecked(op);
    if (op.kind == OpKind::finish) {
        has_pending_[op.cpu] = false;
        finish_call(pending_[op.cpu]);
    } else if (traits(op.kind).is_call) {
        begin_call(op, index);
    } else {
        other_line(op, index);
    }
    if (!stopped_) step(StepKind::settle);
}

bool Machine::hook_first(OpKind kind) const { return kind == OpKind::unmap_sg || is_allocation_end(kind); }

void Machine::begin_call(const Op& op, uint8_t index) {
    Call call = resolve(op, index);
    note_range(call);
    if (!call.skipped) hook_first(op.kind) ? hook(call) : operation(call);
    if (op.split) {
        pending_[op.cpu] = call;
        has_pending_[op.cpu] = true;
        return;
    }
    finish_call(call);
}

// Unchecked maps: their devices get the address before anything else is done on that CPU.
void Machine::hand_over_unchecked(const Op& op) {
    const bool finishes_map = op.kind == OpKind::finish && is_map(pending_[op.cpu].op.kind);
    if (is_map(op.kind) || finishes_map || op.kind == OpKind::mapping_error || is_device_access(op.kind)) return;
    const size_t steps = run_->steps.size();
    std::erase_if(waiting_, [&](const Waiting& w) {
        if (w.cpu != op.cpu && !tidying_up_) return false;
        hand_over_all(w.mapping);
        return true;
    });
    if (run_->steps.size() > steps) step(StepKind::settle);
}

void Machine::hand_over_all(uint8_t mapping) {
    const MappingFacts& m = run_->mappings[mapping];
    if (!m.live || m.abandoned) return;
    for (int i = 0; i < m.pieces; i++) {
        const Piece& piece = run_->pieces[m.piece + i];
        if (piece.joint) continue;
        Step& s = step(StepKind::to_device);
        s.piece = static_cast<uint8_t>(m.piece + i);
        s.size = piece.size;
    }
}

// The second half belongs to the operation that is carried out now: `finish`, or the whole call.
void Machine::finish_call(Call& call) {
    if (call.skipped) return;
    call.index = now_;
    if (stopped_) return;
    note_again(call);
    if (call.op.kind == OpKind::free_noncontiguous && call.op.split) read_list(call);
    hook_first(call.op.kind) ? operation(call) : hook(call);
    if (is_map(call.op.kind)) after_map(call);
    if (call.op.split && traits(call.op.kind).defines_mapping) tell(run_->mappings[call.op.mapping]);
}

// A list goes by reference: what it holds when the operation runs counts.
void Machine::read_list(Call& call) const {
    const MappingFacts& m = run_->mappings[call.op.mapping];
    if (m.map != OpKind::map_sg && m.map != OpKind::alloc_noncontiguous) return;
    const HookEntry& first = lists_[m.list].state[0];
    call.dma = first.dma + static_cast<uint64_t>(call.op.offset);
    if (!call.op.given_size) call.bytes = first.dma_size;
}

// The call that makes a mapping returns: from now on its device may be given the address.
void Machine::tell(const MappingFacts& m) {
    for (int i = 0; m.live && i < m.pieces; i++) step(StepKind::told).piece = static_cast<uint8_t>(m.piece + i);
}

Machine::Call Machine::resolve(const Op& op, uint8_t index) {
    Call call{op};
    call.index = call.first_half = index;
    call.line = index;
    call.device = op.device;
    call.direction = op.direction;
    call.attrs = op.attrs;
    call.bytes = static_cast<uint32_t>(op.size);
    if (op.kind == OpKind::map_sg && op.reuse_list && run_->mappings[op.list].abandoned) {
        // The list of an abandoned mapping: the driver does not get here either.
        MappingFacts& m = fresh_mapping(op);
        m.failed = m.abandoned = true;
        call.skipped = true;
        return call;
    }
    if (!traits(op.kind).names_mapping) return call;

    const MappingFacts& m = run_->mappings[op.mapping];
    call.skipped = m.abandoned;
    if (call.skipped) return call;
    bool has_list = m.map == OpKind::map_sg || m.map == OpKind::alloc_noncontiguous;
    bool wants_list = is_sg_sync(op.kind) || op.kind == OpKind::unmap_sg || op.kind == OpKind::free_noncontiguous;
    call.device = op.given_device ? op.device : m.device;
    call.direction = op.given_direction ? op.direction : m.direction;
    call.attrs = op.given_attrs ? op.attrs : m.attrs;
    call.list = m.list;
    call.dma = m.dma;
    call.bytes = m.size;
    if (has_list) {
        call.dma = lists_[m.list].state[0].dma;
        call.bytes = lists_[m.list].state[0].dma_size;
    }
    call.dma += static_cast<uint64_t>(op.offset);
    if (op.given_size) call.bytes = static_cast<uint32_t>(op.size);
    if (wants_list && !has_list) {
        // A driver that takes the mapping for a list has one entry with its address and size.
        List one;
        one.count = 1;
        const Piece& piece = run_->pieces[m.piece];
        one.state[0] = {piece.phys + static_cast<uint64_t>(op.offset), call.bytes, call.dma, call.bytes,
                        area_of(piece.buffer, op.cpu, false)};
        call.list = static_cast<uint8_t>(lists_.size());
        lists_.push_back(one);
    }
    call.entries = op.given_count ? op.count : lists_.empty() ? 0 : lists_[call.list].count;
    return call;
}

void Machine::operation(Call& call) {
    OpKind kind = call.op.kind;
    if (kind == OpKind::map_sg) return map_list(call);
    if (is_map(kind)) return map_one(call);
    if (is_allocation_call(kind)) return allocate(call);
    if (is_sync(kind)) return sync(call);
    end(call);
}

// A driver asks for the error at once, unless the program says it does not.
void Machine::after_map(const Call& call) {
    MappingFacts& m = run_->mappings[call.op.mapping];
    if (call.op.unchecked) return;
    if (call.op.kind != OpKind::map_sg) note_question(call.op);
    if (m.failed) m.abandoned = true;
}

void Machine::other_line(const Op& op, uint8_t index) {
    Step access{StepKind::cpu_read, index, op.buffer};
    access.offset = op.offset;
    access.size = op.size;
    switch (op.kind) {
        case OpKind::alloc: {
            uint32_t bytes = static_cast<uint32_t>(op.size);
            memory_.place(*run_, op.buffer, op.buffer_kind, bytes, op.high, op.cpu,
                          pages_that_move(*program_, op.buffer, op.buffer_kind));
            run_->kinds[op.buffer] = op.buffer_kind;
            bool in_image = op.buffer_kind == BufferKind::text || op.buffer_kind == BufferKind::rodata;
            if (op.buffer_kind != BufferKind::mmio)
                step(in_image ? StepKind::appear : StepKind::alloc).buffer = op.buffer;
            return;
        }
        case OpKind::free:
            step(StepKind::die).buffer = op.buffer;
            memory_.give_back(op.buffer);
            return;
        case OpKind::read: emit(access); return;
        case OpKind::write:
        case OpKind::dirty:
            access.kind = op.kind == OpKind::write ? StepKind::cpu_write : StepKind::cpu_dirty;
            emit(access);
            return;
        case OpKind::cow: return break_page(op, index);
        case OpKind::mapping_error: return ask_for_error(op);
        case OpKind::device_read:
        case OpKind::device_write:
        case OpKind::device_post: return device_access(op);
        case OpKind::irq_off: irqs_off_[op.cpu] = true; return;
        case OpKind::irq_on: irqs_off_[op.cpu] = false; return;
        case OpKind::start: start(op.mapping); return;
        case OpKind::unbind: unbind(op, index); return;
        case OpKind::forget:
            if (!run_->mappings[op.mapping].abandoned) run_->mappings[op.mapping].forgotten = true;
            return;
        default: return;
    }
}

// Copy-on-write: the CPU reads the page; the owner moves to the copy, unless that is the other side's.
void Machine::break_page(const Op& op, uint8_t index) {
    Step access{StepKind::cpu_read, index, op.buffer};
    access.offset = op.offset;
    access.size = std::min<uint32_t>(page_bytes, memory_.home(op.buffer).bytes - op.offset);
    HookCall copy;
    copy.kind = HookKind::cow;
    copy.cpu = op.cpu;
    copy.op = index;
    copy.phys = memory_.phys_of(op.buffer, op.offset) & ~uint64_t{page_bytes - 1};
    run_->hooks.push_back(copy);
    touch(copy.phys, page_bytes);
    emit(access);
    if (run_->kinds[op.buffer] != BufferKind::anonymous || op.private_copy) return;
    access.kind = StepKind::move;
    access.listed = listed(copy.phys);
    access.phys = memory_.move_page(*run_, op.buffer, op.offset / page_bytes);
    emit(access);
}

// Does a scatterlist name any of the page?
bool Machine::listed(uint64_t page) const {
    for (const List& list : lists_)
        for (int i = 0; i < list.count; i++) {
            const HookEntry& e = list.state[i];
            if (list.entries[i].size && e.phys < page + page_bytes && page < e.phys + e.size) return true;
        }
    return false;
}

// dma_mapping_error(), as the tracker hears of it.
void Machine::note_question(const Op& op) {
    const MappingFacts& m = run_->mappings[op.mapping];
    HookCall ask;
    ask.kind = HookKind::mapping_error;
    ask.cpu = op.cpu;
    ask.device = m.device;
    ask.op = now_;
    ask.mapping = op.mapping;
    ask.dma = m.dma;
    run_->hooks.push_back(ask);
}

void Machine::ask_for_error(const Op& op) {
    MappingFacts& m = run_->mappings[op.mapping];
    if (m.abandoned) return;
    note_question(op);
    const bool waited = std::erase_if(waiting_, [&](const Waiting& w) { return w.mapping == op.mapping; }) > 0;
    if (!m.failed) {
        if (waited) hand_over_all(op.mapping);
        return;
    }
    if (m.live) end_ownership(op.mapping, false);
    m.abandoned = true;
}

// The driver tells the device to go: a hand-over without a call.
void Machine::start(uint8_t mapping) {
    std::erase_if(waiting_, [&](const Waiting& w) { return w.mapping == mapping; });
    hand_over_all(mapping);
}

void Machine::unbind(const Op& op, uint8_t index) {
    HookCall hook;
    hook.kind = HookKind::unbind;
    hook.cpu = op.cpu;
    hook.device = op.device;
    hook.op = index;
    run_->hooks.push_back(hook);
    for (int i = 0; i < mappings_end_; i++) {
        const MappingFacts& m = run_->mappings[i];
        if (!m.defined || m.device != op.device || m.abandoned) continue;
        // Ended, but some slot, page or IOVA of it was never given back; or the memory of an allocation.
        bool held = m.memory_lost || (is_allocation_call(m.map) && !m.live && memory_.home(m.buffer).live);
        for (int p = 0; p < m.pieces; p++) {
            const Piece& piece = run_->pieces[m.piece + p];
            held |= piece.slot_live || piece.translated ||
                    (translates(m.device) && iovas_[m.device].leads_to(static_cast<uint8_t>(m.piece + p)));
        }
        if (m.live || held) run_->leaks.push_back({index, static_cast<uint8_t>(i), false});
        else if (m.ended_wrong) run_->leaks.push_back({index, static_cast<uint8_t>(i), true});
    }
}

void Machine::name_device(uint8_t device) {
    if (devices_seen_ >> device & 1) return;
    devices_seen_ |= static_cast<uint8_t>(1u << device);
    named_devices_.push_back(device);
}

// The CPU that has been longest inside a call, or none.
int Machine::first_pending() const {
    int first = -1;
    for (int cpu = 0; cpu < cpus_max; cpu++)
        if (has_pending_[cpu] && !pending_[cpu].skipped && (first < 0 || pending_[cpu].line < pending_[first].line))
            first = cpu;
    return first;
}

void Machine::tidy_up() {
    tidying_up_ = true;
    size_t index = program_->ops.size();
    auto next = [&](const Op& op) {
        if (!stopped_) carry_out_line(op, static_cast<uint8_t>(index++));
    };
    for (int cpu = first_pending(); cpu >= 0 && !stopped_; cpu = first_pending()) {
        Op op;
        op.kind = OpKind::finish;
        op.cpu = static_cast<uint8_t>(cpu);
        next(op);
    }
    for (uint8_t mapping : made_) {
        const MappingFacts& m = run_->mappings[mapping];
        if (!m.live || m.forgotten || m.abandoned) continue;
        Op op;
        op.kind = matching_end(m.map);
        op.mapping = mapping;
        next(op);
    }
    for (uint8_t device : named_devices_) {
        Op op;
        op.kind = OpKind::unbind;
        op.device = device;
        next(op);
    }
}

Area Machine::area_of(int buffer, int cpu, bool address_only) const {
    const Memory::Home& home = memory_.home(buffer);
    switch (home.kind) {
        case BufferKind::stack:
            if (platform_.get<&Platform::stacks_in_vmalloc>())
                return address_only ? Area::vmalloc : home.cpu == cpu ? Area::vmalloc_stack : Area::linear;
            return home.cpu == cpu ? Area::current_stack : Area::linear;
        // A vmalloc page has a linear address too, and that is what the page hooks see.
        case BufferKind::vmalloc: return address_only ? Area::vmalloc : Area::linear;
        case BufferKind::coherent: return address_only && in_vmalloc_space(buffer) ? Area::vmalloc : Area::linear;
        case BufferKind::text: return Area::text;
        case BufferKind::rodata: return Area::rodata;
        case BufferKind::mmio: return Area::mmio;
        default: return Area::linear;
    }
}

namespace {

// The allocations but the coherent one have no such parameter, or refuse whatever a program could say.
bool has_attrs(OpKind kind) {
    return kind != OpKind::alloc_noncoherent && kind != OpKind::free_noncoherent &&
           kind != OpKind::alloc_noncontiguous && kind != OpKind::free_noncontiguous;
}

}  // namespace

// The hook call of a call's hook step, with the scatterlist as it stands now.
void Machine::hook(Call& call) {
    const Op& op = call.op;
    const MappingFacts& m = run_->mappings[op.mapping];
    const bool list_fails = m.failed && (op.kind == OpKind::map_sg || op.kind == OpKind::alloc_noncontiguous);
    if (call.early_failure || list_fails) return;
    HookCall& h = run_->hooks.emplace_back();
    h.cpu = op.cpu;
    h.op = now_;
    h.mapping = op.mapping;
    h.device = call.device;
    h.attrs = has_attrs(op.kind) ? call.attrs : 0;
    h.direction = call.direction;
    h.dma = traits(op.kind).defines_mapping ? m.dma : call.dma;
    h.size = call.bytes;
    auto with_list = [&](uint8_t given, uint8_t mapped) {
        h.entry_count = given;
        h.mapped_count = mapped;
        const List& list = lists_[call.list];
        h.entries = {};
        for (int i = 0; i < given; i++) {
            h.entries[i] = list.state[i];
            // On whose stack an entry lies depends on the CPU that runs the hook.
            if (list.entries[i].size) h.entries[i].area = area_of(list.entries[i].buffer, op.cpu, false);
        }
    };
    auto with_memory = [&] {
        const Piece& piece = run_->pieces[m.piece];
        h.phys = piece.phys;
        h.area = area_of(piece.buffer, op.cpu, false);
        // Where address arithmetic went wrong the hook sees an unrelated page.
        bool elsewhere = piece.phys >= elsewhere_base && piece.phys < mmio_base;
        if (elsewhere) h.area = Area::linear;
    };
    switch (op.kind) {
        case OpKind::map_single:
        case OpKind::map_page:
            h.kind = HookKind::map_page;
            h.single = op.kind == OpKind::map_single;
            with_memory();
            break;
        case OpKind::map_resource:
            h.kind = HookKind::map_resource;
            h.map_failed = m.failed;
            with_memory();
            break;
        case OpKind::map_sg:
        case OpKind::alloc_noncontiguous: {
            h.kind = HookKind::map_sg;
            call.list = m.list;
            uint8_t mapped = 0;
            const List& list = lists_[m.list];
            while (mapped < list.count && list.state[mapped].dma_size != 0) mapped++;
            with_list(list.count, mapped);
            // Pages come singly where page tables know nothing between 4 KiB and 2 MiB; that two adjoin, and are one
            // entry, is chance. Source: __iommu_dma_alloc_pages; the drivers' pgsize_bitmap (Intel's since 5.15).
            const bool by_pages = op.kind == OpKind::alloc_noncontiguous && translates(call.device) &&
                                  platform_.get<&Platform::iommu_driver>() != IommuDriver::amd;
            if (by_pages) h.entries[0].size = std::min<uint32_t>(h.entries[0].size, page_bytes);
            break;
        }
        case OpKind::alloc_coherent:
            h.kind = HookKind::alloc_coherent;
            with_memory();
            break;
        case OpKind::alloc_noncoherent:
            h.kind = HookKind::alloc_pages;
            with_memory();
            break;
        case OpKind::sync_single_for_cpu:
        case OpKind::sync_range_for_cpu:
        case OpKind::sync_single_for_device:
        case OpKind::sync_range_for_device:
            h.kind = is_sync_for_cpu(op.kind) ? HookKind::sync_for_cpu : HookKind::sync_for_device;
            h.range = op.kind == OpKind::sync_range_for_cpu || op.kind == OpKind::sync_range_for_device;
            h.offset = h.range ? op.offset : 0;
            break;
        case OpKind::sync_sg_for_cpu:
        case OpKind::sync_sg_for_device:
            h.kind = is_sync_for_cpu(op.kind) ? HookKind::sync_sg_for_cpu : HookKind::sync_sg_for_device;
            with_list(call.entries, 0);
            break;
        case OpKind::unmap_single:
        case OpKind::unmap_page:
            h.kind = HookKind::unmap_page;
            h.single = op.kind == OpKind::unmap_single;
            break;
        case OpKind::unmap_resource: h.kind = HookKind::unmap_resource; break;
        case OpKind::unmap_sg:
        case OpKind::free_noncontiguous:
            h.kind = HookKind::unmap_sg;
            with_list(op.kind == OpKind::unmap_sg ? call.entries : lists_[call.list].count, 0);
            break;
        case OpKind::free_coherent:
        case OpKind::free_noncoherent:
            h.kind = op.kind == OpKind::free_coherent ? HookKind::free_coherent : HookKind::free_pages;
            if (op.kind == OpKind::free_coherent) h.direction = Direction::bidirectional;
            with_memory();
            h.phys += op.cpu_offset;
            if (op.kind == OpKind::free_coherent && leads_nowhere(run_->pieces[m.piece].buffer))
                h.area = Area::vmalloc_gone;
            // dma_free_pages names a page.
            if (op.kind == OpKind::free_noncoherent) h.phys &= ~uint64_t{page_bytes - 1};
            break;
        default: break;
    }
}

}  // namespace dmafuzz
