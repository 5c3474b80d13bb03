// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/mutate.hpp"

#include <algorithm>

#include "check/check.hpp"
#include "fuzzing/patterns.hpp"

namespace dmafuzz {

namespace {

struct Weighted {
    OpKind kind;
    uint8_t weight;
};

// How often each operation is tried: the ones that move data and ownership most.
constexpr Weighted kinds[] = {
    {OpKind::alloc, 14},
    {OpKind::free, 3},
    {OpKind::write, 8},
    {OpKind::read, 4},
    {OpKind::dirty, 3},
    {OpKind::cow, 4},
    {OpKind::map_single, 16},
    {OpKind::map_page, 10},
    {OpKind::map_resource, 1},
    {OpKind::map_sg, 6},
    {OpKind::alloc_coherent, 2},
    {OpKind::alloc_noncoherent, 2},
    {OpKind::alloc_noncontiguous, 1},
    {OpKind::mapping_error, 2},
    {OpKind::sync_single_for_cpu, 8},
    {OpKind::sync_single_for_device, 8},
    {OpKind::sync_range_for_cpu, 1},
    {OpKind::sync_range_for_device, 1},
    {OpKind::sync_sg_for_cpu, 3},
    {OpKind::sync_sg_for_device, 3},
    {OpKind::unmap_single, 10},
    {OpKind::unmap_page, 6},
    {OpKind::unmap_resource, 1},
    {OpKind::unmap_sg, 4},
    {OpKind::free_coherent, 1},
    {OpKind::free_noncoherent, 1},
    {OpKind::free_noncontiguous, 1},
    {OpKind::device_read, 1},
    {OpKind::device_write, 3},
    {OpKind::irq_off, 1},
    {OpKind::device_post, 1},
    {OpKind::start, 3},
    {OpKind::irq_on, 1},
    {OpKind::unbind, 1},
    {OpKind::forget, 1},
    {OpKind::finish, 3},
};

constexpr int total_weight() {
    int sum = 0;
    for (const Weighted& k : kinds) sum += k.weight;
    return sum;
}

OpKind random_kind(Rng& rng, bool even) {
    if (even && rng.one_in(3)) return static_cast<OpKind>(rng.below(static_cast<uint32_t>(OpKind::count_)));
    int at = static_cast<int>(rng.below(total_weight()));
    for (const Weighted& k : kinds) {
        at -= k.weight;
        if (at < 0) return k.kind;
    }
    return OpKind::alloc;
}

// Bytes: fractions of a line, lines of all sizes, pages; now and then what drivers have besides.
uint32_t random_size(Rng& rng) {
    static constexpr uint32_t small[] = {16, 32, 32, 48, 64, 64, 64, 96, 128, 128, 192, 256};
    static constexpr uint32_t large[] = {1024, 2048, 4096, 4096, 4160, 8192};
    static constexpr uint32_t odd[] = {1, 8, 20, 42, 60, 100, 110, 1500, 1534, 6726};
    if (rng.one_in(400)) return 16 * (16400 + rng.below(200));  // beyond what a bounce pool maps
    if (rng.one_in(10)) return rng.pick(odd);
    return rng.one_in(8) ? rng.pick(large) : rng.pick(small);
}

uint32_t random_offset(Rng& rng) {
    static constexpr uint32_t offsets[] = {0, 0, 0, 0, 0, 0, 16, 32, 64, 128};
    static constexpr uint32_t odd[] = {2, 8, 14, 42, 70, page_bytes - 16};  // the last: a stack's next page
    if (rng.one_in(24)) return page_bytes;
    return rng.one_in(16) ? rng.pick(odd) : rng.pick(offsets);
}

BufferKind random_buffer_kind(Rng& rng) {
    static constexpr BufferKind buffer_kinds[] = {
        BufferKind::pages,      BufferKind::pages,     BufferKind::kmalloc,   BufferKind::kmalloc, BufferKind::kmalloc,
        BufferKind::page_cache, BufferKind::anonymous, BufferKind::anonymous, BufferKind::stack,   BufferKind::vmalloc,
        BufferKind::text,       BufferKind::rodata,    BufferKind::mmio,
    };
    return rng.pick(buffer_kinds);
}

Direction random_direction(Rng& rng) { return static_cast<Direction>(rng.below(3)); }

uint8_t random_attrs(Rng& rng) {
    if (!rng.one_in(8)) return 0;
    return rng.one_in(4) ? static_cast<uint8_t>(rng.below(attr::all + 1u)) : attr::skip_cpu_sync;
}

// Mostly the newest things, since those are what is going on.
uint8_t recent(Rng& rng, int defined, int max) {
    if (defined <= 0) return 0;
    int back = static_cast<int>(rng.one_in(4) ? rng.below(static_cast<uint32_t>(max)) : rng.below(3));
    return static_cast<uint8_t>(std::max(0, defined - 1 - back));
}

int count_defined_mappings(const Scope& scope) {
    int free = scope.free_mapping();
    return free < 0 ? mappings_max : free;
}

int count_defined_buffers(const Scope& scope) {
    int free = scope.free_buffer();
    return free < 0 ? buffers_max : free;
}

uint32_t random_cpu_offset(Rng& rng) { return rng.one_in(2) ? page_bytes : random_size(rng); }

// One argument of a call given wrong, or as the map has it.
void give_one(Rng& rng, Op& op, int64_t mapped) {
    op.given_device = op.given_size = op.given_direction = op.given_attrs = op.given_count = false;
    op.cpu_offset = 0;
    switch (rng.below(5)) {
        case 0:
            op.given_device = true;
            op.device = static_cast<uint8_t>(rng.below(2));
            break;
        case 1:
            op.given_size = true;
            op.size = as_size(rng.one_in(2) ? 2 * mapped : rng.one_in(2) ? mapped / 2 : op.size);
            break;
        case 2:
            op.given_direction = true;
            op.direction = random_direction(rng);
            break;
        case 3: op.given_attrs = true; break;
        default: op.given_count = true; op.cpu_offset = random_cpu_offset(rng);
    }
}

void randomise_list(Rng& rng, Op& op, const Scope& scope) {
    op.list = recent(rng, count_defined_mappings(scope), mappings_max);
    op.reuse_list = rng.one_in(10);
    op.entry_count = static_cast<uint8_t>(1 + rng.below(3));
    for (int i = 0; i < op.entry_count; i++)
        op.entries[i] = {recent(rng, count_defined_buffers(scope), buffers_max), random_offset(rng), random_size(rng)};
}

void randomise_arguments(Rng& rng, Op& op, const Scope& scope) {
    op.device = static_cast<uint8_t>(rng.one_in(4) ? 1 + rng.below(rng.one_in(8) ? 3 : 1) : 0);
    op.buffer = traits(op.kind).defines_buffer ? static_cast<uint8_t>(std::max(0, scope.free_buffer()))
                                               : recent(rng, count_defined_buffers(scope), buffers_max);
    op.mapping = traits(op.kind).defines_mapping ? static_cast<uint8_t>(std::max(0, scope.free_mapping()))
                                                 : recent(rng, count_defined_mappings(scope), mappings_max);
    op.direction = random_direction(rng);
    op.attrs = random_attrs(rng);
    op.buffer_kind = random_buffer_kind(rng);
    op.offset = random_offset(rng);
    op.size = random_size(rng);
    op.high = rng.one_in(16);
    op.unchecked = rng.one_in(12);
    op.count = static_cast<uint8_t>(1 + rng.below(3));
    if (op.kind == OpKind::map_sg) randomise_list(rng, op, scope);
    bool call = traits(op.kind).is_call && traits(op.kind).names_mapping;
    op.given_device = call && rng.one_in(24);
    op.given_size = call && rng.one_in(10);
    op.given_direction = call && rng.one_in(12);
    op.given_attrs = call && rng.one_in(16);
    op.given_count = call && rng.one_in(12);
    op.cpu_offset = call && rng.one_in(12) ? random_cpu_offset(rng) : 0;
    op.private_copy = rng.one_in(4);
    const bool range = op.kind == OpKind::sync_range_for_cpu || op.kind == OpKind::sync_range_for_device;
    if (call && !rng.one_in(range ? 3 : 10)) op.offset = 0;
}

// Drivers have several buffers of one sort: neighbours in a slab, entries of a list.
void like_another(Rng& rng, Op& op, const Scope& scope) {
    const int defined = count_defined_buffers(scope);
    if (op.kind != OpKind::alloc || defined == 0 || !rng.one_in(4)) return;
    const Scope::Buffer& other = scope.buffer(recent(rng, defined, buffers_max));
    if (!other.live || other.kind >= BufferKind::coherent) return;
    op.buffer_kind = other.kind;
    op.size = static_cast<uint32_t>(other.size);
}

// A whole-buffer range is what drivers map most.
void fit_to_buffer(Rng& rng, Op& op, const Scope& scope) {
    if (!traits(op.kind).names_buffer || rng.one_in(3)) return;
    const Scope::Buffer& b = scope.buffer(op.buffer);
    if (!b.live) return;
    op.offset = 0;
    op.size = static_cast<uint32_t>(b.size);
}

// An unmap mostly belongs to its map.
void fit_to_mapping(Rng& rng, Op& op, const Scope& scope) {
    const Scope::Mapping& m = scope.mapping(op.mapping);
    if (!m.visible || rng.one_in(6)) return;
    if (is_end(op.kind)) op.kind = matching_end(m.map);
    bool sg = m.map == OpKind::map_sg;
    if (is_sync(op.kind) && sg != is_sg_sync(op.kind)) {
        bool cpu = is_sync_for_cpu(op.kind);
        op.kind = sg ? (cpu ? OpKind::sync_sg_for_cpu : OpKind::sync_sg_for_device)
                     : (cpu ? OpKind::sync_single_for_cpu : OpKind::sync_single_for_device);
    }
}

}  // namespace

Op random_op(Rng& rng, const Scope& scope, bool even) {
    OpKind kind = random_kind(rng, even);
    if (count_defined_buffers(scope) == 0) kind = rng.one_in(8) ? OpKind::alloc_coherent : OpKind::alloc;
    return random_op_of(rng, scope, kind, even);
}

Op random_op_of(Rng& rng, const Scope& scope, OpKind kind, bool even) {
    Op op;
    op.kind = kind;
    op.cpu = static_cast<uint8_t>(rng.one_in(5) ? 1 + rng.below(rng.one_in(8) ? 3 : 1) : 0);
    op.split = traits(op.kind).is_call && rng.one_in(20);
    randomise_arguments(rng, op, scope);
    if (even && traits(op.kind).is_call && traits(op.kind).names_mapping && rng.one_in(3))
        give_one(rng, op, scope.mapping(op.mapping).size);
    like_another(rng, op, scope);
    fit_to_buffer(rng, op, scope);
    fit_to_mapping(rng, op, scope);
    return op;
}

Program random_program(Rng& rng, int ops, bool even) {
    constexpr uint32_t one_in_patterns = 32;  // lines
    Program program;
    Scope scope;
    // Bounded: a program that has used up its names takes no more of some kinds.
    for (int tries = 0; tries < 8 * ops && static_cast<int>(program.ops.size()) < ops; tries++) {
        if (!even && rng.one_in(one_in_patterns)) append_pattern(rng, program, scope, ops);
        if (static_cast<int>(program.ops.size()) >= ops) break;
        Op op = random_op(rng, scope, even);
        if (!scope.repair(op)) continue;
        scope.apply(op);
        program.ops.push_back(op);
    }
    DMAFUZZ_CHECK(!check(program));
    return program;
}

namespace {

// The names as they are after some lines; the program may have been changed already, so each line is repaired.
struct Reader {
    Scope scope;
    size_t taken = 0;

