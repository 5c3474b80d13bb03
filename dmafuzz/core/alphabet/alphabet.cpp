// SPDX-License-Identifier: GPL-2.0-only
#include "alphabet/alphabet.hpp"

#include <array>
#include <bit>

namespace dmafuzz {

namespace {

constexpr uint32_t line_pair = 128;      // bytes: two lines of most platforms, one of the others
constexpr uint32_t kmalloc_size = 32;    // two objects share a line where nothing keeps them apart
constexpr uint32_t long_size = 0x20000;  // twice the longest segment of most devices

struct OffsetAndSize {
    uint32_t offset, size;
};
constexpr OffsetAndSize tail{96, 32};         // shares a line with [0, 96)
constexpr OffsetAndSize before{64, 32};       // begins in the line that it shares with the tail
constexpr OffsetAndSize far_in{0x18000, 32};  // of a long mapping: further on than a segment is long
constexpr std::array<OffsetAndSize, 2> pages_of_long{{{0, 4096}, {4096, 4096}}};  // an IOMMU makes one of them
constexpr std::array<OffsetAndSize, 4> parts{{{0, 64}, {64, 64}, {0, 96}, tail}};
constexpr std::array<Direction, 3> directions{Direction::to_device, Direction::from_device, Direction::bidirectional};

Op call(OpKind kind) {
    Op op;
    op.kind = kind;
    return op;
}

}  // namespace

const std::vector<std::string>& alphabet_text() {
    static const std::vector<std::string> text{
        "Buffers: pages, page_cache, anonymous, stack, vmalloc, text and high pages of 128 bytes, kmalloc of 32 bytes, "
        "long pages of "
        "131072 bytes, a coherent allocation of 128 bytes by each device. Ranges: the whole; of pages also the first "
        "half [0, 64), the second half [64, 128), "
        "which is its neighbour, [0, 96), and [96, 128), which shares a cacheline with its last bytes.",
        "Maps: map_single of each range in each direction by each device. Of whole pages also map_page and an "
        "unchecked map "
        "(FROM_DEVICE), map_resource (BIDIRECTIONAL), maps with SKIP_CPU_SYNC (each direction) and with the attribute "
        "of 7.0 that flags "
        "a mapping as clean (FROM_DEVICE; also of [64, 96) and [96, 128), which begin in one cacheline), and map_sg of "
        "both halves (each "
        "direction); of whole vmalloc pages also map_page "
        "(FROM_DEVICE); of coherent memory one map (BIDIRECTIONAL). Of long pages: map_single of the whole and map_sg "
        "of the first two pages, which an IOMMU merges (each direction), and map_single of the second page "
        "(FROM_DEVICE).",
        "On a live mapping: sync for the CPU and for the device, of the whole, of the first half, and in each other "
        "direction, and a "
        "sync for the CPU of twice the size; unmap as mapped, with half the size, in each other direction, by the "
        "other of "
        "unmap_single and unmap_page, by unmap_sg, by the other device, at half way into the mapping, and with "
        "SKIP_CPU_SYNC turned "
        "round; a device read and a device write of the whole; start; forget; mapping_error, any number of times, "
        "where it was left out. On one of long pages: both syncs, of the whole and of 32 bytes at 98304, where it "
        "reaches so "
        "far, unmap as mapped, device accesses, forget.",
        "On a live list: its syncs, and unmap_sg, with all entries and with one; unmap_sg in each other direction and "
        "by the other "
        "device; unmap_single; map_sg of the list again, by the same device in the same direction; device accesses, "
        "start, forget. On a live resource: unmap_resource and "
        "unmap_page, device accesses, forget. On live coherent memory: free as allocated, with half the size, and with "
        "another CPU "
        "address; unmap_single; device accesses, forget.",
        "On an ended mapping, that is after any unmap or free of it, right or wrong, or the first half of one: the "
        "right end once more, "
        "syncs of the whole, device accesses.",
        "CPUs: write and read of a whole buffer (of memory that the CPU may write or read), write of [96, 128) of "
        "pages, dirty and "
        "cow of page cache and anonymous memory, free of what was allocated by alloc.",
        "With two CPUs: each line by either of them, each call whole or in two halves.",
        "CPUs, buffers and mappings have the names of their order.",
    };
    return text;
}

// Writes down the successors of one context.
class Successors {
public:
    Successors(const Context& context, const Alphabet& alphabet) : context_(context), alphabet_(alphabet) {}

