// Maps and allocations: pieces, bounce slots, IOVAs, failures.
#include <algorithm>

#include "machine/machine.hpp"

namespace dmafuzz {

namespace {

constexpr uint32_t slot_key = 0;
constexpr uint32_t iova_key = 0;
// The alignment of the kmalloc table that the kernel's check for small buffers rounds by.
constexpr uint32_t bounce_table_alignment = 8;

uint64_t page_up(uint64_t address) { return (address + page_bytes - 1) & ~uint64_t{page_bytes - 1}; }
uint64_t bytes_of(const Piece& piece) { return static_cast<uint64_t>(piece.size); }

}  // namespace

// Any mask reaches the low memory.
bool Machine::out_of_reach(const Piece& piece) const {
    constexpr int least_mask_bits = 32;
    const uint64_t last = piece.phys + bytes_of(piece) - 1;
    if (last >> least_mask_bits == 0) return false;
    const int mask_bits = platform_.get<&Device::mask_bits>(piece.device);
    return mask_bits < 64 && last >> mask_bits != 0;
}

// Source: dma_direct_map_page, dma_kmalloc_needs_bounce and iommu_dma_map_page of the kernel.
bool Machine::needs_bounce(const Piece& piece) const {
    if (!translates(piece.device)) {
        if (platform_.get<&Platform::bounce_always>()) return true;
        if (out_of_reach(piece)) return true;
    }
    if (piece.direction == Direction::to_device || coherent(piece.device) || !platform_.get<&Platform::bounce_unaligned>()) return false;
    uint32_t bytes = static_cast<uint32_t>(bytes_of(piece));
    if (bytes >= 2u * static_cast<uint32_t>(platform_.get<&Platform::dma_alignment_min>())) return false;
    return kmalloc_bucket(bytes, bounce_table_alignment) % static_cast<uint32_t>(platform_.get<&Platform::dma_alignment>()) != 0;
}

// Takes IOVAs for pieces in a row, each rounded out to pages; false where there are none left.
bool Machine::translate(Piece* first, int count, uint8_t index) {
    auto target = [](const Piece& p) { return p.slot ? p.slot : p.phys; };
    auto room = [&](const Piece& p) { return page_up(target(p) % page_bytes + bytes_of(p)); };
    uint64_t total = 0;
    for (int i = 0; i < count; i++) total += room(first[i]);
    uint64_t iova = iovas_[first->device].take(iova_key, total);
    if (!iova) return false;
    first->iova = iova;
    first->iova_bytes = static_cast<uint32_t>(total);
    first->group_size = static_cast<uint8_t>(count);
    for (int i = 0; i < count; i++) {
        Piece& p = first[i];
        p.group = index;
        p.translated = true;
        p.dma = iova + target(p) % page_bytes;
        iova += room(p);
    }
    return true;
}

// Gives a piece its slot, if it needs one, and its DMA address without an IOMMU; false where that fails.
bool Machine::bounce(Piece& piece, bool may_bounce) {
    piece.dma = piece.phys;
    if (!may_bounce) return translates(piece.device) || !out_of_reach(piece);
    if (!needs_bounce(piece)) return true;
    if (!platform_.get<&Platform::bounce_pool>() || bytes_of(piece) > bounce_bytes_max) return false;
    slots_.end_at(std::min(pool_limit, pool_base + static_cast<uint64_t>(platform_.get<&Platform::bounce_slots>()) * slot_bytes));
    piece.slot = slots_.take(slot_key, slots_for(bytes_of(piece)));
    if (!piece.slot) return false;
    if (piece.via == Via::direct) piece.via = Via::slot;
    piece.slot_live = true;
    piece.dma = piece.slot;
    return true;
}

void Machine::release_slot(Piece& piece) {
    if (piece.slot_live) slots_.give_back(slot_key, piece.slot, slots_for(bytes_of(piece)));
    piece.slot_live = false;
}

// The whole translation that a piece belongs to.
void Machine::release_translation(uint8_t index) {
    if (!run_->pieces[index].translated) return;
    const Piece first = run_->pieces[run_->pieces[index].group];
    // A lazy IOMMU gives an IOVA back only when it has been flushed.
    if (platform_.get<&Platform::iommu>() == Iommu::strict) iovas_[first.device].give_back(iova_key, first.iova, first.iova_bytes);
    for (int i = 0; i < first.group_size; i++) run_->pieces[first.group + i].translated = false;
}

// Bounce copy in, maintenance, hand-over: in this order.
void Machine::hand_over(const Call& call, uint8_t index) {
    const Piece& piece = run_->pieces[index];
    step(StepKind::begin).piece = index;
    Step whole{StepKind::to_device, now_};
    whole.piece = index;
    whole.size = piece.size;
    auto copies_in = [&] { return piece.direction != Direction::from_device || platform_.get<&Platform::copy_in_from_device>(); };
    if (piece.via == Via::slot && copies_in()) {
        Step copy = whole;
        copy.kind = StepKind::copy_in;
        run_->steps.push_back(copy);
    }
    bool maintained = !(call.attrs & attr::skip_cpu_sync) && call.op.kind != OpKind::map_resource &&
                      piece.via != Via::nothing && !coherent(piece.device);
    if (maintained) {
        Step maintenance = whole;
        maintenance.kind = piece.via == Via::slot ? StepKind::maintain_slot : StepKind::maintain;
        maintenance.phys = piece.phys;
        maintenance.maintenance = platform_.get<&Platform::for_device>()[static_cast<size_t>(piece.direction)];
        run_->steps.push_back(maintenance);
    }
    run_->steps.push_back(whole);
}

// The mapping that a call makes, with the pieces that come next.
MappingFacts& Machine::new_mapping(const Op& op, uint8_t pieces) {
    MappingFacts& m = run_->mappings[op.mapping];
    m = {};
    m.defined = m.live = true;
    m.map = op.kind;
    m.device = op.device;
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
    // The driver goes on with the error cookie: void as a whole.
    for (int i = 0; i < m.pieces; i++) {
        Piece& piece = run_->pieces[m.piece + i];
        piece.via = Via::nothing;
        piece.dma = dma_error_cookie;
        hand_over(call, static_cast<uint8_t>(m.piece + i));
    }
}

void Machine::map_one(Call& call) {
    const Op& op = call.op;
    const Memory::Home& home = memory_.home(op.buffer);
    Piece piece{};
    piece.mapping = op.mapping;
    piece.device = op.device;
    piece.buffer = op.buffer;
    piece.direction = op.direction;
    piece.offset = op.offset;
    piece.size = piece.reach = op.size;
    piece.phys = memory_.phys_of(op.buffer, op.offset);
    auto vmalloc_address = [&] {
        return home.kind == BufferKind::vmalloc || (home.kind == BufferKind::stack && platform_.get<&Platform::stacks_in_vmalloc>());
    };
    const bool arithmetic_wrong = op.kind == OpKind::map_single && vmalloc_address();
    call.early_failure = arithmetic_wrong && platform_.get<&Platform::map_single_vmalloc_fails>();
    if (arithmetic_wrong && !call.early_failure) {
        piece.phys = elsewhere_base + static_cast<uint64_t>(op.buffer) * buffer_bytes_max +
                     static_cast<uint64_t>(op.offset);
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
    touch(piece.phys, call.bytes);
    bool done = !call.early_failure && bounce(piece, op.kind != OpKind::map_resource);
    if (done && translates(op.device) && !translate(&piece, 1, m.piece)) {
        release_slot(piece);
        done = false;
    }
    run_->pieces.push_back(piece);
    if (!done) return fail(call);
    m.dma = piece.dma;
    hand_over(call, m.piece);
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
    bool done = true;
    list.bounced = false;
    for (int i = 0; i < list.count; i++) {
        const Entry& e = list.entries[i];
        list.state[i].area = area_of(e.buffer, op.cpu, false);
        list.segment_of[i] = static_cast<uint8_t>(i);
        Piece piece{};
        piece.mapping = op.mapping;
        piece.device = op.device;
        piece.buffer = e.buffer;
        piece.direction = op.direction;
        piece.offset = e.offset;
        piece.size = piece.reach = e.size;
        piece.phys = list.state[i].phys;
        touch(piece.phys, bytes_of(piece));
        m.size += e.size;
        if (done && !bounce(piece, true)) {
            done = false;
            give_up_list(list, m, i);
        } else if (done) {
            list.state[i].dma = piece.dma;
            list.state[i].dma_size = list.state[i].size;
            list.bounced |= piece.via == Via::slot;
        }
        run_->pieces.push_back(piece);
    }
    if (done && translates(op.device) && !translate_list(list, m)) {
        done = false;
        give_up_list(list, m, list.count);
    }
    if (!done) return fail(call);
    if (translates(op.device)) write_segments(list, m.piece, op.device);
    limit_segments(list, m.piece);
    m.dma = list.state[0].dma;
    for (int i = 0; i < m.pieces; i++) hand_over(call, static_cast<uint8_t>(m.piece + i));
}

// What was mapped before the entry that failed is unmapped again; the cookie stands from there on, behind an IOMMU everywhere.
void Machine::give_up_list(List& list, const MappingFacts& m, int failed) {
    for (int i = translates(m.device) ? 0 : failed; i < list.count; i++) {
        list.state[i].dma = dma_error_cookie;
        list.state[i].dma_size = 0;
    }
    for (int i = 0; i < failed; i++) release_slot(run_->pieces[m.piece + i]);
}

// One translation for the list; where an entry is bounced, one for each. Source: iommu_dma_map_sg and its swiotlb variant.
bool Machine::translate_list(List& list, const MappingFacts& m) {
    int at_once = list.bounced ? 1 : list.count;
    for (int i = 0; i < list.count; i += at_once)
        if (!translate(&run_->pieces[m.piece + i], at_once, static_cast<uint8_t>(m.piece + i))) return false;
    for (int i = 0; i < list.count; i++) list.state[i].dma = run_->pieces[m.piece + i].dma;
    return true;
}

// Merges entries into DMA segments. Source: __finalise_sg in the kernel's dma-iommu.
void Machine::write_segments(List& list, uint8_t first_piece, uint8_t device) {
    if (list.bounced) return;
    int segments = 0;
    uint64_t end = 0;
    const int count = std::min<int>(list.count, entries_max);
    for (int i = 0; i < count; i++) {
        const Piece& piece = run_->pieces[first_piece + i];
        uint32_t bytes = list.state[i].size;
        bool joins = segments > 0 && piece.dma == end && piece.dma % page_bytes == 0 &&
                     (piece.dma & platform_.get<&Device::segment_boundary>(device)) != 0 &&
                     list.state[segments - 1].dma_size + bytes <= platform_.get<&Device::segment_max>(device);
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
        const bool crosses = platform_.crosses(device, segment.dma, segment.dma + segment.dma_size - 1) && platform_.get<&Device::wraps>(device);
        if (!too_long && !crosses) continue;
        uint64_t limit = segment.dma + segment.dma_size;
        if (too_long) limit = std::min(limit, segment.dma + segment_max);
        if (crosses) limit = std::min(limit, (segment.dma | platform_.get<&Device::segment_boundary>(device)) + 1);
        uint64_t bytes = limit > piece.dma ? limit - piece.dma : 0;
        piece.reach = static_cast<uint32_t>(std::min<uint64_t>(piece.size, bytes));
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
    piece.size = piece.reach = op.size;
    piece.phys = memory_.phys_of(op.buffer, 0);
    piece.dma = piece.phys;
    if (translates(op.device)) translate(&piece, 1, static_cast<uint8_t>(run_->pieces.size()));
    MappingFacts& m = new_mapping(op, 1);
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
    touch(piece.phys, call.bytes);
    run_->pieces.push_back(piece);
    step(StepKind::begin).piece = m.piece;
    bool sleeps = run_->uncached[op.buffer] && irqs_off_[op.cpu] && platform_.get<&Platform::coherent_remaps>() && !platform_.get<&Platform::atomic_pool>();
    if (sleeps) step(StepKind::sleep).piece = m.piece;
}

}  // namespace dmafuzz
