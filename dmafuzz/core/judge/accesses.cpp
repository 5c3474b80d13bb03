// SPDX-License-Identifier: GPL-2.0-only
// The contract, where CPUs and devices touch memory; and what of a monitor the rest of a run depends on.
#include <algorithm>

#include "judge/monitor.hpp"

namespace dmafuzz {

// Does anything live have part of a line, so that others can have the rest?
bool Monitor::lines_shared() const {
    uint64_t places = 0;
    for (size_t i = 0; i < piece_count_; i++) {
        const Piece& p = run_->pieces[i];
        if (pieces_[i].live && !p.joint) places |= p.phys | uint64_t{p.size};
    }
    return inside_lines(places);
}

// A CPU that writes beside a buffer under DMA.
void Monitor::sharing(uint64_t phys) {
    const uint64_t line = this->line();
    for (size_t i = 0; i < piece_count_; i++) {
        const Piece& p = run_->pieces[i];
        if (!pieces_[i].live || p.joint) continue;
        uint64_t from = p.phys, to = p.phys + uint64_t{p.size};
        bool inside = phys >= from && phys < to;
        if (!inside && phys / line >= from / line && phys / line <= (to - 1) / line)
            breach(Rule::no_sharing, p.mapping);
    }
}

// A page is copied. Where the copy is private the page stays, and is only read.
void Monitor::cow(const Op& op) {
    const bool moves = run_->kinds[op.buffer] == BufferKind::anonymous && !op.private_copy;
    const uint32_t page = op.offset / page_bytes * page_bytes;
    for (size_t i = 0; i < piece_count_; i++) {
        PieceState& state = pieces_[i];
        const Piece& p = run_->pieces[i];
        if (!state.live || p.joint || p.buffer != op.buffer) continue;
        const uint32_t from = std::max(page, p.offset), to = std::min(page + page_bytes, p.offset + p.size);
        if (from >= to) continue;
        if (moves) state.moved.add(from - p.offset, to - p.offset);
        if (!device_writes(p.direction)) continue;
        if (moves) breach(Rule::page_owner, p.mapping);
        else if (!state.cpu_owned.all(from - p.offset, to - p.offset)) touched_and_read(p.mapping);
    }
    if (!moves) return;
    for (const Step& step : run_->steps)
        if (step.kind == StepKind::move && step.op == now_)
            moved_.push_back({op.buffer, now_, op.offset / page_bytes, step.phys});
}

// What the device has, and may write, the CPU reads.
void Monitor::touched_and_read(uint8_t mapping) {
    breach(Rule::hands_off, mapping);
    breach(Rule::sync_before_read, mapping);
}

void Monitor::cpu_access(const Op& op) {
    const bool writes = op.kind != OpKind::read;
    for (size_t i = 0; i < piece_count_; i++) {
        PieceState& state = pieces_[i];
        const Piece& p = run_->pieces[i];
        if (!state.live || p.joint || p.buffer != op.buffer) continue;
        uint32_t from = std::max<uint32_t>(op.offset, p.offset),
                 to = std::min<uint32_t>(op.offset + op.size, p.offset + p.size);
        if (from >= to) continue;
        from -= p.offset;
        to -= p.offset;
        const bool owned = !state.cpu_owned.all(from, to);  // by the device, some of it
        // User space dirties a page under writeback as it likes; where the device may write, it must not.
        const bool entitled = op.kind == OpKind::dirty && !device_writes(p.direction);
        if (owned && !writes && device_writes(p.direction)) touched_and_read(p.mapping);
        if (owned && writes && !entitled) breach(Rule::hands_off, p.mapping);
        if (writes && p.direction == Direction::from_device) breach(Rule::from_device_read_only, p.mapping);
        if (writes && device_reads(p.direction)) (entitled ? state.dirtied : state.written).add(from, to);
    }
    if (!writes || !lines_shared()) return;
    const uint32_t step = static_cast<uint32_t>(line());
    for (uint32_t at = 0; at < op.size; at += step) sharing(phys_of(op.buffer, op.offset + at));
    sharing(phys_of(op.buffer, op.offset + op.size - 1u));
}

// Is a CPU inside a sync_for_cpu of that part of a piece?
bool Monitor::being_taken(const Piece& piece, int index, uint32_t from, uint32_t to) const {
    for (size_t cpu = 0; cpu < cpus_max; cpu++) {
        const Op& call = pending_[cpu];
        if (!has_pending_[cpu] || call.mapping != piece.mapping || !is_sync_for_cpu(call.kind)) continue;
        const auto [first, end] = synced_part(call, index, piece);
        if (first < to && from < end) return true;
    }
    return false;
}

void Monitor::device_access(const Op& op) {
    if (abandoned_[op.mapping]) return;
    if (ending_[op.mapping]) breach(Rule::unmap_all, op.mapping);
    device_gets_address(op.mapping);
    uint32_t start = 0;
    int index = 0;
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        const uint32_t first = start;
        const int which = index++;
        start += piece.size;
        if (!state.live || piece.joint) return;
        if (op.kind != OpKind::device_read && piece.direction == Direction::to_device)
            breach(Rule::to_device_read_only, op.mapping);
        const uint32_t from = std::max<uint32_t>(op.offset, first), to = std::min<uint32_t>(op.offset + op.size, start);
        if (op.kind == OpKind::device_post) {  // whichever side owns it, once the device has the address
            if (from < to && begins_with_cpu(op.mapping) && !state.synced.all(from - first, to - first))
                breach(Rule::skip_sync_by_hand, op.mapping);
            else if (device_reads(piece.direction) && state.cpu_owned.any(from - first, to - first))
                breach(Rule::sync_after_write, op.mapping);
            return;
        }
        if (from >= to) return;
        if (state.cpu_owned.any(from - first, to - first) || being_taken(piece, which, from - first, to - first))
            breach(Rule::hands_off, op.mapping);
    });
    if (start > 0 && op.offset + op.size > start) breach(Rule::inside, op.mapping);
}