    void read(const Program& program, size_t from, size_t to) {
        for (size_t i = from; i < to && taken < ops_max; i++) {
            Op op = program.ops[i];
            if (!scope.repair(op)) continue;
            scope.apply(op);
            taken++;
        }
    }
};

// An operation for a place of a program: a line of another program's, or a new one.
Op op_for(Rng& rng, const Scope& scope, const Program& other, bool even) {
    if (!even || other.ops.empty() || rng.one_in(2)) return random_op(rng, scope, even);
    Op op = other.ops[rng.below(static_cast<uint32_t>(other.ops.size()))];
    fit_to_buffer(rng, op, scope);
    return op;
}

// A new name in the middle must not take one that is defined later. `reader` has read up to `at`.
void insert_at(Program& p, size_t at, Op op, Reader& reader) {
    if (traits(op.kind).defines_buffer || traits(op.kind).defines_mapping) {
        reader.read(p, at, p.ops.size());
        const Scope& end = reader.scope;
        if (traits(op.kind).defines_buffer && end.free_buffer() >= 0)
            op.buffer = static_cast<uint8_t>(end.free_buffer());
        if (traits(op.kind).defines_mapping && end.free_mapping() >= 0)
            op.mapping = static_cast<uint8_t>(end.free_mapping());
    }
    p.ops.insert(p.ops.begin() + static_cast<std::ptrdiff_t>(at), op);
}

void insert(Rng& rng, Program& p, const Program& other, bool even) {
    const size_t at = rng.below(static_cast<uint32_t>(p.ops.size() + 1));
    Reader reader;
    reader.read(p, 0, at);
    const Op op = op_for(rng, reader.scope, other, even);
    insert_at(p, at, op, reader);
}

// A line again, somewhere; now and then many times: what counts to seven has to be passed.
void repeat(Rng& rng, Program& p, size_t line) {
    const Op op = p.ops[line];
    const size_t at = rng.below(static_cast<uint32_t>(p.ops.size() + 1));
    for (uint32_t times = rng.one_in(4) ? 2 + rng.below(8) : 1; times > 0; times--) {
        Reader reader;
        reader.read(p, 0, at);
        insert_at(p, at, op, reader);
    }
}

// Moves an offset or a size by a byte, a part of a line, a line, a page (to a neighbour), or to somewhere else.
void shift(Rng& rng, uint32_t& value) {
    static constexpr int64_t steps[] = {-4096, -128, -64, -64, -16, -16, -16, -1, 1, 16, 16, 16, 64, 64, 128, 4096};
    if (rng.one_in(6)) value = random_size(rng);
    else value = static_cast<uint32_t>(std::max<int64_t>(0, value + rng.pick(steps)));
}

void change_arguments(Rng& rng, Op& op) {
    switch (rng.below(12)) {
        case 0:
            op.direction = random_direction(rng);
            op.given_direction = traits(op.kind).names_mapping && !rng.one_in(3);
            break;
        case 1: op.buffer = static_cast<uint8_t>(rng.below(4)); break;
        case 2: op.mapping = static_cast<uint8_t>(rng.below(6)); break;
        case 3: shift(rng, op.offset); break;
        case 4:
            shift(rng, op.size);
            op.given_size = traits(op.kind).names_mapping && !rng.one_in(3);
            break;
        case 5:
            op.attrs = random_attrs(rng);
            op.given_attrs = rng.one_in(2);
            break;
        case 6: op.cpu = static_cast<uint8_t>(rng.below(rng.one_in(4) ? 4 : 2)); break;
        case 7:
            op.device = static_cast<uint8_t>(rng.below(2));
            op.given_device = traits(op.kind).names_mapping && rng.one_in(2);
            break;
        case 8: op.split = !op.split; break;
        case 9: op.unchecked = !op.unchecked; break;
        case 10:
            if (op.kind == OpKind::alloc) op.buffer_kind = random_buffer_kind(rng);
            else op.reuse_list = !op.reuse_list;
            break;
        default:
            if (op.entry_count) {
                Entry& e = op.entries[rng.below(op.entry_count)];
                shift(rng, rng.one_in(2) ? e.offset : e.size);
            } else {
                op.count = static_cast<uint8_t>(1 + rng.below(3));
                op.given_count = !op.given_count;
                op.cpu_offset = op.cpu_offset ? 0 : random_cpu_offset(rng);
                op.private_copy = !op.private_copy;
            }
    }
}

// A mapping of something larger or smaller, by another device, or exempt from what others are not.
void change_map(Rng& rng, Op& op) {
    switch (rng.below(4)) {
        case 0: op.attrs ^= attr::skip_cpu_sync; break;
        case 1: op.device ^= 1; break;
        case 2:
            op.size = as_size(rng.one_in(2) ? 2 * int64_t{op.size} : op.size / 2);
            for (Entry& e : op.entries) e.size = as_size(e.size / 2);
            break;
        default:
            op.offset = 0;
            op.size = buffer_bytes_max;  // no more than there is: all of it
            for (Entry& e : op.entries) e = {e.buffer, 0, op.size};
    }
}

// Another call of the same sort: single or page, for_cpu or for_device, write or dirty.
void change_kind(Rng& rng, Op& op) {
    int first = static_cast<int>(op.kind), last = first;
    auto between = [&](OpKind a, OpKind b) {
        if (op.kind < a || op.kind > b) return;
        first = static_cast<int>(a);
        last = static_cast<int>(b);
    };
    between(OpKind::write, OpKind::cow);
    between(OpKind::map_single, OpKind::map_resource);
    between(OpKind::sync_single_for_cpu, OpKind::sync_sg_for_device);
    between(OpKind::unmap_single, OpKind::free_noncontiguous);
    between(OpKind::device_read, OpKind::device_post);
    op.kind = static_cast<OpKind>(first + static_cast<int>(rng.below(static_cast<uint32_t>(last - first + 1))));
}

void splice(Rng& rng, Program& p, const Program& other) {
    size_t keep = rng.below(static_cast<uint32_t>(p.ops.size() + 1));
    size_t from = rng.below(static_cast<uint32_t>(other.ops.size()));
    p.ops.resize(keep);
    p.ops.insert(p.ops.end(), other.ops.begin() + static_cast<std::ptrdiff_t>(from), other.ops.end());
}

// What the program's map of the name maps.
int64_t mapped_size(const Program& p, uint8_t mapping) {
    const Op* map = map_of(p, mapping);
    return map ? mapped_by(*map) : 0;
}

void change_once(Rng& rng, Program& p, const Program& other, bool even) {
    size_t n = p.ops.size();
    if (n == 0) return insert(rng, p, other, even);
    size_t at = rng.below(static_cast<uint32_t>(n));
    switch (rng.below(12)) {
        case 0:
        case 1:
        case 2: insert(rng, p, other, even); break;
        case 3: p.ops.erase(p.ops.begin() + static_cast<std::ptrdiff_t>(at)); break;
        case 4: repeat(rng, p, at); break;
        case 5: std::swap(p.ops[at], p.ops[rng.below(static_cast<uint32_t>(n))]); break;
        case 6:
            if (!other.ops.empty() && rng.one_in(3)) splice(rng, p, other);
            else std::swap(p.ops[at], p.ops[std::min(at + 1, n - 1)]);
            break;
        case 7: change_kind(rng, p.ops[at]); break;
        default: {
            Op& op = p.ops[at];
            if (!even || rng.one_in(2)) change_arguments(rng, op);
            else if (traits(op.kind).is_call && traits(op.kind).names_mapping)
                give_one(rng, op, mapped_size(p, op.mapping));
            else if (traits(op.kind).defines_mapping) change_map(rng, op);
            else change_arguments(rng, op);
        }
    }
}

}  // namespace

Program mutate(Rng& rng, const Program& parent, const Program& other, int ops_limit, bool even) {
    Program child = parent;
    uint32_t changes = 1 + (rng.one_in(2) ? rng.below(4) : 0);
    for (uint32_t i = 0; i < changes; i++) change_once(rng, child, other, even);
    child = repair(child);
    if (static_cast<int>(child.ops.size()) > ops_limit) child.ops.resize(static_cast<size_t>(ops_limit));
    if (child.ops.empty()) child = random_program(rng, 4);
    DMAFUZZ_CHECK(!check(child));
    return child;
}

}  // namespace dmafuzz
