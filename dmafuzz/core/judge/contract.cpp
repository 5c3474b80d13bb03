// SPDX-License-Identifier: GPL-2.0-only
#include "judge/contract.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "judge/byte_ranges.hpp"
#include "judge/monitor.hpp"
#include "judge/run_equivalence.hpp"
#include "machine/memory.hpp"

namespace dmafuzz {

// The home a byte was born in: rules speak of buffers as their owners allocated them.
uint64_t Monitor::phys_of(uint8_t buffer, uint32_t offset) const {
    for (const Extent& e : run_->extents)
        if (e.buffer == buffer && e.first && offset >= e.offset && offset < e.offset + e.size)
            return e.phys + (offset - e.offset);
    return 0;
}

// Where a byte lives at this moment.
uint64_t Monitor::phys_now(uint8_t buffer, uint32_t offset) const {
    for (size_t i = moved_.size(); i-- > 0;)
        if (moved_[i].buffer == buffer && moved_[i].page == offset / page_bytes)
            return moved_[i].phys + offset % page_bytes;
    return phys_of(buffer, offset);
}

bool Monitor::contiguous(const Piece& piece) const {
    const uint64_t first = phys_now(piece.buffer, piece.offset);
    const uint32_t end = piece.offset + piece.size;
    for (uint32_t at = (piece.offset / page_bytes + 1) * page_bytes; at < end; at += page_bytes)
        if (phys_now(piece.buffer, at) - first != at - piece.offset) return false;
    return true;
}

// Does other data than the piece's own lie there?
bool Monitor::lives_in(uint64_t from, uint64_t to, const Piece& but) const {
    for (const Extent& e : run_->extents) {
        const uint64_t first = std::max(from, e.phys), end = std::min(to, e.phys + e.size);
        if (!e.first || first >= end) continue;
        if (e.buffer == stack_buffer) return true;
        if (!live_[e.buffer]) continue;
        const uint64_t offset = e.offset + (first - e.phys), last = e.offset + (end - e.phys) - 1;
        const bool own = e.buffer == but.buffer && offset >= but.offset && last < uint64_t{but.offset} + but.size;
        if (!own) return true;
    }
    return false;
}

// Does anything begin or end inside of a line? Where nothing does even inside of the widest one, lines of all sizes are
// alike.
bool Monitor::inside_lines(uint64_t places) const { return places % line_bytes_max != 0 && places % line() != 0; }

// Any mask reaches the low memory.
bool Monitor::out_of_reach(const Piece& piece) const {
    const uint64_t last = piece.phys + uint64_t{piece.size} - 1;
    if (last >> mask_bits_min == 0) return false;
    const int mask_bits = platform_.get<&Device::mask_bits>(piece.device);
    return mask_bits < 64 && last >> mask_bits != 0;
}

bool Monitor::translated(const Piece& piece) const {
    return platform_.get<&Platform::iommu>() != Iommu::off && platform_.get<&Device::iommu>(piece.device);
}

void Monitor::lines(const Piece& piece) {
    if (!device_writes(piece.direction)) return;
    const uint64_t from = phys_of(piece.buffer, piece.offset);
    const uint64_t to = phys_of(piece.buffer, piece.offset + piece.size - 1) + 1;
    if (!inside_lines(from | to)) return;
    const uint64_t line = this->line();
    const bool shared = lives_in(from / line * line, from, piece) || lives_in(to, (to + line - 1) / line * line, piece);
    if (shared) breach(Rule::whole_lines, piece.mapping);
}

void Monitor::overlap(const Piece& piece, size_t index) {
    for (size_t i = 0; i < piece_count_; i++) {
        const Piece& other = run_->pieces[i];
        if (i == index || !pieces_[i].live || other.joint || other.buffer != piece.buffer) continue;
        bool meet = piece.offset < other.offset + other.size && other.offset < piece.offset + piece.size;
        if (meet && (device_writes(piece.direction) || device_writes(other.direction)))
            breach(Rule::no_conflicting_overlap, piece.mapping);
    }
}

void Monitor::map_piece(const Op& op, const Piece& piece) {
    BufferKind kind = run_->kinds[piece.buffer];
    if (kind == BufferKind::stack) breach(Rule::no_stack, piece.mapping);
    if (kind == BufferKind::vmalloc && op.kind == OpKind::map_single) breach(Rule::no_vmalloc, piece.mapping);
    if (kind != BufferKind::mmio && !contiguous(piece)) breach(Rule::contiguous, piece.mapping);
    if (kind == BufferKind::text || kind == BufferKind::rodata) breach(Rule::no_kernel_image, piece.mapping);
    if (kind == BufferKind::coherent) breach(Rule::no_streaming_of_coherent, piece.mapping);
    if ((op.kind == OpKind::map_resource || op.attrs & attr::mmio) && kind != BufferKind::mmio)
        breach(Rule::resource_is_mmio, piece.mapping);
    if (out_of_reach(piece) && (op.kind == OpKind::map_resource || !platform_.get<&Platform::bounce_pool>()) &&
        !translated(piece))
        breach(Rule::mask, piece.mapping);
    const uint64_t bytes = uint64_t{piece.size};
    // More than that is in no slot.
    if (bytes > bounce_bytes_max && platform_.get<&Platform::bounce_pool>() &&
        platform_.get<&Platform::bounce_always>())
        breach(Rule::segment_limits, piece.mapping);
    if (op.kind == OpKind::map_sg) {
        if (bytes > platform_.get<&Device::segment_max>(piece.device)) breach(Rule::segment_limits, piece.mapping);
        if (platform_.crosses(piece.device, 0, reached_across(piece))) breach(Rule::segment_limits, piece.mapping);
    }
    if (kind != BufferKind::mmio) lines(piece);
}

// Made with SKIP_CPU_SYNC, or allocated: the caller syncs, and then tells the device.
bool Monitor::begins_with_cpu(uint8_t mapping) const {
    const MappingFacts& m = run_->mappings[mapping];
    return m.map == OpKind::alloc_noncoherent || m.map == OpKind::alloc_noncontiguous ||
           (is_map(m.map) && m.attrs & attr::skip_cpu_sync);
}

// A scatterlist that is mapped again.
void Monitor::list_again(const Op& op) {
    if (mapped_[op.list] && !ended_[op.list]) breach(Rule::no_remap, op.mapping);
    list_made_[op.mapping] = list_made_[op.list];
    each_piece(op.mapping, [&](const Piece& piece, PieceState&) {
        const bool moved = std::any_of(moved_.begin(), moved_.end(), [&](const Moved& m) {
            const uint32_t page = m.page * page_bytes;
            return m.buffer == piece.buffer && m.op > list_made_[op.list] && page < piece.offset + piece.size &&
                   piece.offset < page + page_bytes;
        });
        if (moved || !live_[piece.buffer]) breach(Rule::page_owner, op.mapping);
    });
}

void Monitor::map(const Op& op) {
    const MappingFacts& m = run_->mappings[op.mapping];
    mapped_[op.mapping] = true;
    in_order_.push_back(op.mapping);
    bool streaming = is_map(op.kind);
    if (op.reuse_list) list_again(op);
    else list_made_[op.mapping] = now_;
    // The number of entries that map_sg returns is the check.
    if (op.kind == OpKind::map_sg && op.unchecked) breach(Rule::check_error, op.mapping);
    if (!streaming) live_[op.buffer] = true;
    abandoned_[op.mapping] = m.abandoned && (!op.unchecked || m.pieces == 0);
    error_checked_[op.mapping] = !op.unchecked || op.kind == OpKind::map_sg || !streaming;
    if (!error_checked_[op.mapping]) unchecked_[op.cpu] |= 1u << op.mapping;
    for (int i = 0; i < m.pieces; i++) {
        const Piece& piece = run_->pieces[m.piece + i];
        PieceState& state = pieces_[m.piece + i];
        if (abandoned_[op.mapping]) {
            // What a program maps is its own doing, whether or not it works out here.
            if (streaming) map_piece(op, piece);
            continue;
        }
        state.live = true;
        if (begins_with_cpu(op.mapping)) state.cpu_owned.add(0, piece.size);
        if (!streaming) continue;
        map_piece(op, piece);
        overlap(piece, static_cast<size_t>(m.piece + i));
    }
}

// The part of a piece that a sync covers, as far as it is about that piece; empty otherwise.
std::pair<uint32_t, uint32_t> Monitor::synced_part(const Op& op, int index, const Piece& piece) const {
    const MappingFacts& m = run_->mappings[op.mapping];
    if (is_sg_sync(op.kind)) return {0, index < (op.given_count ? op.count : m.pieces) ? piece.size : 0};
    if (index > 0) return {0, 0};
    const uint64_t end = uint64_t{op.offset} + (op.given_size ? op.size : m.size);
    return {op.offset, static_cast<uint32_t>(std::min<uint64_t>(end, piece.size))};
}

void Monitor::sync_arguments(const Op& op) {
    const MappingFacts& m = run_->mappings[op.mapping];
    if (op.given_direction && op.direction != m.direction && m.map != OpKind::alloc_coherent)
        breach(Rule::same_direction, op.mapping);
    if (op.given_device && op.device != m.device) breach(Rule::same_device, op.mapping);
    if (is_sg_sync(op.kind) && op.given_count && op.count != m.pieces) breach(Rule::same_nents, op.mapping);
    const bool whole_list = is_sg_sync(op.kind);
    const uint64_t end = uint64_t{op.offset} + (op.given_size ? op.size : m.size);
    if (ending_[op.mapping] || (!whole_list && end > m.size)) breach(Rule::inside, op.mapping);
    // A sync is of memory: registers have no caches.
    if (m.map == OpKind::map_resource) breach(Rule::same_function, op.mapping);
    if ((m.map == OpKind::map_sg) != whole_list && m.map != OpKind::alloc_noncontiguous)
        breach(Rule::same_function, op.mapping);
    int index = 0;
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        const auto [from, to] = synced_part(op, index++, piece);
        if (!state.live || piece.joint || from >= to || !device_writes(piece.direction)) return;
        // Other bytes of the same mapping count as unrelated data in its cachelines.
        const uint64_t places = (from > 0 ? piece.phys + from : 0) | (to < piece.size ? piece.phys + to : 0);
        if (inside_lines(places)) breach(Rule::whole_lines, op.mapping);
    });
}

