// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/neighbours.hpp"

#include <algorithm>
#include <bit>

#include "fuzzing/hash.hpp"
#include "fuzzing/layouts.hpp"
#include "program/scope.hpp"

namespace dmafuzz {

namespace {

struct OffsetAndSize {
    int64_t offset, size;
};

void set_range(Op& op, OffsetAndSize range) {
    op.offset = static_cast<uint32_t>(range.offset);
    op.size = as_size(range.size);
}

class Neighbourhood {
public:
    Neighbourhood(const Program& program, int ops_limit)
        : program_(program), ops_limit_(static_cast<size_t>(ops_limit)) {}

    std::vector<Program> all() {
        if (program_.ops.size() > ops_limit_) return {};
        for (size_t at = 0; at < program_.ops.size(); at++) change(at);
        if (program_.ops.size() == ops_limit_) return std::move(found_);
        for (const Op& op : program_.ops) {
            scope_.apply(op);
            insert_before_++;
            insert_calls();
            insert_on_buffers();
            insert_rest();
        }
        return std::move(found_);
    }

private:
    // Made valid, if that changes no other line than the one in question.
    void keep(const Program& child, size_t line) {
        Program valid = repair(child);
        if (valid.ops.size() != child.ops.size() || valid == program_) return;
        for (size_t i = 0; i < valid.ops.size(); i++)
            if (i != line && !(valid.ops[i] == child.ops[i])) return;
        // Several steps may lead to one program, where a buffer is a byte or a call does not take an argument.
        if (seen_.insert(hash_program(valid)).second) found_.push_back(std::move(valid));
    }

    void replace(size_t at, const Op& op) {
        Program child = program_;
        child.ops[at] = op;
        keep(child, at);
    }

    void insert(const Op& op) {
        Program child = program_;
        child.ops.insert(child.ops.begin() + static_cast<std::ptrdiff_t>(insert_before_), op);
        keep(child, insert_before_);
    }

    // A new name in the middle must not take one that is defined later.
    uint8_t new_mapping() const {
        uint8_t name = 0;
        for (const Op& op : program_.ops)
            if (traits(op.kind).defines_mapping) name = std::max<uint8_t>(name, op.mapping + 1u);
        return name;
    }

    // `call` with each of its arguments given wrong, one at a time.
    template <class Each>
    void wrong_arguments(const Op& call, Each each) const {
        const Op* map = map_of(program_, call.mapping);
        if (!map) return;
        const int64_t size = mapped_by(*map);
        auto with = [&](auto change) {
            Op op = call;
            change(op);
            each(op);
        };
        with([&](Op& op) {
            op.given_device = true;
            op.device = map->device ^ 1;
        });
        with([&](Op& op) {
            op.given_size = true;
            op.size = as_size(2 * size);
        });
        with([&](Op& op) {
            op.given_size = true;
            op.size = as_size(size / 2);
        });
        with([&](Op& op) { op.offset = as_size(size / 2); });
        with([&](Op& op) {
            op.given_attrs = true;
            op.attrs = map->attrs ^ attr::skip_cpu_sync;
        });
        with([&](Op& op) {
            op.given_count = true;
            op.count = map->entry_count > 1 ? 1 : 2;
        });
        with([&](Op& op) { op.cpu_offset = page_bytes; });
        for (Direction d : {Direction::bidirectional, Direction::to_device, Direction::from_device})
            if (d != map->direction)
                with([&](Op& op) {
                    op.given_direction = true;
                    op.direction = d;
                });
    }

    // ---- One argument otherwise

    void change(size_t at) {
        const Op& op = program_.ops[at];
        if (op.kind == OpKind::alloc) return change_alloc(at);
        if (traits(op.kind).defines_mapping) return change_map(at);
        if (traits(op.kind).is_call && traits(op.kind).names_mapping) return change_call(at);
        if (traits(op.kind).has_range) change_range(at);
    }

    void change_alloc(size_t at) {
        Op op = program_.ops[at];
        for (int kind = 0; kind <= static_cast<int>(BufferKind::mmio); kind++) {
            op.buffer_kind = static_cast<BufferKind>(kind);
            replace(at, op);
        }
        op = program_.ops[at];
        op.high = !op.high;
        replace(at, op);
        for (int64_t size : {2 * int64_t{program_.ops[at].size}, int64_t{program_.ops[at].size} / 2}) {
            op = program_.ops[at];
            op.size = as_size(size);
            replace(at, op);
        }
    }

    void change_range(size_t at) {
        const int64_t size = program_.ops[at].size;
        for (OffsetAndSize range : {OffsetAndSize{0, buffer_bytes_max}, OffsetAndSize{0, size / 2},
                                    OffsetAndSize{size / 2, size / 2}, OffsetAndSize{0, 2 * size}}) {
            Op op = program_.ops[at];
            set_range(op, range);
            replace(at, op);
        }
    }

    void change_map(size_t at) {
        Op op = program_.ops[at];
        for (Direction d : {Direction::bidirectional, Direction::to_device, Direction::from_device}) {
            op.direction = d;
            replace(at, op);
        }
        op = program_.ops[at];
        op.attrs ^= attr::skip_cpu_sync;
        replace(at, op);
        op = program_.ops[at];
        op.device ^= 1;
        replace(at, op);
        op = program_.ops[at];
        op.unchecked = !op.unchecked;
        replace(at, op);
        if (traits(op.kind).has_range) change_range(at);
    }