    std::vector<Op> all() {
        for (uint8_t b = 0; b < context_.allocations_.size(); b++)
            if (context_.scope_.buffer(b).live) on_buffer(b);
        for (uint8_t m = 0; m < context_.mappings_.size(); m++)
            if (context_.scope_.mapping(m).visible) context_.mappings_[m].ended ? on_ended(m) : on_mapping(m);
        allocations();
        for (uint8_t cpu = 0; cpu < alphabet_.cpus; cpu++) {
            Op finish = call(OpKind::finish);
            finish.cpu = cpu;
            if (context_.scope_.pending(cpu)) valid(finish);
        }
        return std::move(successors_);
    }

private:
    void valid(Op op) {
        clear_unused(op);
        if (!context_.scope_.check(op)) successors_.push_back(op);
    }

    // By each CPU, whole and in halves.
    void add(const Op& op) {
        if (is_device_access(op.kind)) return valid(op);
        for (uint8_t cpu = 0; cpu < alphabet_.cpus && (cpu == 0 || context_.cpus_ >> (cpu - 1) & 1); cpu++) {
            Op by = op;
            by.cpu = cpu;
            valid(by);
            by.split = alphabet_.cpus > 1 && traits(op.kind).is_call;
            if (by.split) valid(by);
        }
    }

    template <class Do>
    void each_device(Do what) const {
        const int known = std::bit_width(context_.devices_);
        for (uint8_t d = 0; d < alphabet_.devices && d <= known; d++) what(d);
    }

    void allocate(BufferKind kind, uint32_t size, bool high = false) {
        Op op = call(OpKind::alloc);
        op.buffer_kind = kind;
        op.buffer = static_cast<uint8_t>(context_.allocations_.size());
        op.size = size;
        op.high = high;
        add(op);
    }

    void allocations() {
        allocate(BufferKind::pages, line_pair);
        allocate(BufferKind::kmalloc, kmalloc_size);
        for (BufferKind kind :
             {BufferKind::page_cache, BufferKind::anonymous, BufferKind::stack, BufferKind::vmalloc, BufferKind::text})
            allocate(kind, line_pair);
        allocate(BufferKind::pages, line_pair, true);
        allocate(BufferKind::pages, long_size);
        each_device([&](uint8_t device) {
            Op op = call(OpKind::alloc_coherent);
            op.buffer = static_cast<uint8_t>(context_.allocations_.size());
            op.mapping = next_mapping();
            op.device = device;
            op.size = line_pair;
            add(op);
        });
    }

    uint8_t next_mapping() const { return static_cast<uint8_t>(context_.mappings_.size()); }

    Op map(OpKind kind, uint8_t buffer, OffsetAndSize range, Direction direction, uint8_t device) const {
        Op op = call(kind);
        op.buffer = buffer;
        op.mapping = next_mapping();
        op.device = device;
        op.direction = direction;
        op.offset = range.offset;
        op.size = range.size;
        return op;
    }

    void map_list(uint8_t buffer, OffsetAndSize first, OffsetAndSize second, Direction direction, uint8_t device) {
        Op op = map(OpKind::map_sg, buffer, {0, 0}, direction, device);
        op.entry_count = 2;
        op.entries[0] = {buffer, first.offset, first.size};
        op.entries[1] = {buffer, second.offset, second.size};
        add(op);
    }

    // More ways to map whole pages.
    void map_specially(uint8_t buffer, OffsetAndSize whole, uint8_t device) {
        add(map(OpKind::map_page, buffer, whole, Direction::from_device, device));
        Op unchecked = map(OpKind::map_single, buffer, whole, Direction::from_device, device);
        unchecked.unchecked = true;
        add(unchecked);
        for (Direction direction : directions) {
            Op skipping = map(OpKind::map_single, buffer, whole, direction, device);
            skipping.attrs = attr::skip_cpu_sync;
            add(skipping);
        }
        for (OffsetAndSize range : {whole, before, tail}) {
            Op ignoring = map(OpKind::map_single, buffer, range, Direction::from_device, device);
            ignoring.attrs = attr::ignore_cachelines;
            add(ignoring);
        }
        add(map(OpKind::map_resource, buffer, whole, Direction::bidirectional, device));
        for (Direction direction : directions) map_list(buffer, parts[0], parts[1], direction, device);
    }

