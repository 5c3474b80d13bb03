// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/repair_steps.hpp"

#include <algorithm>
#include <unordered_set>

#include "fuzzing/hash.hpp"
#include "program/scope.hpp"

namespace dmafuzz {

namespace {

constexpr uint32_t widest_line = 128;

uint32_t up_to_line(uint32_t n) { return (n + widest_line - 1) / widest_line * widest_line; }

bool is_plain_alloc(const Op& op) { return op.kind == OpKind::alloc; }

class Steps {
public:
    explicit Steps(const Program& program) : program_(program) {}

    std::vector<RepairStep> all() {
        for (const Op& op : program_.ops)
            if (op.split) return {};
        check_errors();
        for (size_t at = 0; at < program_.ops.size(); at++) change(at);
        Scope scope;
        for (size_t at = 0; at < program_.ops.size(); at++) {
            scope.apply(program_.ops[at]);
            insert_at(at + 1, scope);
        }
        for (size_t at = 0; at < program_.ops.size(); at++) move_apart(at);
        // Of two calls that change places the one that ends nothing is said to move.
        for (size_t at = 0; at < program_.ops.size(); at++)
            if (is_end(program_.ops[at].kind)) move(at);
        return std::move(found_);
    }

private:
    void keep(RepairKind kind, size_t line, size_t place, Program child) {
        for (Op& op : child.ops) clear_unused(op);
        if (child == program_ || check(child) || !seen_.insert(hash_program(child)).second) return;
        found_.push_back({kind, line, place, std::move(child)});
    }

    void replace(RepairKind kind, size_t at, const Op& op) {
        Program child = program_;
        child.ops[at] = op;
        keep(kind, at, at, std::move(child));
    }

    void insert(RepairKind kind, size_t before, const Op& op) {
        Program child = program_;
        child.ops.insert(child.ops.begin() + static_cast<std::ptrdiff_t>(before), op);
        keep(kind, before, before, std::move(child));
    }

    void erase(RepairKind kind, size_t at) {
        Program child = program_;
        child.ops.erase(child.ops.begin() + static_cast<std::ptrdiff_t>(at));
        keep(kind, at, at, std::move(child));
    }

    // Every map is checked at once, and no later.
    void check_errors() {
        Program child;
        size_t first = program_.ops.size();
        for (size_t at = 0; at < program_.ops.size(); at++) {
            Op op = program_.ops[at];
            if (op.unchecked) first = std::min(first, at);
            op.unchecked = false;
            if (op.kind != OpKind::mapping_error) child.ops.push_back(op);
        }
        if (first < program_.ops.size()) keep(RepairKind::check_error, first, first, std::move(child));
    }

    void change(size_t at) {
        const Op& op = program_.ops[at];
        if (is_plain_alloc(op)) change_alloc(at);
        if (traits(op.kind).defines_mapping) change_map(at);
        if (is_sync(op.kind) || is_end(op.kind)) change_call(at);
        if (is_sync(op.kind) || is_cpu_access(op.kind) || op.kind == OpKind::free) move(at);
    }

    void change_alloc(size_t at) {
        Op op = program_.ops[at];
        op.size = as_size(up_to_line(op.size));
        replace(RepairKind::enlarge, at, op);
        op = program_.ops[at];
        op.high = false;
        if (op.buffer_kind == BufferKind::stack || op.buffer_kind == BufferKind::vmalloc ||
            op.buffer_kind == BufferKind::text || op.buffer_kind == BufferKind::rodata)
            op.buffer_kind = BufferKind::kmalloc;
        replace(RepairKind::memory, at, op);
        op.size = as_size(up_to_line(op.size));
        replace(RepairKind::memory, at, op);
    }

    void change_map(size_t at) {
        Op op = program_.ops[at];
        if (op.direction == Direction::bidirectional && op.kind != OpKind::alloc_coherent) {
            op.direction = Direction::to_device;
            if (device_reads_it(op) && !device_writes_it(op)) replace(RepairKind::narrow, at, op);
            op.direction = Direction::from_device;
            if (device_writes_it(op) && !device_reads_it(op)) replace(RepairKind::narrow, at, op);
        }
        op.direction = Direction::bidirectional;
        replace(RepairKind::widen, at, op);
        if (program_.ops[at].attrs & attr::skip_cpu_sync) without_skip(at);
        if (op.kind == OpKind::map_resource) as_page(at);
    }

