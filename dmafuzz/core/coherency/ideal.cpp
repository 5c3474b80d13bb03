// SPDX-License-Identifier: GPL-2.0-only
#include "coherency/ideal.hpp"

#include <algorithm>
#include <map>

namespace dmafuzz {

namespace {

// The runs of numbers from `from` to `to` that are `in`.
template <class In>
std::vector<Stretch> stretches(uint32_t from, uint32_t to, In in) {
    std::vector<Stretch> out;
    for (uint32_t at = from; at < to; at++) {
        if (!in(at)) continue;
        if (!out.empty() && out.back().offset + out.back().size == at) {
            out.back().size++;
        } else {
            out.push_back({at, 1});
        }
    }
    return out;
}

void set(std::vector<uint8_t>& marks, uint32_t offset, uint32_t size, uint8_t value) {
    const size_t from = std::min<size_t>(offset, marks.size()), to = std::min<size_t>(offset + size, marks.size());
    std::fill(marks.begin() + static_cast<long>(from), marks.begin() + static_cast<long>(to), value);
}

}  // namespace

bool IdealMemory::Part::device_owns(uint32_t at) const {
    if (!live || at < piece.offset || at >= end()) return false;
    return piece.joint || owned[at - piece.offset];
}

IdealMemory::IdealMemory(const std::vector<Piece>& pieces) {
    std::map<uint8_t, uint32_t> starts;
    for (const Piece& piece : pieces) {
        parts_.push_back({piece, starts[piece.mapping], false, false, Bytes(piece.size)});
        starts[piece.mapping] += piece.size;
    }
}

void IdealMemory::born(uint8_t buffer, std::vector<uint8_t> content, bool image) {
    Buffer& b = buffers_[buffer];
    b.known = b.live = true;
    b.image = image;
    b.given_up.assign(content.size(), 0);
    b.lagging = b.posted = b.given_up;
    b.content = std::move(content);
}

void IdealMemory::step(const Step& step, uint8_t tag) {
    switch (step.kind) {
        case StepKind::die: buffers_[step.buffer].live = false; return;
        case StepKind::cpu_write:
        case StepKind::cpu_dirty:
            return write(step.buffer, step.offset, step.size, tag, step.kind == StepKind::cpu_dirty);
        default: break;
    }
    if (step.piece >= parts_.size()) return;
    Part& part = parts_[step.piece];
    switch (step.kind) {
        case StepKind::begin:
            part.live = true;
            part.handed = !step.pending;
            return;
        case StepKind::end: part.live = false; return seen_by_cpu(part, 0, part.piece.size);
        case StepKind::to_device:
        case StepKind::to_cpu: return hand_over(part, step.offset, step.size, step.kind == StepKind::to_device);
        case StepKind::device_write:
        case StepKind::device_post:
            write_through(part, part.piece.offset + step.offset, step.size, tag, step.kind == StepKind::device_post);
            return;
        default: return;
    }
}

void IdealMemory::write(uint8_t buffer, uint32_t offset, uint32_t size, uint8_t tag, bool lags) {
    Buffer& b = buffers_[buffer];
    set(b.content, offset, size, tag);
    set(b.given_up, offset, size, 0);
    set(b.posted, offset, size, 0);
    set(b.lagging, offset, size, lags);
}

std::vector<Stretch> IdealMemory::device_write(uint8_t mapping, uint8_t buffer, uint32_t offset, uint32_t size,
                                               uint8_t tag) {
    std::vector<Stretch> done;
    for (const Part& part : parts_) {
        if (part.piece.mapping != mapping || part.piece.buffer != buffer) continue;
        for (const Stretch& s : write_through(part, offset, size, tag, false))
            done.push_back({part.start + s.offset - part.piece.offset, s.size});
    }
    return done;
}

// `posts`: a write that may happen whichever side owns the bytes, as long as the mapping lives.
std::vector<Stretch> IdealMemory::write_through(const Part& part, uint32_t offset, uint32_t size, uint8_t tag,
                                                bool posts) {
    Buffer& b = buffers_[part.piece.buffer];
    if (!lives(part.piece.buffer) || b.image || !part.live || !device_writes(part.piece.direction)) return {};
    const uint32_t from = std::max(offset, part.piece.offset), to = std::min({offset + size, part.end(), b.size()});
    const std::vector<Stretch> entitled =
        stretches(from, to, [&](uint32_t at) { return posts || part.device_owns(at); });
    for (const Stretch& s : entitled) {
        set(b.content, s.offset, s.size, tag);
        set(b.given_up, s.offset, s.size, 0);
        set(b.posted, s.offset, s.size, posts);
        set(b.lagging, s.offset, s.size, 0);
    }
    return entitled;
}

void IdealMemory::seen_by_cpu(const Part& part, uint32_t offset, uint32_t size) {
    set(buffers_[part.piece.buffer].posted, part.piece.offset + offset, size, 0);
}

void IdealMemory::hand_over(Part& part, uint32_t offset, uint32_t size, bool to_device) {
    set(part.owned, offset, size, to_device);
    if (!to_device) return seen_by_cpu(part, offset, size);
    part.handed = true;
    Buffer& b = buffers_[part.piece.buffer];
    const uint32_t start = part.piece.offset + offset;
    set(b.lagging, start, size, 0);
    if (part.piece.direction != Direction::from_device || b.image) return;
    for (uint32_t at = start; at < std::min(start + size, b.size()); at++) b.given_up[at] = !b.posted[at];
}

std::vector<uint8_t> IdealMemory::buffers() const {
    std::vector<uint8_t> out;
    for (uint8_t buffer = 0; buffer < buffers_with_stack; buffer++)
        if (lives(buffer)) out.push_back(buffer);
    return out;
}

std::vector<uint8_t> IdealMemory::content(uint8_t buffer, uint32_t offset, uint32_t size) const {
    const Bytes& all = buffers_[buffer].content;
    const size_t from = std::min<size_t>(offset, all.size()), to = std::min<size_t>(offset + size, all.size());
    return {all.begin() + static_cast<long>(from), all.begin() + static_cast<long>(to)};
}

std::vector<Stretch> IdealMemory::expected(uint8_t buffer, uint32_t offset, uint32_t size) const {
    const Buffer& b = buffers_[buffer];
    return stretches(offset, std::min(offset + size, b.size()),
                     [&](uint32_t at) { return !b.given_up[at] && !b.posted[at]; });
}

std::vector<Stretch> IdealMemory::readable(uint8_t buffer) const {
    if (!lives(buffer)) return {};
    const Buffer& b = buffers_[buffer];
    auto barred = [&](uint32_t at) {
        return std::ranges::any_of(parts_, [&](const Part& part) {
            if (part.piece.buffer != buffer || !part.live || part.piece.joint) return false;
            if (!device_writes(part.piece.direction) || at < part.piece.offset || at >= part.end()) return false;
            return !part.handed || part.owned[at - part.piece.offset];
        });
    };
    return stretches(0, b.size(), [&](uint32_t at) { return !b.given_up[at] && !b.posted[at] && !barred(at); });
}

std::vector<Stretch> IdealMemory::unmapped(uint8_t buffer) const {
    if (!lives(buffer) || buffers_[buffer].image) return {};
    return stretches(0, buffers_[buffer].size(), [&](uint32_t at) {
        return std::ranges::none_of(parts_, [&](const Part& part) {
            return part.piece.buffer == buffer && part.live && at >= part.piece.offset && at < part.end();
        });
    });
}

void IdealMemory::add_views(const Part& part, uint32_t from, uint32_t to, std::vector<DeviceView>& out) const {
    const Buffer& b = buffers_[part.piece.buffer];
    if (!part.live || !device_reads(part.piece.direction)) return;
    const auto seen = [&](uint32_t at) { return part.device_owns(at) && !b.given_up[at] && !b.lagging[at]; };
    for (const Stretch& s : stretches(std::max(from, part.piece.offset), std::min({to, part.end(), b.size()}), seen))
        out.push_back(
            {part.piece.mapping, part.piece.buffer, part.start + s.offset - part.piece.offset, s.offset, s.size});
}

std::vector<DeviceView> IdealMemory::views(uint8_t mapping, uint8_t buffer, uint32_t offset, uint32_t size) const {
    std::vector<DeviceView> out;
    for (const Part& part : parts_)
        if (part.piece.mapping == mapping && part.piece.buffer == buffer) add_views(part, offset, offset + size, out);
    return out;
}

std::vector<DeviceView> IdealMemory::may_read() const {
    std::vector<DeviceView> out;
    for (const Part& part : parts_)
        if (lives(part.piece.buffer)) add_views(part, part.piece.offset, part.end(), out);
    return out;
}

std::vector<DeviceView> IdealMemory::may_write() const {
    std::vector<DeviceView> out;
    for (const Part& part : parts_) {
        const Piece& p = part.piece;
        if (!part.live || !device_writes(p.direction) || !lives(p.buffer) || buffers_[p.buffer].image) continue;
        for (const Stretch& s : stretches(p.offset, part.end(), [&](uint32_t at) { return part.device_owns(at); }))
            out.push_back({p.mapping, p.buffer, part.start + s.offset - p.offset, s.offset, s.size});
    }
    return out;
}

std::optional<DeviceView> IdealMemory::asked(uint8_t mapping, uint32_t offset, uint32_t size) const {
    const Part* last = nullptr;
    bool more = false;  // entries behind it: what comes after the end of one is the next
    for (const Part& part : parts_) {
        if (part.piece.mapping != mapping || !part.live || !device_reads(part.piece.direction)) continue;
        more = last && offset >= last->start && offset < last->start + last->piece.size;
        if (more) break;
        last = &part;
    }
    if (!last || !buffers_[last->piece.buffer].known) return std::nullopt;
    const Buffer& b = buffers_[last->piece.buffer];
    DeviceView view{mapping, last->piece.buffer, offset, last->piece.offset + offset - last->start, 0};
    if (!b.live) return view;
    if (more) size = std::min(size, last->start + last->piece.size - offset);
    // Of what is the CPU's a device may see anything, too.
    const auto seen = [&](uint32_t at) {
        return !b.given_up[at] && !b.lagging[at] && (at >= last->end() || last->device_owns(at));
    };
    while (view.size < size && view.offset + view.size < b.size() && seen(view.offset + view.size)) view.size++;
    return view;
}

}  // namespace dmafuzz
