#include "judge/contract.hpp"

#include <algorithm>
#include <array>

#include "judge/byte_ranges.hpp"
#include "machine/memory.hpp"

namespace dmafuzz {

namespace {

struct RuleText {
    const char* name;
    const char* text;
};

constexpr std::array<RuleText, static_cast<size_t>(Rule::count_)> rule_texts{{
    {"no-stack", "only linear, page-backed memory is mapped: no stack"},
    {"no-vmalloc", "no vmalloc, kmap or ioremap address is given to map_single"},
    {"no-kernel-image", "no kernel text, data or rodata is mapped"},
    {"mask", "the buffer is within the device's DMA mask"},
    {"whole-lines", "a FROM_DEVICE or BIDIRECTIONAL region begins and ends on a cache line boundary, or owns its lines alone"},
    {"no-sharing", "data that a CPU writes during DMA does not share a line with the buffer"},
    {"hands-off", "between map (or sync_for_device) and unmap (or sync_for_cpu) the CPU does not touch the buffer"},
    {"sync-before-read", "FROM_DEVICE or BIDIRECTIONAL: sync_for_cpu before the CPU reads"},
    {"sync-after-write", "TO_DEVICE or BIDIRECTIONAL: sync_for_device after the CPU writes, before the device reads again or the mapping ends"},
    {"from-device-read-only", "a buffer mapped FROM_DEVICE is only read by the CPU while mapped"},
    {"to-device-read-only", "a device does not write a buffer mapped TO_DEVICE"},
    {"same-size", "unmap with the size of the map"},
    {"same-direction", "unmap and sync with the direction of the map"},
    {"same-function", "unmap with the kind of call that belongs to the map"},
    {"same-device", "unmap and sync with the device of the map"},
    {"same-nents", "unmap_sg and sync_sg get the number of entries given to map_sg"},
    {"no-remap", "a scatter list is not mapped again before it is unmapped"},
    {"check-error", "dma_mapping_error (or a zero return) is checked"},
    {"unmap-all", "every mapping is unmapped, after the device is done"},
    {"unmap-once", "no mapping is unmapped twice"},
    {"inside", "a sync lies inside its live mapping"},
    {"free-with-irqs-on", "dma_free_coherent is called with interrupts enabled"},
    {"no-streaming-of-coherent", "memory from dma_alloc_coherent is not mapped for streaming as well"},
    {"resource-is-mmio", "dma_map_resource is for MMIO, never RAM"},
    {"segment-limits", "maximal mapping size, segment size and boundary are respected"},
    {"skip-sync-by-hand", "with SKIP_CPU_SYNC the caller does the syncs"},
    {"no-conflicting-overlap", "live mappings of one region overlap only if no device writes what another one reads or writes"},
    {"page-owner", "memory under DMA is not freed, nor moved by copy-on-write while a device may write it"},
}};

// One piece, as the rules see it.
struct PieceState {
    bool live = false;
    bool synced_for_device = false;     // by hand, since the map
    bool synced_for_cpu = false;        // by hand, since the last hand-over
    ByteRanges cpu_owned;
    ByteRanges written;                   // by the CPU, and not synced for the device since
};

class Monitor {
  public:
    Monitor(const Run& run, const Platform& platform) : run_(run), platform_(platform), pieces_(run.pieces.size()) {}

    std::vector<Breach> watch(Digest* state) {
        for (size_t i = 0; i < run_.ops.size(); i++) {
            if (state && i == static_cast<size_t>(run_.program_ops)) digest(*state);
            now_ = static_cast<uint8_t>(i);
            take(run_.ops[i]);
        }
        if (state && run_.ops.size() == static_cast<size_t>(run_.program_ops)) digest(*state);
        return std::move(found_);
    }

  private:
    void digest(Digest& into) const;

    void broken(Rule rule) {
        if (seen_ & bit(rule)) return;
        seen_ |= bit(rule);
        found_.push_back({rule, now_});
    }

    // The tidy-up is correct by definition, with interrupts on.
    bool tidying() const { return now_ >= run_.program_ops; }