// Buffer ownership. A sync for the CPU discards CPU writes that were not synced for the device (or never were, where it
// began with the CPU); one for the device copies out what the CPU has not got, over what a device wrote meanwhile.
void Monitor::sync_in_turn(const Op& op) {
    int index = 0;
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        const auto [from, to] = synced_part(op, index++, piece);
        if (!state.live || piece.joint || from >= to) return;
        // What its owner has there by now, the device does not get.
        if (!is_sync_for_cpu(op.kind) && state.moved.any(from, to)) breach(Rule::page_owner, op.mapping);
        if (!device_writes(piece.direction)) return;
        if (!is_sync_for_cpu(op.kind)) {
            if (device_reads(piece.direction) && !state.cpu_owned.all(from, to)) breach(Rule::hands_off, op.mapping);
            return;
        }
        if (begins_with_cpu(op.mapping) && !state.synced.all(from, to)) breach(Rule::skip_sync_by_hand, op.mapping);
        if (state.written.any(from, to)) breach(Rule::sync_after_write, op.mapping);
    });
}

// The buffer changes hands: to the device when the call begins, to the CPU when it returns.
void Monitor::sync(const Op& op) {
    const bool for_cpu = is_sync_for_cpu(op.kind);
    int index = 0;
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        const auto [from, to] = synced_part(op, index++, piece);
        if (!state.live || piece.joint || from >= to) return;
        if (for_cpu) return state.cpu_owned.add(from, to);
        state.cpu_owned.remove(from, to);
        state.written.remove(from, to);
        state.dirtied.remove(from, to);
        state.synced.add(from, to);
    });
}