    // Both the map and what ends it.
    void without_skip(size_t at) {
        Program child = program_;
        child.ops[at].attrs &= static_cast<uint8_t>(~attr::skip_cpu_sync);
        for (Op& op : child.ops)
            if (is_end(op.kind) && op.mapping == child.ops[at].mapping) op.given_attrs = false, op.attrs = 0;
        keep(RepairKind::no_skip, at, at, std::move(child));
    }

    void as_page(size_t at) {
        Program child = program_;
        child.ops[at].kind = OpKind::map_page;
        for (Op& op : child.ops)
            if (op.kind == OpKind::unmap_resource && op.mapping == child.ops[at].mapping) op.kind = OpKind::unmap_page;
        keep(RepairKind::function, at, at, std::move(child));
    }

    void change_call(size_t at) {
        const Op& call = program_.ops[at];
        const Op* map = map_of(program_, call.mapping);
        if (!map) return;
        Op op = call;
        op.given_device = op.given_size = op.given_direction = op.given_attrs = op.given_count = false;
        op.cpu_offset = op.offset = 0;
        replace(RepairKind::arguments, at, op);
        op = call;
        const bool sg = map->kind == OpKind::map_sg;
        if (is_end(op.kind)) op.kind = matching_end(map->kind);
        else if (is_sg_sync(op.kind) != sg) op.kind = sync(is_sync_for_cpu(op.kind), sg);
        replace(RepairKind::function, at, op);
        if (is_sync(call.kind) || ends_before(at, call.mapping)) erase(RepairKind::remove, at);
    }

    static OpKind sync(bool for_cpu, bool sg) {
        if (sg) return for_cpu ? OpKind::sync_sg_for_cpu : OpKind::sync_sg_for_device;
        return for_cpu ? OpKind::sync_single_for_cpu : OpKind::sync_single_for_device;
    }

    bool ends_before(size_t before, uint8_t mapping) const {
        return std::any_of(program_.ops.begin(), program_.ops.begin() + static_cast<std::ptrdiff_t>(before),
                           [&](const Op& op) { return is_end(op.kind) && op.mapping == mapping; });
    }

    bool has_end(uint8_t mapping) const { return ends_before(program_.ops.size(), mapping); }

    static bool maps(const Op& map, uint8_t buffer) {
        for (size_t i = 0; i < map.entry_count; i++)
            if (map.entries[i].buffer == buffer) return true;
        return map.kind != OpKind::map_sg && map.buffer == buffer;
    }

    // What the program itself says of a direction: what the CPU writes the device is to read, and the other way round.
    bool device_writes_it(const Op& map) const {
        return std::any_of(program_.ops.begin(), program_.ops.end(), [&](const Op& op) {
            const bool writes = op.kind == OpKind::device_write || op.kind == OpKind::device_post;
            return (writes && op.mapping == map.mapping) || (op.kind == OpKind::read && maps(map, op.buffer));
        });
    }
    bool device_reads_it(const Op& map) const {
        return std::any_of(program_.ops.begin(), program_.ops.end(), [&](const Op& op) {
            const bool writes = op.kind == OpKind::write || op.kind == OpKind::dirty;
            return (op.kind == OpKind::device_read && op.mapping == map.mapping) || (writes && maps(map, op.buffer));
        });
    }

    // From that line on the device is at it, or is told to be.
    bool used_by_device(size_t from, uint8_t mapping) const { return device_lines(from, program_.ops.size(), mapping); }
    bool device_lines(size_t from, size_t to, uint8_t mapping) const {
        for (size_t at = from; at < to; at++) {
            const Op& op = program_.ops[at];
            const bool device = is_device_access(op.kind) || op.kind == OpKind::start;
            if (device && op.mapping == mapping) return true;
        }
        return false;
    }

    // An end goes behind what the device does.
    bool may_move(size_t from, size_t to) const {
        const Op& op = program_.ops[from];
        return !is_end(op.kind) || !device_lines(to, from, op.mapping);
    }

    void move(size_t from) {
        for (size_t to = 0; to < program_.ops.size(); to++) {
            if (to == from || !may_move(from, to)) continue;
            Program child = program_;
            const Op op = child.ops[from];
            child.ops.erase(child.ops.begin() + static_cast<std::ptrdiff_t>(from));
            child.ops.insert(child.ops.begin() + static_cast<std::ptrdiff_t>(to), op);
            keep(RepairKind::move, from, to, std::move(child));
        }
    }