    template <class Do>
    void each_piece(uint8_t mapping, Do what) {
        const MappingFacts& m = run_.mappings[mapping];
        for (int i = 0; i < m.pieces; i++) what(run_.pieces[m.piece + i], pieces_[m.piece + i]);
    }

    void take(const Op& op);
    void map(const Op& op);
    void map_piece(const Op& op, const Piece& piece);
    void lines(const Piece& piece);
    void overlap(const Piece& piece, size_t index);
    void call(const Op& op);
    void sync(const Op& op);
    void end(const Op& op);
    void cpu_access(const Op& op);
    bool lines_shared() const;
    void sharing(uint64_t phys);
    void device_access(const Op& op);
    void unbind(const Op& op);
    uint64_t phys_of(uint8_t buffer, uint32_t offset) const;
    bool lives_in(uint64_t from, uint64_t to, const Piece& but) const;

    const Run& run_;
    const Platform& platform_;
    std::vector<PieceState> pieces_;
    std::vector<Breach> found_;
    Rules seen_ = 0;
    uint8_t now_ = 0;
    std::array<bool, buffers_with_stack> live_{};
    std::array<bool, cpus_max> irqs_off_{};
    std::array<bool, mappings_max> mapped_{}, ended_{}, asked_{}, abandoned_{};  // abandoned: failed, and the driver has asked
};

// The home a byte was born in: rules speak of buffers as their owners allocated them.
uint64_t Monitor::phys_of(uint8_t buffer, uint32_t offset) const {
    for (const Extent& e : run_.extents)
        if (e.buffer == buffer && e.first && offset >= e.offset && offset < e.offset + e.size) return e.phys + (offset - e.offset);
    return 0;
}

// Does somebody's data live there, other than the piece's own?
bool Monitor::lives_in(uint64_t from, uint64_t to, const Piece& but) const {
    for (const Extent& e : run_.extents) {
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

void Monitor::lines(const Piece& piece) {
    if (!device_writes(piece.direction)) return;
    const uint64_t line = static_cast<uint64_t>(platform_.line);
    const uint64_t from = phys_of(piece.buffer, piece.offset);
    const uint64_t to = phys_of(piece.buffer, piece.offset + piece.size - 1) + 1;
    const bool shared = lives_in(from / line * line, from, piece) || lives_in(to, (to + line - 1) / line * line, piece);
    if (shared) broken(Rule::whole_lines);
}

void Monitor::overlap(const Piece& piece, size_t index) {
    for (size_t i = 0; i < pieces_.size(); i++) {
        const Piece& other = run_.pieces[i];
        if (i == index || !pieces_[i].live || other.joint || other.buffer != piece.buffer) continue;
        bool meet = piece.offset < other.offset + other.size && other.offset < piece.offset + piece.size;
        if (meet && (device_writes(piece.direction) || device_writes(other.direction))) broken(Rule::no_conflicting_overlap);
    }
}

void Monitor::map_piece(const Op& op, const Piece& piece) {
    BufferKind kind = run_.kinds[piece.buffer];
    const Device& device = platform_.devices[piece.device];
    bool translated = platform_.iommu != Iommu::off && device.iommu;
    if (kind == BufferKind::stack) broken(Rule::no_stack);
    // A page of it by map_page is fine; the next page is somewhere else.
    bool several_pages = piece.offset / page_bytes != (piece.offset + piece.size - 1) / page_bytes;
    if (kind == BufferKind::vmalloc && (op.kind == OpKind::map_single || several_pages)) broken(Rule::no_vmalloc);
    if (kind == BufferKind::text || kind == BufferKind::rodata) broken(Rule::no_kernel_image);
    if (kind == BufferKind::coherent) broken(Rule::no_streaming_of_coherent);
    if (op.kind == OpKind::map_resource && kind != BufferKind::mmio) broken(Rule::resource_is_mmio);
    uint64_t bytes = uint64_t{piece.size};
    bool beyond = device.mask_bits < 64 && (piece.phys + bytes - 1) >> device.mask_bits != 0;
    if (beyond && !translated && (!platform_.bounce_pool || op.kind == OpKind::map_resource)) broken(Rule::mask);
    if (platform_.bounce_pool && (piece.via == Via::slot || platform_.bounce_always) && bytes > bounce_bytes_max) broken(Rule::segment_limits);
    if (op.kind == OpKind::map_sg) {
        if (bytes > device.segment_max) broken(Rule::segment_limits);
        if (piece.via == Via::direct && ((piece.dma ^ (piece.dma + bytes - 1)) & ~device.segment_boundary)) broken(Rule::segment_limits);
    }
    if (kind != BufferKind::mmio) lines(piece);
}

void Monitor::map(const Op& op) {
    const MappingFacts& m = run_.mappings[op.mapping];
    mapped_[op.mapping] = true;
    bool streaming = is_map(op.kind);
    if (op.reuse_list && mapped_[op.list] && !ended_[op.list]) broken(Rule::no_remap);
    if (op.kind == OpKind::map_sg && op.unchecked) broken(Rule::check_error);
    if (!streaming) live_[op.buffer] = true;
    abandoned_[op.mapping] = m.abandoned && (!op.unchecked || m.pieces == 0);
    asked_[op.mapping] = !op.unchecked || op.kind == OpKind::map_sg || !streaming;
    for (int i = 0; i < m.pieces; i++) {
        const Piece& piece = run_.pieces[m.piece + i];
        PieceState& state = pieces_[m.piece + i];
        if (abandoned_[op.mapping]) {
            // What a program maps is its own doing, whether or not it works out here.
            if (streaming) map_piece(op, piece);
            continue;
        }
        state.live = true;
        if (op.kind == OpKind::alloc_noncoherent || op.kind == OpKind::alloc_noncontiguous) state.cpu_owned.add(0, piece.size);
        if (!streaming) continue;
        map_piece(op, piece);
        overlap(piece, static_cast<size_t>(m.piece + i));
    }
}

void Monitor::sync(const Op& op) {
    const MappingFacts& m = run_.mappings[op.mapping];
    if (op.given_direction && op.direction != m.direction && m.map != OpKind::alloc_coherent) broken(Rule::same_direction);
    if (op.given_device && op.device != m.device) broken(Rule::same_device);
    if (is_sg_sync(op.kind) && op.given_count && op.count != m.pieces) broken(Rule::same_nents);
    bool whole_list = is_sg_sync(op.kind);
    uint32_t size = op.given_size ? op.size : m.size;
    if (ended_[op.mapping] || (!whole_list && op.offset + size > m.size)) broken(Rule::inside);
    if ((m.map == OpKind::map_sg) != whole_list && m.map != OpKind::alloc_noncontiguous) broken(Rule::same_function);
    bool for_cpu = is_sync_for_cpu(op.kind);
    int index = 0;
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        int i = index++;
        if (!state.live || piece.joint) return;
        if (whole_list ? i >= (op.given_count ? op.count : m.pieces) : i > 0) return;
        uint32_t from = whole_list ? 0 : op.offset, to = whole_list ? piece.size : std::min<uint32_t>(op.offset + size, piece.size);
        if (for_cpu) state.cpu_owned.add(from, to);
        else {
            state.cpu_owned.take_away(from, to);
            state.written.take_away(from, to);
        }
        (for_cpu ? state.synced_for_cpu : state.synced_for_device) = true;
        if (!for_cpu) state.synced_for_cpu = false;
    });
}

void Monitor::end(const Op& op) {
    const MappingFacts& m = run_.mappings[op.mapping];
    OpKind right = matching_end(m.map);
    if (ended_[op.mapping]) return broken(Rule::unmap_once);
    if (op.kind != right) broken(Rule::same_function);
    if (op.given_device && op.device != m.device) broken(Rule::same_device);
    if (op.given_size && op.size != m.size) broken(Rule::same_size);
    if (op.given_direction && op.direction != m.direction) broken(Rule::same_direction);
    if (op.kind == OpKind::unmap_sg && op.given_count && op.count != m.pieces) broken(Rule::same_nents);
    if (op.offset != 0) broken(Rule::unmap_all);
    // What is freed is not what was allocated.
    if (op.cpu_offset != 0) broken(Rule::unmap_all);
    if (op.kind == OpKind::free_coherent && irqs_off_[op.cpu] && !tidying()) broken(Rule::free_with_irqs_on);
    uint8_t attrs = op.given_attrs ? op.attrs : m.attrs;
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        if (!state.live) return;
        state.live = false;
        if (piece.joint || !is_map(m.map)) return;
        if (device_reads(piece.direction) && state.written.any(0, piece.size)) broken(Rule::sync_after_write);
        if (m.attrs & attr::skip_cpu_sync && !state.synced_for_device) broken(Rule::skip_sync_by_hand);
        if (attrs & attr::skip_cpu_sync && device_writes(piece.direction) && !state.synced_for_cpu) broken(Rule::skip_sync_by_hand);
    });
    ended_[op.mapping] = true;
    if (is_allocation_end(op.kind) && op.kind == right) live_[m.buffer] = false;
}