// The device starts, or gets the address: its driver must have checked the mapping.
void Monitor::device_gets_address(uint8_t mapping) {
    if (!error_checked_[mapping]) breach(Rule::check_error, mapping);
}

// The first check of a map hands the buffer over, unless its CPU has gone on before: what user space has written since
// the map is not synced.
void Monitor::mapping_error(const Op& op) {
    const uint32_t mapping = 1u << op.mapping;
    const bool waits = std::any_of(unchecked_.begin(), unchecked_.end(), [&](uint32_t of) { return of & mapping; });
    for (uint32_t& mappings : unchecked_) mappings &= ~mapping;
    error_checked_[op.mapping] = true;
    abandoned_[op.mapping] |= run_->mappings[op.mapping].failed;
    if (!waits || abandoned_[op.mapping]) return;
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        if (state.live && !piece.joint && state.dirtied.any(0, piece.size)) breach(Rule::sync_after_write, op.mapping);
    });
}

void Monitor::start(const Op& op) {
    if (abandoned_[op.mapping]) return;
    device_gets_address(op.mapping);
    if (ending_[op.mapping]) breach(Rule::unmap_all, op.mapping);
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        if (!state.live || piece.joint) return;
        const bool never_given = begins_with_cpu(op.mapping) && !state.synced.all(0, piece.size);
        if (never_given) breach(Rule::skip_sync_by_hand, op.mapping);
        const bool behind = state.written.any(0, piece.size) || state.dirtied.any(0, piece.size);
        // What a driver may do to a BIDIRECTIONAL buffer is not known: each turn of the device begins with a sync.
        const bool unsynced = device_writes(piece.direction) && !never_given && state.cpu_owned.any(0, piece.size);
        if (device_reads(piece.direction) && (behind || unsynced)) breach(Rule::sync_after_write, op.mapping);
        state.cpu_owned.remove(0, piece.size);
    });
}