    void map_long(uint8_t buffer, uint8_t device) {
        for (Direction direction : directions) {
            add(map(OpKind::map_single, buffer, {0, long_size}, direction, device));
            map_list(buffer, pages_of_long[0], pages_of_long[1], direction, device);
        }
        add(map(OpKind::map_single, buffer, pages_of_long[1], Direction::from_device, device));
    }

    void maps(uint8_t buffer, BufferKind kind, bool high, uint32_t size) {
        if (size == long_size) return each_device([&](uint8_t device) { map_long(buffer, device); });
        const bool pages = kind == BufferKind::pages && !high;
        each_device([&](uint8_t device) {
            const OffsetAndSize whole{0, size};
            if (kind == BufferKind::coherent)
                return add(map(OpKind::map_single, buffer, whole, Direction::bidirectional, device));
            for (Direction direction : directions) {
                add(map(OpKind::map_single, buffer, whole, direction, device));
                if (!pages) continue;
                for (OffsetAndSize part : parts) add(map(OpKind::map_single, buffer, part, direction, device));
            }
            if (kind == BufferKind::vmalloc) add(map(OpKind::map_page, buffer, whole, Direction::from_device, device));
            if (pages) map_specially(buffer, whole, device);
        });
    }

    void access(OpKind kind, uint8_t buffer, OffsetAndSize range) {
        Op op = call(kind);
        op.buffer = buffer;
        op.offset = range.offset;
        op.size = range.size;
        add(op);
    }

    void on_buffer(uint8_t buffer) {
        const Op& made = context_.allocations_[buffer];
        const BufferKind kind = made.buffer_kind;
        maps(buffer, kind, made.high, made.size);
        const OffsetAndSize whole{0, made.size};
        access(OpKind::read, buffer, whole);
        access(OpKind::write, buffer, whole);
        if (kind == BufferKind::pages && !made.high && made.size != long_size) access(OpKind::write, buffer, tail);
        if (kind == BufferKind::page_cache || kind == BufferKind::anonymous) {
            access(OpKind::dirty, buffer, whole);
            access(OpKind::cow, buffer, {0, 0});
        }
        if (kind != BufferKind::coherent) access(OpKind::free, buffer, {0, 0});
    }

    Op on(OpKind kind, uint8_t mapping) const {
        Op op = call(kind);
        op.mapping = mapping;
        return op;
    }

    void given_directions(const Op& as_mapped, Direction mapped) {
        for (Direction direction : directions) {
            if (direction == mapped) continue;
            Op op = as_mapped;
            op.given_direction = true;
            op.direction = direction;
            add(op);
        }
    }

    void given_size(Op op, uint32_t size) {
        op.given_size = true;
        op.size = size;
        add(op);
    }

    void given_count(Op op, uint8_t count) {
        op.given_count = true;
        op.count = count;
        add(op);
    }

    void given_device(const Op& as_mapped, uint8_t mapped) {
        each_device([&](uint8_t device) {
            if (device == mapped) return;
            Op op = as_mapped;
            op.given_device = true;
            op.device = device;
            add(op);
        });
    }

    void device_accesses(uint8_t mapping) {
        for (OpKind kind : {OpKind::device_read, OpKind::device_write}) {
            Op op = on(kind, mapping);
            op.size = static_cast<uint32_t>(context_.scope_.mapping(mapping).size);
            add(op);
        }
    }

    void syncs(uint8_t m, const Op& made) {
        for (OpKind kind : {OpKind::sync_single_for_cpu, OpKind::sync_single_for_device}) {
            add(on(kind, m));
            given_size(on(kind, m), made.size / 2);
            given_directions(on(kind, m), made.direction);
        }
        given_size(on(OpKind::sync_single_for_cpu, m), 2 * made.size);
    }

    void unmaps(uint8_t m, const Op& made, OpKind right, OpKind other) {
        add(on(right, m));
        given_size(on(right, m), made.size / 2);
        given_directions(on(right, m), made.direction);
        add(on(other, m));
        add(on(OpKind::unmap_sg, m));
        given_device(on(right, m), made.device);
        Op half_way = on(right, m);
        half_way.offset = made.size / 2;
        add(half_way);
        Op turned = on(right, m);
        turned.given_attrs = true;
        turned.attrs = made.attrs ^ attr::skip_cpu_sync;
        add(turned);
    }