void Monitor::call(const Op& op) {
    if (!asked_[op.mapping]) {
        broken(Rule::check_error);
        asked_[op.mapping] = true;
    }
    if (abandoned_[op.mapping]) {
        ended_[op.mapping] = true;
        return;
    }
    is_sync(op.kind) ? sync(op) : end(op);
}

// Does anything live have part of a line, so that others can have the rest?
bool Monitor::lines_shared() const {
    const uint64_t mask = static_cast<uint64_t>(platform_.line) - 1;
    for (size_t i = 0; i < pieces_.size(); i++) {
        const Piece& p = run_.pieces[i];
        if (pieces_[i].live && !p.joint && ((p.phys | uint64_t{p.size}) & mask)) return true;
    }
    return false;
}

// A CPU that writes beside a buffer under DMA.
void Monitor::sharing(uint64_t phys) {
    const uint64_t line = static_cast<uint64_t>(platform_.line);
    for (size_t i = 0; i < pieces_.size(); i++) {
        const Piece& p = run_.pieces[i];
        if (!pieces_[i].live || p.joint) continue;
        uint64_t from = p.phys, to = p.phys + uint64_t{p.size};
        bool inside = phys >= from && phys < to;
        if (!inside && phys / line >= from / line && phys / line <= (to - 1) / line) broken(Rule::no_sharing);
    }
}