void Monitor::end_arguments(const Op& op) {
    const MappingFacts& m = run_->mappings[op.mapping];
    if (ending_[op.mapping]) return breach(Rule::unmap_once, op.mapping);
    if (op.kind != matching_end(m.map)) breach(Rule::same_function, op.mapping);
    if (op.given_device && op.device != m.device) breach(Rule::same_device, op.mapping);
    if (op.given_size && op.size != m.size) breach(Rule::same_size, op.mapping);
    if (op.given_direction && op.direction != m.direction) breach(Rule::same_direction, op.mapping);
    if (op.kind == OpKind::unmap_sg && op.given_count && op.count != m.pieces) breach(Rule::same_nents, op.mapping);
    if (op.offset != 0 || op.cpu_offset != 0) breach(Rule::same_address, op.mapping);
    if (op.kind == OpKind::free_coherent && irqs_off_[op.cpu] && !tidying())
        breach(Rule::free_with_irqs_on, op.mapping);
    const uint8_t attrs = op.given_attrs ? op.attrs : m.attrs;
    // What is mapped as registers, or as coherent, is another kind of mapping.
    if ((attrs ^ m.attrs) & (attr::mmio | attr::require_coherent)) breach(Rule::same_function, op.mapping);
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        if (!state.live || piece.joint || !is_map(m.map)) return;
        if (device_reads(piece.direction) && state.written.any(0, piece.size))
            breach(Rule::sync_after_write, op.mapping);
        // Nothing is synced by that call: it must have been before.
        const bool unsynced =
            attrs & attr::skip_cpu_sync && device_writes(piece.direction) && !state.cpu_owned.all(0, piece.size);
        const bool never = !(attrs & attr::skip_cpu_sync) && begins_with_cpu(op.mapping) &&
                           device_writes(piece.direction) && !state.synced.all(0, piece.size);
        if (unsynced || never) breach(Rule::skip_sync_by_hand, op.mapping);
    });
}

// When the call has returned.
void Monitor::end(const Op& op) {
    const MappingFacts& m = run_->mappings[op.mapping];
    if (ended_[op.mapping]) return;
    ended_[op.mapping] = true;
    each_piece(op.mapping, [](const Piece&, PieceState& state) { state.live = false; });
    if (!is_allocation_end(op.kind) || op.kind != matching_end(m.map)) return;
    live_[m.buffer] = false;
    free_under(m.buffer, op.cpu);
}

// Is another CPU inside a call on it?
void Monitor::leave(uint8_t mapping, uint8_t cpu) {
    for (uint8_t other = 0; other < cpus_max; other++)
        if (other != cpu && has_pending_[other] && pending_[other].mapping == mapping)
            breach(Rule::no_end_during_call, mapping);
}

// Memory is freed while a mapping of it lives, or while a CPU is inside a call on one.
void Monitor::free_under(uint8_t buffer, uint8_t cpu) {
    for (size_t i = 0; i < piece_count_; i++) {
        const Piece& piece = run_->pieces[i];
        if (piece.buffer != buffer) continue;
        leave(piece.mapping, cpu);
        if (pieces_[i].live && !piece.joint) breach(Rule::page_owner, piece.mapping);
    }
}

// The CPU goes on to something else: whatever it has mapped it must have asked about.
void Monitor::check_errors(const Op& op) {
    if (is_device_access(op.kind)) return;
    const OpKind kind = op.kind == OpKind::finish ? pending_[op.cpu].kind : op.kind;
    if (is_map(kind) || kind == OpKind::mapping_error) return;
    for (uint8_t m : in_order_)
        if (unchecked_[op.cpu] >> m & 1) breach(Rule::check_error, m);
    unchecked_[op.cpu] = 0;
}