    void on_list(uint8_t m, const Op& made) {
        for (OpKind kind : {OpKind::sync_sg_for_cpu, OpKind::sync_sg_for_device}) {
            add(on(kind, m));
            given_count(on(kind, m), 1);
        }
        add(on(OpKind::unmap_sg, m));
        given_count(on(OpKind::unmap_sg, m), 1);
        given_directions(on(OpKind::unmap_sg, m), made.direction);
        given_device(on(OpKind::unmap_sg, m), made.device);
        add(on(OpKind::unmap_single, m));
        add(on(OpKind::start, m));
        Op again = call(OpKind::map_sg);
        again.mapping = next_mapping();
        again.device = made.device;
        again.direction = made.direction;
        again.reuse_list = true;
        again.list = m;
        add(again);
    }

    // Of a long buffer: what is right, and far in.
    void on_long(uint8_t m, const Op& made) {
        for (OpKind kind : {OpKind::sync_single_for_cpu, OpKind::sync_single_for_device}) {
            add(on(kind, m));
            if (made.size != long_size) continue;
            Op far = on(kind, m);
            far.offset = far_in.offset;
            given_size(far, far_in.size);
        }
        add(on(OpKind::unmap_single, m));
    }

    bool is_long(const Op& made) const {
        return traits(made.kind).names_buffer && context_.allocations_[made.buffer].size == long_size;
    }

    void on_coherent(uint8_t m, const Op& made) {
        add(on(OpKind::free_coherent, m));
        given_size(on(OpKind::free_coherent, m), made.size / 2);
        Op elsewhere = on(OpKind::free_coherent, m);
        elsewhere.cpu_offset = 16;
        add(elsewhere);
        add(on(OpKind::unmap_single, m));
    }

    void on_mapping(uint8_t m) {
        const Op& made = context_.mappings_[m].made;
        switch (made.kind) {
            case OpKind::map_sg: on_list(m, made); break;
            case OpKind::alloc_coherent: on_coherent(m, made); break;
            case OpKind::map_resource:
                add(on(OpKind::unmap_resource, m));
                add(on(OpKind::unmap_page, m));
                break;
            default:
                if (is_long(made)) {
                    on_long(m, made);
                    break;
                }
                add(on(OpKind::start, m));
                syncs(m, made);
                if (made.kind == OpKind::map_page) unmaps(m, made, OpKind::unmap_page, OpKind::unmap_single);
                else unmaps(m, made, OpKind::unmap_single, OpKind::unmap_page);
        }
        device_accesses(m);
        add(on(OpKind::forget, m));
        if (made.unchecked) add(on(OpKind::mapping_error, m));
    }

    void on_ended(uint8_t m) {
        const OpKind made = context_.mappings_[m].made.kind;
        add(on(matching_end(made), m));
        const bool list = made == OpKind::map_sg;
        add(on(list ? OpKind::sync_sg_for_cpu : OpKind::sync_single_for_cpu, m));
        add(on(list ? OpKind::sync_sg_for_device : OpKind::sync_single_for_device, m));
        device_accesses(m);
    }

    const Context& context_;
    const Alphabet& alphabet_;
    std::vector<Op> successors_;
};

std::vector<Op> Context::successors(const Alphabet& alphabet) const { return Successors(*this, alphabet).all(); }

Context Context::of(const std::vector<Op>& ops) {
    Context context;
    for (const Op& op : ops) context = context.after(op);
    return context;
}

Context Context::after(const Op& op) const {
    Context next = *this;
    const OpTraits& t = traits(op.kind);
    next.scope_.apply(op);
    if (!is_device_access(op.kind)) next.cpus_ |= 1u << op.cpu;
    if (names_device(op)) next.devices_ |= 1u << op.device;
    next.splits_ += op.split;
    next.buffers_ += t.defines_buffer;
    if (t.defines_buffer) next.allocations_.push_back(op);
    if (t.defines_mapping) next.mappings_.push_back({op});
    if (is_end(op.kind)) next.mappings_[op.mapping].ended = true;
    return next;
}

void add_op(Digest& into, const Op& op) {
    for (uint64_t word : record_words(op)) into.add(word);
}

Digest Context::digest() const {
    Digest d;
    scope_.digest(d);
    for (const Op& op : allocations_) add_op(d, op);
    for (const Mapping& m : mappings_) {
        add_op(d, m.made);
        d.add(m.ended);
    }
    d.add(static_cast<uint64_t>(cpus_) << 32 | devices_ << 16 | splits_ << 8 | buffers_);
    return d;
}

}  // namespace dmafuzz