    // `scope` is as it is before that line.
    void insert_at(size_t before, const Scope& scope) {
        for (uint8_t i = 0; i < mappings_max; i++) {
            const Scope::Mapping& mapping = scope.mapping(i);
            if (!mapping.visible || ends_before(before, i) || mapping.map == OpKind::alloc_coherent) continue;
            const bool sg = mapping.map == OpKind::map_sg;
            Op op;
            op.mapping = i;
            op.cpu = before < program_.ops.size() ? program_.ops[before].cpu : program_.ops[before - 1].cpu;
            for (bool for_cpu : {true, false}) {
                op.kind = sync(for_cpu, sg);
                insert(RepairKind::insert, before, op);
            }
            op.kind = matching_end(mapping.map);
            if (!has_end(i) && !used_by_device(before, i)) insert(RepairKind::insert, before, op);
            if (before < program_.ops.size()) sync_around(before, op.mapping, sg);
        }
    }

    void sync_around(size_t at, uint8_t mapping, bool sg) {
        const Op& access = program_.ops[at];
        const Op* map = map_of(program_, mapping);
        if (!is_cpu_access(access.kind) || !map || !maps(*map, access.buffer)) return;
        Op op;
        op.mapping = mapping;
        op.cpu = access.cpu;
        Program child = program_;
        op.kind = sync(false, sg);
        child.ops.insert(child.ops.begin() + static_cast<std::ptrdiff_t>(at) + 1, op);
        op.kind = sync(true, sg);
        child.ops.insert(child.ops.begin() + static_cast<std::ptrdiff_t>(at), op);
        keep(RepairKind::around, at, at, std::move(child));
    }

    // The mapping gets whole cachelines: it begins and ends on a line, and what follows it goes on behind that.
    void move_apart(size_t at) {
        const Op& map = program_.ops[at];
        if (!traits(map.kind).has_range || !traits(map.kind).defines_mapping) return;
        Program child = program_;
        const uint32_t ahead = up_to_line(map.offset) - map.offset;
        if (ahead && !shift(child, map.buffer, map.offset, ahead)) return;
        const uint32_t end = child.ops[at].offset + map.size, behind = up_to_line(map.size) - map.size;
        if (behind && !shift(child, map.buffer, end, behind)) return;
        child.ops[at].size += behind;
        make_room(child, map.buffer);
        keep(RepairKind::apart, at, at, std::move(child));
    }

    // The buffer is as large as what lies in it needs it to be.
    static void make_room(Program& program, uint8_t buffer) {
        uint32_t end = 0;
        for (const Op& op : program.ops) {
            if (traits(op.kind).has_range && traits(op.kind).names_buffer && op.buffer == buffer)
                end = std::max(end, op.offset + op.size);
            for (size_t i = 0; i < op.entry_count; i++)
                if (op.entries[i].buffer == buffer) end = std::max(end, op.entries[i].offset + op.entries[i].size);
        }
        for (Op& op : program.ops)
            if (is_plain_alloc(op) && op.buffer == buffer) op.size = as_size(std::max(op.size, end));
    }

    // All of a buffer from `cut` on is `by` bytes further on; not if an access or a mapping reaches across.
    static bool shift(Program& program, uint8_t buffer, uint32_t cut, uint32_t by) {
        auto fits = [&](uint32_t& offset, uint32_t size) {
            if (offset < cut) return offset + size <= cut;
            offset += by;
            return true;
        };
        for (Op& op : program.ops) {
            const bool in_buffer = traits(op.kind).has_range && traits(op.kind).names_buffer && op.buffer == buffer;
            if (in_buffer && !fits(op.offset, op.size)) return false;
            for (size_t i = 0; i < op.entry_count; i++)
                if (op.entries[i].buffer == buffer && !fits(op.entries[i].offset, op.entries[i].size)) return false;
        }
        return true;
    }

    const Program& program_;
    std::vector<RepairStep> found_;
    std::unordered_set<uint64_t> seen_;
};

constexpr std::array<const char*, static_cast<size_t>(RepairKind::count_)> names{
    "check-error", "arguments", "function", "narrow", "insert", "around", "no-skip",
    "move",        "apart",     "enlarge",  "memory", "widen",  "remove",
};

}  // namespace

const char* name_of(RepairKind kind) { return names[static_cast<size_t>(kind)]; }

std::vector<RepairStep> repair_steps(const Program& program) { return Steps(program).all(); }

}  // namespace dmafuzz
