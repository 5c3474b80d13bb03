// SPDX-License-Identifier: GPL-2.0-only
// Maps and allocations: pieces, bounce slots, IOVAs, failures.
#include <algorithm>

#include "machine/machine.hpp"

namespace dmafuzz {

namespace {

// The alignment of the kmalloc table that the kernel's check for small buffers rounds by.
constexpr uint32_t bounce_table_alignment = 8;

uint64_t page_up(uint64_t address) { return (address + page_bytes - 1) & ~uint64_t{page_bytes - 1}; }
uint64_t bytes_of(const Piece& piece) { return static_cast<uint64_t>(piece.size); }

// Whether an entry of that many bytes may join a DMA segment. Source: __finalise_sg in the kernel's dma-iommu
// (max_len - cur_len >= s_length, unsigned: it wraps after an entry that is longer than the device's maximum).
bool has_room(const PlatformView& platform, uint32_t segment, uint32_t bytes, uint8_t device) {
    const uint32_t segment_max = platform.get<&Device::segment_max>(device);
    if (segment > segment_max && platform.get<&Platform::iommu_room_wraps>()) return segment_max - segment >= bytes;
    return uint64_t{segment} + bytes <= segment_max;
}

}  // namespace

// Any mask reaches the low memory.
bool Machine::out_of_reach(const Piece& piece) const {
    const uint64_t last = piece.phys + bytes_of(piece) - 1;
    if (last >> mask_bits_min == 0) return false;
    const int mask_bits = platform_.get<&Device::mask_bits>(piece.device);
    return mask_bits < 64 && last >> mask_bits != 0;
}

// Source: dma_direct_map_page, dma_kmalloc_needs_bounce and iommu_dma_map_page of the kernel.
bool Machine::needs_bounce(const Piece& piece) const {
    if (!translates(piece.device)) {
        if (platform_.get<&Platform::bounce_always>()) return true;
        if (out_of_reach(piece)) return true;
    }
    if (piece.direction == Direction::to_device || coherent(piece.device) ||
        !platform_.get<&Platform::bounce_unaligned>())
        return false;
    return small_and_unaligned(static_cast<uint32_t>(bytes_of(piece)));
}

// Below twice the least alignment, and in a bucket that is not aligned. What is true of all wide alignments is asked
// for first.
bool Machine::small_and_unaligned(uint32_t bytes) const {
    constexpr uint32_t alignment_max = 128;
    const uint32_t bucket = kmalloc_bucket(bytes, bounce_table_alignment);
    if (bytes >= 2 * alignment_max || bucket % alignment_max == 0) return false;
    if (!(bucket % alignment_in_doubt && platform_.get<wide_alignment>()) &&
        bucket % static_cast<uint32_t>(platform_.get<&Platform::dma_alignment>()) == 0)
        return false;
    return (bytes < 2 * alignment_in_doubt && platform_.get<wide_alignment_min>()) ||
           bytes < 2u * static_cast<uint32_t>(platform_.get<&Platform::dma_alignment_min>());
}

// Gives a piece its slot, if it needs one, and its DMA address without an IOMMU; false where that fails.
bool Machine::bounce(const Call& call, Piece& piece, uint8_t index) {
    piece.dma = piece.phys;
    if (call.op.kind == OpKind::map_resource) return translates(piece.device) || !out_of_reach(piece);
    if (!needs_bounce(piece)) return true;
    if (!platform_.get<&Platform::bounce_pool>() || bytes_of(piece) > bounce_bytes_max) return false;
    slots_used_ = true;
    piece.slot = slots_.allocate(platform_, call.op.cpu, slot_room(piece), index);
    if (!piece.slot) return false;
    if (piece.via == Via::direct) piece.via = Via::slot;
    piece.slot_live = true;
    piece.dma = piece.slot;
    redirect_into_slot(piece);
    return true;
}

void Machine::maintain_for_map(const Call& call, uint8_t index) {
    const Piece& piece = run_->pieces[index];
    if (call.attrs & attr::skip_cpu_sync || call.op.kind == OpKind::map_resource || piece.via == Via::nothing ||
        coherent(piece.device))
        return;
    Step& s = step(piece.via == Via::slot ? StepKind::maintain_slot : StepKind::maintain);
    s.piece = index;
    s.size = piece.size;
    s.phys = piece.phys;
    s.maintenance = platform_.maintenance<&Platform::for_device>(piece.direction);
}

// A map that fails late has maintained what it was to map. Source: iommu_dma_map_page of the kernel, from 5.16 on,
// which is the newest that a platform stands for if it is of 5.11 at all.
bool Machine::maintains_first(const Piece& piece) const {
    return translates(piece.device) && platform_.get<&Platform::iommu_looks_first>();
}

// Bounce copy in, maintenance, hand-over: in this order. `maintained`: the map's own maintenance is made.
void Machine::hand_over(const Call& call, uint8_t index, bool maintained) {
    const Piece& piece = run_->pieces[index];
    const bool by_hand = call.attrs & attr::skip_cpu_sync;
    Step& begin = step(StepKind::begin);
    begin.piece = index;
    begin.untold = call.op.split;
    begin.pending = call.op.unchecked && !by_hand && !run_->mappings[piece.mapping].failed;
    write_redirects(index, index);
    Step whole{StepKind::to_device, now_};
    whole.piece = index;
    whole.size = piece.size;
    auto copies_in = [&] {
        if (by_hand && !platform_.get<&Platform::skip_sync_copies_in>()) return false;
        return piece.direction != Direction::from_device || platform_.get<&Platform::copy_in_from_device>();
    };
    if (piece.via == Via::slot && copies_in()) {
        Step copy = whole;
        copy.kind = StepKind::copy_in;
        run_->steps.push_back(copy);
    }
    if (maintained) maintain_for_map(call, index);
    // The caller syncs by hand, and tells the device after that; or it looks first whether the map has failed.
    if (by_hand) return;
    if (!call.op.unchecked) return run_->steps.push_back(whole);
    if (waiting_.empty() || waiting_.back().mapping != piece.mapping) waiting_.push_back({call.op.cpu, piece.mapping});
}

MappingFacts& Machine::fresh_mapping(const Op& op) {
    mappings_end_ = std::max<uint8_t>(mappings_end_, static_cast<uint8_t>(op.mapping + 1));
    made_.push_back(op.mapping);
    MappingFacts& m = run_->mappings[op.mapping];
    m = {};
    m.defined = true;
    m.map = op.kind;
    m.device = op.device;
    return m;
}

// The mapping that a call makes, with the pieces that come next.
MappingFacts& Machine::new_mapping(const Op& op, uint8_t pieces) {
    MappingFacts& m = fresh_mapping(op);
    m.live = true;
    m.direction = op.direction;
    m.attrs = op.attrs;
    m.piece = static_cast<uint8_t>(run_->pieces.size());
    m.pieces = pieces;
    return m;
}

void Machine::fail(Call& call) {
    MappingFacts& m = run_->mappings[call.op.mapping];
    m.failed = true;
    m.dma = dma_error_cookie;
    m.live = call.op.unchecked;
    if (!m.live) return;
    // The driver goes on with DMA_MAPPING_ERROR: void as a whole.
    for (int i = 0; i < m.pieces; i++) {
        Piece& piece = run_->pieces[m.piece + i];
        piece.via = Via::nothing;
        piece.dma = dma_error_cookie;
        hand_over(call, static_cast<uint8_t>(m.piece + i));
    }
}

Piece Machine::piece_of(const Call& call, uint8_t buffer, uint32_t offset, uint32_t size, uint64_t phys) const {
    Piece piece{};
    piece.mapping = call.op.mapping;
    piece.device = call.op.device;
    piece.buffer = buffer;
    piece.direction = call.op.direction;
    piece.offset = offset;
    piece.size = piece.reachable = size;
    piece.phys = phys;
    return piece;
}

// Is the buffer's address one of the vmalloc range, so that arithmetic leads from it to other memory?
bool Machine::in_vmalloc_space(int buffer) const {
    const BufferKind kind = memory_.home(buffer).kind;
    if (kind == BufferKind::vmalloc) return true;
    if (kind == BufferKind::stack) return platform_.get<&Platform::stacks_in_vmalloc>();
    // Before it failed, the arithmetic took the image into account.
    if (kind == BufferKind::text || kind == BufferKind::rodata)
        return platform_.get<&Platform::image_in_vmalloc>() && platform_.get<&Platform::map_single_vmalloc_fails>();
    if (kind != BufferKind::coherent) return false;
    const uint8_t device = allocated_for_[static_cast<size_t>(buffer)];
    if (!coherent(device) && platform_.get<&Platform::coherent_remaps>()) return true;
    return translates(device) && allocated_with_irqs_on_[static_cast<size_t>(buffer)] &&
           platform_.get<&Platform::coherent_in_vmalloc>();
}

void Machine::map_one(Call& call) {
    const Op& op = call.op;
    Piece piece = piece_of(call, op.buffer, op.offset, op.size, memory_.phys_of(op.buffer, op.offset));
    const bool arithmetic_wrong = op.kind == OpKind::map_single && in_vmalloc_space(op.buffer);
    call.early_failure = arithmetic_wrong && platform_.get<&Platform::map_single_vmalloc_fails>();
    // Where that fails, a list that the driver makes of the buffer describes the wrong memory all the same.
    if (arithmetic_wrong) {
        piece.phys = elsewhere_base + uint64_t{op.buffer} * buffer_bytes_max + in_page(memory_.phys_of(op.buffer, 0)) +
                     op.offset;
        piece.via = Via::nothing;
    }
    MappingFacts& m = new_mapping(op, 1);
    m.size = op.size;
    if (op.kind == OpKind::map_single && !call.early_failure) {
        HookCall check;
        check.kind = HookKind::map_single_area;
        check.cpu = op.cpu;
        check.device = op.device;
        check.op = now_;
        check.mapping = op.mapping;
        check.phys = piece.phys;
        check.size = call.bytes;
        check.area = area_of(op.buffer, op.cpu, true);
        run_->hooks.push_back(check);
    }
    redirects_.clear();
    bool done = !call.early_failure && bounce(call, piece, m.piece);
    const bool refused = done && translates(op.device) && !translate(call, &piece, 1, m.piece);
    run_->pieces.push_back(piece);
    if (refused) {
        drop_slots(call, m.piece);
        if (stopped_) return;
        if (maintains_first(piece)) maintain_for_map(call, m.piece);
    }
    if (!done || refused) return fail(call);
    m.dma = piece.dma;
    hand_over(call, m.piece);
    write_redirects(0, m.piece - 1);
}

uint8_t Machine::make_list(const Op& op) {
    if (op.reuse_list) return run_->mappings[op.list].list;
    List list;
    list.count = std::min<uint8_t>(op.entry_count, entries_max);
    list.entries = op.entries;
    for (int i = 0; i < list.count; i++) {
        const Entry& e = list.entries[i];
        list.state[i] = {memory_.phys_of(e.buffer, e.offset), static_cast<uint32_t>(e.size), 0, 0, Area::linear};
    }
    lists_.push_back(list);
    return static_cast<uint8_t>(lists_.size() - 1);
}

void Machine::map_list(Call& call) {
    const Op& op = call.op;
    call.list = make_list(op);
    List& list = lists_[call.list];
    MappingFacts& m = new_mapping(op, list.count);
    m.list = call.list;
    bool bounces = false;
    for (int i = 0; i < list.count; i++) {
        const Entry& e = list.entries[i];
        list.state[i].area = area_of(e.buffer, op.cpu, false);
        list.segment_of[i] = static_cast<uint8_t>(i);
        const Piece piece = piece_of(call, e.buffer, e.offset, e.size, list.state[i].phys);
        m.size += e.size;
        if (translates(op.device)) bounces |= needs_bounce(piece);
        run_->pieces.push_back(piece);
    }
    redirects_.clear();
    const bool at_once = translates(op.device) && !bounces;
    // A kernel that forgets to take an old mark away syncs through the list's old addresses instead.
    const bool misled = at_once && list.marked && platform_.get<&Platform::list_keeps_bounce_mark>();
    if (misled && !(op.attrs & attr::skip_cpu_sync) && !coherent(op.device))
        for (int i = 0; i < list.count; i++) {
            const Place old = place_of(op.device, list.state[i].dma);
            if (old.mapped) sync_for_device_at(call, old.phys, list.state[i].size);
        }
    if (translates(op.device)) list.marked = bounces || misled;
    const bool done = at_once ? map_at_once(call, list, m) : map_one_by_one(call, list, m);
    if (stopped_) return;
    if (!done) {
        for (int i = 0; at_once && !misled && i < list.count; i++)
            maintain_for_map(call, static_cast<uint8_t>(m.piece + i));
        return fail(call);
    }
    if (at_once) write_segments(list, m.piece, op.device);
    limit_segments(list, m.piece);
    m.dma = list.state[0].dma;
    for (int i = 0; i < m.pieces; i++) hand_over(call, static_cast<uint8_t>(m.piece + i), !misled);
    write_redirects(0, m.piece - 1);
}

// One IOVA for the list. Source: iommu_dma_map_sg and __invalidate_sg of the kernel.
bool Machine::map_at_once(const Call& call, List& list, const MappingFacts& m) {
    for (int i = 0; i < list.count; i++) run_->pieces[m.piece + i].dma = run_->pieces[m.piece + i].phys;
    const bool done = translate(call, &run_->pieces[m.piece], list.count, m.piece);
    for (int i = 0; i < list.count; i++) {
        list.state[i].dma = done ? run_->pieces[m.piece + i].dma : dma_error_cookie;
        list.state[i].dma_size = done ? list.state[i].size : 0;
    }
    return done;
}

// Where one fails, those before it, which have been maintained, are unmapped again without a sync; it holds the cookie,
// those behind it what they held. Source: dma_direct_map_sg, iommu_dma_map_sg_swiotlb.
bool Machine::map_one_by_one(const Call& call, List& list, const MappingFacts& m) {
    Call undo = call;
    undo.attrs |= attr::skip_cpu_sync;
    for (int i = 0; i < list.count; i++) {
        const uint8_t index = static_cast<uint8_t>(m.piece + i);
        Piece& piece = run_->pieces[index];
        const bool done = bounce(call, piece, index);
        const bool refused = done && translates(piece.device) && !translate(call, &piece, 1, index);
        if (refused) drop_slots(call, index);
        if (stopped_) return true;
        if (!done || refused) {
            list.state[i].dma = dma_error_cookie;
            for (int k = 0; k < i + (refused ? 1 : 0); k++) maintain_for_map(call, static_cast<uint8_t>(m.piece + k));
            write_redirects(0, m.piece - 1);
            for (int k = 0; k < i; k++) end_page(undo, list.state[k].dma, list.state[k].dma_size);
            return false;
        }
        list.state[i].dma = piece.dma;
        list.state[i].dma_size = list.state[i].size;
    }
    return true;
}

// Merges entries into DMA segments. Source: __finalise_sg in the kernel's dma-iommu.
void Machine::write_segments(List& list, uint8_t first_piece, uint8_t device) {
    int segments = 0;
    uint64_t end = 0;
    const int count = std::min<int>(list.count, entries_max);
    for (int i = 0; i < count; i++) {
        const Piece& piece = run_->pieces[first_piece + i];
        uint32_t bytes = list.state[i].size;
        bool joins = segments > 0 && piece.dma == end && piece.dma % page_bytes == 0 &&
                     (piece.dma & platform_.get<&Device::segment_boundary>(device)) != 0 &&
                     has_room(platform_, list.state[segments - 1].dma_size, bytes, device);
        if (joins) {
            list.state[segments - 1].dma_size += bytes;
        } else {
            list.state[segments].dma = piece.dma;
            list.state[segments].dma_size = bytes;
            segments++;
        }
        list.segment_of[i] = static_cast<uint8_t>(segments - 1);
        end = piece.dma + bytes;
    }
    for (int i = segments; i < count; i++) {
        list.state[i].dma = dma_error_cookie;
        list.state[i].dma_size = 0;
    }
}

// A device that truncates or wraps gets at the start of a segment only.
void Machine::limit_segments(const List& list, uint8_t first_piece) {
    const uint8_t device = run_->pieces[first_piece].device;
    for (int i = 0; i < list.count; i++) {
        Piece& piece = run_->pieces[first_piece + i];
        const HookEntry& segment = list.state[list.segment_of[i]];
        const uint32_t segment_max = platform_.get<&Device::segment_max>(device);
        const bool too_long = segment.dma_size > segment_max && platform_.get<&Device::truncates>(device);
        const bool crosses = platform_.crosses(device, segment.dma, segment.dma + segment.dma_size - 1) &&
                             platform_.get<&Device::wraps>(device);
        if (!too_long && !crosses) continue;
        uint64_t limit = segment.dma + segment.dma_size;
        if (too_long) limit = std::min(limit, segment.dma + segment_max);
        if (crosses) limit = std::min(limit, (segment.dma | platform_.get<&Device::segment_boundary>(device)) + 1);
        uint64_t bytes = limit > piece.dma ? limit - piece.dma : 0;
        piece.reachable = static_cast<uint32_t>(std::min<uint64_t>(piece.size, bytes));
    }
}

void Machine::allocate(Call& call) {
    const Op& op = call.op;
    const bool joint = op.kind == OpKind::alloc_coherent;
    memory_.place(*run_, op.buffer, op.buffer_kind, call.bytes, false, op.cpu, {});
    run_->kinds[op.buffer] = op.buffer_kind;
    run_->uncached[op.buffer] = joint && !coherent(op.device);
    step(run_->uncached[op.buffer] ? StepKind::appear : StepKind::alloc).buffer = op.buffer;

    Piece piece{};
    piece.mapping = op.mapping;
    piece.device = op.device;
    piece.buffer = op.buffer;
    piece.direction = joint ? Direction::bidirectional : op.direction;
    piece.joint = joint;
    piece.size = piece.reachable = op.size;
    piece.phys = memory_.phys_of(op.buffer, 0);
    piece.dma = piece.phys;
    MappingFacts& m = new_mapping(op, 1);
    allocated_for_[op.buffer] = op.device;
    allocated_with_irqs_on_[op.buffer] = !irqs_off_[op.cpu];
    unmapped_[op.buffer] = false;
    redirects_.clear();
    bool done = true;
    if (translates(op.device)) {
        done = translate(call, &piece, 1, m.piece);
        m.by_pages = op.kind == OpKind::alloc_noncontiguous || (joint && allocated_with_irqs_on_[op.buffer]);
    }
    m.direction = piece.direction;
    m.buffer = op.buffer;
    m.size = op.size;
    m.dma = piece.dma;
    if (op.kind == OpKind::alloc_noncontiguous) {
        List list;
        list.count = 1;
        list.entries[0] = {op.buffer, 0, op.size};
        uint32_t bytes = static_cast<uint32_t>(page_up(call.bytes));
        list.state[0] = {piece.phys, bytes, piece.dma, bytes, Area::linear};
        m.list = static_cast<uint8_t>(lists_.size());
        lists_.push_back(list);
    }
    run_->pieces.push_back(piece);
    if (done) {
        Step& begin = step(StepKind::begin);
        begin.piece = m.piece;
        begin.untold = op.split;
        write_redirects(0, m.piece);
    } else {
        // The driver gets no memory, and dma-debug hears nothing of it.
        fail(call);
        m.abandoned = call.early_failure = true;
    }
    bool sleeps = run_->uncached[op.buffer] && irqs_off_[op.cpu] && platform_.get<&Platform::coherent_remaps>() &&
                  !platform_.get<&Platform::atomic_pool>();
    if (sleeps) step(StepKind::sleep).piece = m.piece;
}

}  // namespace dmafuzz