    void change_call(size_t at) {
        Op op = program_.ops[at];
        wrong_arguments(op, [&](const Op& wrong) { replace(at, wrong); });
        op.given_device = op.given_size = op.given_direction = op.given_attrs = op.given_count = false;
        op.cpu_offset = 0;
        replace(at, op);
        if (!is_sync(op.kind)) return;
        // Each for_device comes after its for_cpu.
        const int other = static_cast<int>(op.kind) + (is_sync_for_cpu(op.kind) ? 1 : -1);
        op = program_.ops[at];
        op.kind = static_cast<OpKind>(other);
        replace(at, op);
    }

    // ---- One line more

    void insert_calls() {
        for (uint8_t i = 0; i < mappings_max; i++) {
            const Scope::Mapping& m = scope_.mapping(i);
            if (!m.visible) continue;
            const bool sg = m.map == OpKind::map_sg;
            for (OpKind kind : {matching_end(m.map), sg ? OpKind::sync_sg_for_cpu : OpKind::sync_single_for_cpu,
                                sg ? OpKind::sync_sg_for_device : OpKind::sync_single_for_device}) {
                Op op;
                op.kind = kind;
                op.mapping = i;
                insert(op);
                wrong_arguments(op, [&](const Op& wrong) { insert(wrong); });
            }
            Op write;
            write.kind = OpKind::device_write;
            write.mapping = i;
            write.size = as_size(m.size);
            insert(write);
            Op start;
            start.kind = OpKind::start;
            start.mapping = i;
            insert(start);
        }
    }

    void insert_on_buffers() {
        for (uint8_t i = 0; i < buffers_max; i++) {
            const Scope::Buffer& b = scope_.buffer(i);
            if (!b.live) continue;
            const int64_t half = b.size / 2;
            for (OffsetAndSize range :
                 {OffsetAndSize{0, b.size}, OffsetAndSize{0, half}, OffsetAndSize{half, b.size - half}}) {
                insert_maps(i, range);
                insert_touches(i, range);
            }
            for (OpKind kind : {OpKind::cow, OpKind::free}) {
                Op op;
                op.kind = kind;
                op.buffer = i;
                insert(op);
            }
        }
    }

    void insert_maps(uint8_t buffer, OffsetAndSize range) {
        Op op;
        op.buffer = buffer;
        op.mapping = new_mapping();
        set_range(op, range);
        op.entry_count = 1;
        op.entries[0] = {buffer, op.offset, op.size};
        for (OpKind kind : {OpKind::map_single, OpKind::map_sg})
            for (Direction d : {Direction::bidirectional, Direction::to_device, Direction::from_device})
                for (uint8_t attrs : {uint8_t{0}, attr::skip_cpu_sync})
                    for (uint8_t device : {uint8_t{0}, uint8_t{1}}) {
                        op.kind = kind;
                        op.direction = d;
                        op.attrs = attrs;
                        op.device = device;
                        insert(op);
                    }
    }

    void insert_touches(uint8_t buffer, OffsetAndSize range) {
        for (OpKind kind : {OpKind::write, OpKind::read, OpKind::dirty}) {
            Op op;
            op.kind = kind;
            op.buffer = buffer;
            set_range(op, range);
            insert(op);
        }
    }

    void insert_rest() {
        for (uint8_t device : {uint8_t{0}, uint8_t{1}}) {
            Op op;
            op.kind = OpKind::unbind;
            op.device = device;
            insert(op);
        }
    }

    const Program& program_;
    const size_t ops_limit_;
    Scope scope_;  // after `insert_before_` lines
    size_t insert_before_ = 0;
    std::vector<Program> found_;
    std::unordered_set<uint64_t> seen_;
};

}  // namespace

std::vector<Program> neighbours(const Program& program, int ops_limit) {
    return Neighbourhood(program, ops_limit).all();
}

void Neighbourhoods::add_parent(Program program, uint32_t rank) {
    constexpr size_t parents_max = 50'000;  // beyond that, the least simple ones are forgotten
    parents_.insert({std::move(program), rank, count_++});
    if (parents_.size() > parents_max) parents_.erase(std::prev(parents_.end()));
}

void Neighbourhoods::add(const Program& minimal, const PlatformSignature& target) {
    constexpr uint8_t shapes_max = 8;  // of one signature
    const uint64_t signature = signature_key(target);
    uint8_t& shapes = shapes_of_[signature];
    if (shapes == shapes_max) return;
    if (!shapes_.insert(mix(signature, hash_program(without_layout(minimal)))).second) return;
    shapes++;
    const uint32_t rank =
        static_cast<uint32_t>(std::popcount(target.rules)) + static_cast<uint32_t>(minimal.ops.size());
    add_parent(minimal, rank);
    // What overlaps, shares a line or ends within one takes more room than a minimal program leaves.
    for (Program& laid_out : other_layouts(minimal)) add_parent(std::move(laid_out), rank);
}

bool Neighbourhoods::next(Program& program, int ops_limit) {
    while (neighbours_.empty() && !parents_.empty()) {
        const Program parent = std::move(parents_.extract(parents_.begin()).value().program);
        neighbours_ = neighbours(parent, ops_limit);
    }
    if (neighbours_.empty()) return false;
    program = std::move(neighbours_.back());
    neighbours_.pop_back();
    return true;
}

}  // namespace dmafuzz
