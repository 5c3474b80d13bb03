// SPDX-License-Identifier: GPL-2.0-only
// Which programs are valid, and that whatever makes programs makes valid ones.
#include "program/scope.hpp"

#include "fuzzing/mutate.hpp"
#include "fuzzing/layouts.hpp"
#include "fuzzing/neighbours.hpp"
#include "tests/test.hpp"

namespace dmafuzz {

namespace {

Op op(OpKind kind) {
    Op o;
    o.kind = kind;
    return o;
}

Op alloc(uint8_t buffer, uint32_t size) {
    Op o = op(OpKind::alloc);
    o.buffer = buffer;
    o.size = size;
    return o;
}

Op map(uint8_t mapping, uint8_t buffer, uint32_t offset, uint32_t size) {
    Op o = op(OpKind::map_single);
    o.mapping = mapping;
    o.buffer = buffer;
    o.offset = offset;
    o.size = size;
    return o;
}

Op unmap(uint8_t mapping) {
    Op o = op(OpKind::unmap_single);
    o.mapping = mapping;
    return o;
}

// The line where it goes wrong, -1: nowhere.
int wrong_at(std::vector<Op> ops) {
    const auto problem = check(Program{std::move(ops)});
    return problem ? problem->op : -1;
}

}  // namespace

TEST(scope_takes_what_is_defined_and_nothing_else) {
    EXPECT(wrong_at({alloc(0, 64), map(0, 0, 0, 64), unmap(0)}) == -1);
    EXPECT(wrong_at({map(0, 0, 0, 64)}) == 0);
    EXPECT(wrong_at({alloc(0, 64), unmap(0)}) == 1);
    EXPECT(wrong_at({alloc(0, 64), alloc(0, 64)}) == 1);
    EXPECT(wrong_at({alloc(0, 64), map(0, 0, 0, 64), map(0, 0, 0, 64)}) == 2);
    EXPECT(wrong_at({alloc(0, 64), map(0, 0, 32, 33)}) == 1);
    EXPECT(wrong_at({alloc(0, 64), map(0, 0, 64, 1)}) == 1);
    EXPECT(wrong_at({alloc(0, 64), map(0, 0, 0, 0)}) == 1);
    EXPECT(wrong_at({op(OpKind::finish)}) == 0);
    Op first_half = map(0, 0, 0, 64);
    first_half.split = true;
    EXPECT(wrong_at({alloc(0, 64), first_half, op(OpKind::finish), unmap(0)}) == -1);
    EXPECT(wrong_at({alloc(0, 64), first_half, unmap(0)}) == 2);
}

TEST(scope_makes_valid_programs_of_any_bytes) {
    Rng rng(6);
    for (int round = 0; round < 2000; round++) {
        std::vector<uint8_t> bytes(rng.below(12 * record_bytes));
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(rng.below(256));
        const Program program = decode(bytes.data(), bytes.size());
        EXPECT(!check(program));
        EXPECT(repair(program) == program);
        const std::vector<uint8_t> records = encode(program);
        EXPECT(records.size() == program.ops.size() * record_bytes);
        EXPECT(decode(records.data(), records.size()) == program);
    }
}

TEST(scope_whatever_makes_programs_makes_valid_ones) {
    Rng rng(7);
    Program before = random_program(rng, 8);
    for (int round = 0; round < 2000; round++) {
        const Program fresh = random_program(rng, 1 + static_cast<int>(rng.below(ops_max)), round % 2);
        const Program child = mutate(rng, fresh, before, 24);
        EXPECT(!check(fresh) && !check(child) && !child.ops.empty() && child.ops.size() <= 24);
        before = child;
    }
    for (int round = 0; round < 40; round++) {
        const Program seed = random_program(rng, 3);
        for (const Program& next : neighbours(seed, 5)) EXPECT(!check(next) && next.ops.size() <= 5);
        for (const Program& next : other_layouts(seed)) EXPECT(!check(next) && next.ops.size() == seed.ops.size());
    }
}

}  // namespace dmafuzz
