// SPDX-License-Identifier: GPL-2.0-only
#include "judge/covering.hpp"

#include <algorithm>
#include <bit>

namespace dmafuzz {

namespace {

// Entries in one line before a tracker's counter overflows.
constexpr int entries_counted = 8;

// The same on all platforms, whichever maps fail.
bool has_many_entries(const Run& run) {
    int entries = 0;
    for (int i = 0; i < run.program_ops; i++) {
        const Op& op = run.ops[static_cast<size_t>(i)];
        if (traits(op.kind).defines_mapping)
            entries += op.kind != OpKind::map_sg ? 1 : op.reuse_list ? entries_max : op.entry_count;
    }
    return entries > entries_counted;
}

template <class Do>
void each_bit(uint32_t set, Do what) {
    for (; set; set &= set - 1) what(static_cast<uint8_t>(std::countr_zero(set)));
}

}  // namespace

Footprint& Footprint::operator|=(const Footprint& o) {
    mappings |= o.mappings;
    ranges |= o.ranges;
    devices |= o.devices;
    each_bit(o.mappings, [&](uint8_t m) { together[m] |= o.together[m]; });
    for (const MappedPart& part : o.live_then)
        if (std::find(live_then.begin(), live_then.end(), part) == live_then.end()) live_then.push_back(part);
    return *this;
}

bool Footprint::covered_by(const Claim& claim) const {
    if ((mappings & claim.mappings) != 0 || (devices & claim.devices) != 0 || ranges.meet(claim.range)) return true;
    if (claim.added != no_mapping) return (together[claim.added] & claim.collided) != 0;
    const MappedPart& once = claim.once;
    return once.mapping != no_mapping && std::any_of(live_then.begin(), live_then.end(), [&](const MappedPart& part) {
               return part.mapping == once.mapping && part.entry == once.entry && part.from < once.to &&
                      once.from < part.to;
           });
}

void Footprint::digest(Digest& into) const {
    into.add(static_cast<uint64_t>(mappings) << 8 | devices);
    ranges.digest(into);
    each_bit(mappings, [&](uint8_t m) { into.add(together[m]); });
    for (const MappedPart& part : live_then) part.digest(into);
    into.add(live_then.size());
}

HarmFootprint& HarmFootprint::operator|=(const HarmFootprint& o) {
    mappings |= o.mappings;
    buffers |= o.buffers;
    calls |= o.calls;
    return *this;
}

HarmFootprint footprint_of(const Run& run, const Harm& harm) {
    HarmFootprint footprint;
    footprint.calls = call_of(run, harm.op);
    if (harm.mapping == no_mapping) return footprint;
    footprint.mappings = 1u << harm.mapping;
    for (const Piece& p : run.pieces)
        if (p.mapping == harm.mapping) footprint.buffers |= static_cast<uint16_t>(1u << p.buffer);
    return footprint;
}

void Places::add(uint64_t phys, uint64_t bytes, uint8_t op, uint8_t piece) {
    if (!bytes) return;
    const Place place{phys & ~line_mask_, (phys + bytes + line_mask_) & ~line_mask_, op, piece};
    // What a call reaches is mostly what it means.
    if (places_.empty() || !(places_.back() == place)) places_.push_back(place);
}

// Wherever the part of a buffer lives, at any time; but for what is known already.
void Places::add_part(const BufferPart& part, uint8_t op, uint8_t piece, Lines known) {
    for (const Extent& e : run_->extents) {
        if (e.buffer != part.buffer) continue;
        const uint32_t from = std::max(part.offset, e.offset),
                       to = std::min(part.offset + part.size, e.offset + e.size);
        if (from >= to) continue;
        const uint64_t phys = e.phys + (from - e.offset);
        if (phys < known.from || phys + (to - from) > known.to) add(phys, to - from, op, piece);
    }
}

void Places::find(const Run& run, int line, bool times) {
    run_ = &run;
    line_mask_ = static_cast<uint64_t>(line) - 1;
    places_.clear();
    for (size_t i = 0; i < run.pieces.size(); i++) {
        const Piece& p = run.pieces[i];
        add(p.phys, p.size, no_op, static_cast<uint8_t>(i));
        add_part({p.buffer, p.offset, p.size}, no_op, static_cast<uint8_t>(i), {p.phys, p.phys + p.size});
    }
    auto meant = run.meant.begin();
    for (const Touch& t : run.touches) {
        for (; meant != run.meant.end() && meant->op < t.op; ++meant) add_part(meant->part, meant->op, 0, {0, 0});
        add(t.phys, t.size, t.op, 0);
    }
    for (; meant != run.meant.end(); ++meant) add_part(meant->part, meant->op, 0, {0, 0});
    many_entries_ = has_many_entries(run);
    if (times || many_entries_) find_times();
}

// When mappings begin and end, for what is known of them.
void Places::find_times() {
    begun_.fill(no_op);
    made_.fill(no_op);
    ended_.fill(no_op);
    for (size_t i = 0; i < run_->ops.size(); i++) {
        const Op& op = run_->ops[i];
        const uint8_t index = static_cast<uint8_t>(i);
        if (traits(op.kind).defines_mapping) {
            begun_[op.mapping] = made_[op.mapping] = index;
            if (op.split) made_[op.mapping] = other_half(*run_, index);
        } else if (ended_[op.mapping] == no_op && is_end(op.kind)) {
            ended_[op.mapping] = op.split ? other_half(*run_, index) : index;
        } else if (ended_[op.mapping] == no_op && op.kind == OpKind::mapping_error &&
                   run_->mappings[op.mapping].failed) {
            ended_[op.mapping] = index;
        }
    }
}

uint32_t Places::involved(const Corruption& c) const {
    uint32_t involved = 0;
    each_bit(static_cast<uint32_t>(c.mappings), [&](uint8_t m) {
        if (ended_[m] >= c.op) involved |= 1u << m;
    });
    return involved;
}

void Places::digest(Digest& into) const {
    for (uint8_t made = 0; many_entries_ && made < mappings_max; made++) {
        uint32_t live = 0;
        for (uint8_t m = 0; m < mappings_max; m++) live |= static_cast<uint32_t>(live_at(m, made_[made])) << m;
        into.add(made_[made] == no_op ? 0 : live);
    }
}

void Places::add_live_then(const Lines& lines, const Piece& piece, uint32_t involved, Footprint& footprint) const {
    const uint8_t then = made_[piece.mapping];
    bool live = involved != 0;
    each_bit(involved, [&](uint8_t m) { live &= live_at(m, then); });
    const uint64_t from = std::max(lines.from, piece.phys), to = std::min(lines.to, piece.phys + piece.size);
    if (!live || from >= to) return;
    const uint8_t entry = static_cast<uint8_t>(&piece - run_->pieces.data() - run_->mappings[piece.mapping].piece);
    footprint.live_then.push_back(
        {piece.mapping, entry, static_cast<uint32_t>(from - piece.phys), static_cast<uint32_t>(to - piece.phys)});
}

// Bytes that share their fate share their lines' names as well: cells are cut where places begin and end.
// `first`: of each mapping met so far, the piece.
void Places::meet(const Lines& lines, Footprint& footprint, uint32_t involved,
                  std::array<uint8_t, mappings_max>& first) const {
    uint8_t op = no_op;
    for (const Place& place : places_) {
        if (!lines.meet(place)) continue;
        if (place.op != no_op) {
            if (place.op != op) footprint.ranges |= operation(*run_, place.op);
            op = place.op;
            continue;
        }
        const Piece& piece = run_->pieces[place.piece];
        const bool known = footprint.mappings >> piece.mapping & 1;
        if (!known) first[piece.mapping] = place.piece;
        else if (first[piece.mapping] != place.piece) footprint.together[piece.mapping] |= 1u << piece.mapping;
        footprint.mappings |= 1u << piece.mapping;
        footprint.devices |= static_cast<uint8_t>(1u << piece.device);
        if (many_entries_) add_live_then(lines, piece, involved, footprint);
    }
}

Footprint Places::footprint_of(const Corruption& c) const {
    Footprint footprint;
    const uint32_t involved = many_entries_ ? this->involved(c) : 0;
    std::array<uint8_t, mappings_max> first;
    bool found = false;
    auto at = [&](uint64_t phys, uint64_t bytes) {
        meet({phys & ~line_mask_, (phys + bytes + line_mask_) & ~line_mask_}, footprint, involved, first);
        found = true;
    };
    // Wherever the bytes live, at any time.
    for (const Extent& e : run_->extents) {
        if (e.buffer != c.span.buffer) continue;
        const uint32_t from = std::max(c.span.offset, e.offset),
                       to = std::min(c.span.offset + c.span.size, e.offset + e.size);
        if (from < to) at(e.phys + (from - e.offset), to - from);
    }
    if (!found) at(c.phys, c.span.size);
    each_bit(footprint.mappings, [&](uint8_t m) { footprint.together[m] |= footprint.mappings & ~(1u << m); });
    return footprint;
}

}  // namespace dmafuzz