namespace {

// What the second half of a call still looks at.
void digest_pending(Digest& into, const Op& op) {
    into.add(static_cast<uint64_t>(op.kind) << 32 | static_cast<uint64_t>(op.mapping) << 24 |
             static_cast<uint64_t>(op.count) << 16 | static_cast<uint64_t>(op.given_count) << 1 |
             static_cast<uint64_t>(op.given_size));
    into.add(static_cast<uint64_t>(op.offset) << 32 | op.size);
}

}  // namespace

void Monitor::digest(Digest& into) const {
    into.add(found_.broken);
    for (size_t i = 0; i < live_.size(); i++) into.add(i << 1 | static_cast<uint64_t>(live_[i]));
    for (size_t i = 0; i < cpus_max; i++) {
        into.add(static_cast<uint64_t>(unchecked_[i]) << 2 | static_cast<uint64_t>(irqs_off_[i]) << 1 |
                 static_cast<uint64_t>(has_pending_[i]));
        if (has_pending_[i]) digest_pending(into, pending_[i]);
    }
    for (size_t i = 0; i < mappings_max; i++) {
        if (!mapped_[i]) continue;
        into.add(i << 4 | static_cast<uint64_t>(ending_[i]) << 3 | static_cast<uint64_t>(ended_[i]) << 2 |
                 static_cast<uint64_t>(error_checked_[i]) << 1 | static_cast<uint64_t>(abandoned_[i]));
        // Which pages had moved when its list was made.
        into.add(static_cast<uint64_t>(
            std::count_if(moved_.begin(), moved_.end(), [&](const Moved& m) { return m.op < list_made_[i]; })));
    }
    for (const Moved& m : moved_) {
        into.add(static_cast<uint64_t>(m.buffer) << 32 | m.page);
        into.add(m.phys);
    }
    for (size_t i = 0; i < piece_count_; i++) {
        const PieceState& p = pieces_[i];
        into.add(static_cast<uint64_t>(p.live));
        if (!p.live) continue;
        p.cpu_owned.digest(into);
        p.synced.digest(into);
        p.written.digest(into);
        p.dirtied.digest(into);
        p.moved.digest(into);
    }
}

}  // namespace dmafuzz