void Monitor::first_half(const Op& op) {
    if (traits(op.kind).defines_mapping) return map(op);
    if (!error_checked_[op.mapping]) {
        breach(Rule::check_error, op.mapping);
        error_checked_[op.mapping] = true;
    }
    if (abandoned_[op.mapping]) {
        ending_[op.mapping] = ended_[op.mapping] = true;
        return;
    }
    if (is_sync(op.kind)) {
        sync_arguments(op);
        sync_in_turn(op);
        if (!is_sync_for_cpu(op.kind)) sync(op);
        return;
    }
    end_arguments(op);
    leave(op.mapping, op.cpu);
    ending_[op.mapping] = true;
}

void Monitor::second_half(const Op& op) {
    if (traits(op.kind).defines_mapping || abandoned_[op.mapping]) return;
    if (is_sync_for_cpu(op.kind)) return sync(op);
    if (is_sync(op.kind)) return;
    leave(op.mapping, op.cpu);
    end(op);
}

void Monitor::unbind(const Op& op) {
    for (uint8_t i : in_order_) {
        if (run_->mappings[i].device != op.device) continue;
        if (!error_checked_[i]) breach(Rule::check_error, i);
        if (!ended_[i] && !abandoned_[i]) breach(Rule::unmap_all, i);
    }
}

void Monitor::apply(const Op& op) {
    check_errors(op);
    switch (op.kind) {
        case OpKind::alloc:
            live_[op.buffer] = true;
            // A new neighbour in a line that is under DMA.
            for (size_t i = 0; i < piece_count_; i++)
                if (pieces_[i].live && !run_->pieces[i].joint &&
                    run_->kinds[run_->pieces[i].buffer] != BufferKind::mmio)
                    lines(run_->pieces[i]);
            return;
        case OpKind::free: live_[op.buffer] = false; return free_under(op.buffer, op.cpu);
        case OpKind::write:
        case OpKind::read:
        case OpKind::dirty: return cpu_access(op);
        case OpKind::cow: return cow(op);
        case OpKind::mapping_error: return mapping_error(op);
        case OpKind::device_read:
        case OpKind::device_write:
        case OpKind::device_post: return device_access(op);
        case OpKind::start: return start(op);
        case OpKind::irq_off: irqs_off_[op.cpu] = true; return;
        case OpKind::irq_on: irqs_off_[op.cpu] = false; return;
        case OpKind::unbind: return unbind(op);
        case OpKind::forget: return breach(Rule::unmap_all, op.mapping);
        case OpKind::finish: has_pending_[op.cpu] = false; return second_half(pending_[op.cpu]);
        default: break;
    }
    first_half(op);
    if (!op.split) return second_half(op);
    pending_[op.cpu] = op;
    has_pending_[op.cpu] = true;
}

void Monitor::start(const Run& run, const Platform& platform) {
    run_ = &run;
    platform_.start(platform);
    piece_count_ = run.pieces.size();
    if (pieces_.size() < piece_count_) pieces_.resize(piece_count_);
    for (size_t i = 0; i < piece_count_; i++) pieces_[i].start_anew();
    found_.broken = 0;
    found_.breaches.clear();
    found_.unchecked_in_time = 0;
    found_.state = {};
    live_.fill(false);
    irqs_off_.fill(false);
    in_order_.clear();
    for (auto* of_mappings : {&mapped_, &ending_, &ended_, &error_checked_, &abandoned_}) of_mappings->fill(false);
    has_pending_.fill(false);
    unchecked_.fill(0);
    moved_.clear();
    list_made_.fill(0);
}

const ContractCheck& Monitor::watch(const Run& run, const Platform& platform, bool keeps_state) {
    start(run, platform);
    const size_t program_ops = static_cast<size_t>(run.program_ops);
    for (size_t i = 0; i < run.ops.size(); i++) {
        if (keeps_state && i == program_ops) digest(found_.state);
        now_ = static_cast<uint8_t>(i);
        apply(run.ops[i]);
    }
    if (keeps_state && run.ops.size() == program_ops) digest(found_.state);
    found_.features_read = platform_.features_read();
    return found_;
}

}  // namespace dmafuzz