void Monitor::cpu_access(const Op& op) {
    bool writes = op.kind == OpKind::write || op.kind == OpKind::dirty;
    uint32_t size = op.kind == OpKind::cow ? page_bytes : op.size;
    for (size_t i = 0; i < pieces_.size(); i++) {
        PieceState& state = pieces_[i];
        const Piece& p = run_.pieces[i];
        if (!state.live || p.joint || p.buffer != op.buffer) continue;
        uint32_t from = std::max<uint32_t>(op.offset, p.offset), to = std::min<uint32_t>(op.offset + size, p.offset + p.size);
        if (from >= to) continue;
        if (op.kind == OpKind::cow) {
            if (device_writes(p.direction)) broken(Rule::page_owner);
            continue;
        }
        from -= p.offset;
        to -= p.offset;
        const bool owned = !state.cpu_owned.all(from, to);  // by the device, some of it
        // User space dirties a page under writeback as it likes; where the device may write, it must not.
        const bool entitled = op.kind == OpKind::dirty && !device_writes(p.direction);
        if (owned && !entitled && (writes || device_writes(p.direction))) broken(Rule::hands_off);
        if (owned && !writes && device_writes(p.direction)) broken(Rule::sync_before_read);
        if (writes && p.direction == Direction::from_device) broken(Rule::from_device_read_only);
        if (writes && !entitled && device_reads(p.direction)) state.written.add(from, to);
    }
    if (!writes || !lines_shared()) return;
    const uint32_t step = static_cast<uint32_t>(platform_.line);
    for (uint32_t at = 0; at < op.size; at += step) sharing(phys_of(op.buffer, op.offset + at));
    sharing(phys_of(op.buffer, op.offset + op.size - 1u));
}

void Monitor::device_access(const Op& op) {
    if (abandoned_[op.mapping]) return;
    if (ended_[op.mapping]) broken(Rule::unmap_all);
    uint32_t start = 0;
    each_piece(op.mapping, [&](const Piece& piece, PieceState& state) {
        uint32_t first = start;
        start += piece.size;
        if (!state.live || piece.joint) return;
        if (op.kind == OpKind::device_write && piece.direction == Direction::to_device) broken(Rule::to_device_read_only);
        const uint32_t from = std::max<uint32_t>(op.offset, first), to = std::min<uint32_t>(op.offset + op.size, start);
        if (from < to && state.cpu_owned.any(from - first, to - first)) broken(Rule::hands_off);
    });
}

void Monitor::unbind(const Op& op) {
    for (int i = 0; i < mappings_max; i++) {
        const MappingFacts& m = run_.mappings[i];
        if (mapped_[i] && m.device == op.device && !ended_[i] && !abandoned_[i]) broken(Rule::unmap_all);
    }
}

void Monitor::digest(Digest& into) const {
    into.add(seen_);
    for (size_t i = 0; i < live_.size(); i++) into.add(i << 1 | static_cast<uint64_t>(live_[i]));
    for (bool off : irqs_off_) into.add(static_cast<uint64_t>(off));
    for (size_t i = 0; i < mappings_max; i++)
        if (mapped_[i])
            into.add(i << 4 | static_cast<uint64_t>(ended_[i]) << 2 | static_cast<uint64_t>(asked_[i]) << 1 | static_cast<uint64_t>(abandoned_[i]));
    for (const PieceState& p : pieces_) {
        into.add(static_cast<uint64_t>(p.live) << 2 | static_cast<uint64_t>(p.synced_for_device) << 1 | static_cast<uint64_t>(p.synced_for_cpu));
        if (!p.live) continue;
        p.cpu_owned.digest(into);
        p.written.digest(into);
    }
}

void Monitor::take(const Op& op) {
    switch (op.kind) {
        case OpKind::alloc:
            live_[op.buffer] = true;
            // A new neighbour in a line that is under DMA.
            for (size_t i = 0; i < pieces_.size(); i++)
                if (pieces_[i].live && !run_.pieces[i].joint && run_.kinds[run_.pieces[i].buffer] != BufferKind::mmio) lines(run_.pieces[i]);
            return;
        case OpKind::free:
            live_[op.buffer] = false;
            for (size_t i = 0; i < pieces_.size(); i++)
                if (pieces_[i].live && run_.pieces[i].buffer == op.buffer) broken(Rule::page_owner);
            return;
        case OpKind::write:
        case OpKind::read:
        case OpKind::dirty:
        case OpKind::cow: return cpu_access(op);
        case OpKind::mapping_error:
            asked_[op.mapping] = true;
            abandoned_[op.mapping] |= run_.mappings[op.mapping].failed;
            return;
        case OpKind::device_read:
        case OpKind::device_write:
        case OpKind::device_post: return device_access(op);
        case OpKind::start: return;
        case OpKind::irq_off: irqs_off_[op.cpu] = true; return;
        case OpKind::irq_on: irqs_off_[op.cpu] = false; return;
        case OpKind::unbind: return unbind(op);
        case OpKind::forget: return broken(Rule::unmap_all);
        case OpKind::finish: return;
        default: break;
    }
    traits(op.kind).defines_mapping ? map(op) : call(op);
}

}  // namespace

const char* name_of(Rule rule) { return rule_texts[static_cast<size_t>(rule)].name; }
const char* text_of(Rule rule) { return rule_texts[static_cast<size_t>(rule)].text; }

std::vector<Breach> breaches(const Run& run, const Platform& platform) { return Monitor(run, platform).watch(nullptr); }

Rules broken_rules(const Run& run, const Platform& platform, Digest* state) {
    Rules rules = 0;
    for (const Breach& b : Monitor(run, platform).watch(state)) rules |= bit(b.rule);
    return rules;
}

}  // namespace dmafuzz
