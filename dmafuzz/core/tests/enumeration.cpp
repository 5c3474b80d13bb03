// SPDX-License-Identifier: GPL-2.0-only
// What fuzzing goes through in order, and what it leaves out because it has been judged.
#include "fuzzing/enumeration.hpp"

#include <map>
#include <string>

#include "fuzzing/judged_programs.hpp"
#include "tests/test.hpp"

namespace dmafuzz {

namespace {

using Met = std::map<std::string, int>;

std::string records(const Program& program) {
    const std::vector<uint8_t> bytes = encode(program);
    return {bytes.begin(), bytes.end()};
}

// All programs of the alphabet that go on from one, up to so many operations.
void go_on(const Program& program, const Context& context, size_t ops, Met& all) {
    if (program.ops.size() == ops) return;
    for (const Op& op : context.successors({1, 2})) {
        Program longer = program;
        longer.ops.push_back(op);
        all[records(longer)]++;
        go_on(longer, context.after(op), ops, all);
    }
}

void enumerate(uint32_t part, uint32_t parts, int ops, Met& met) {
    Rng rng(part + 7);
    Enumeration enumeration(ops, part, parts);
    size_t last = 0;
    for (Program program; enumeration.next(rng, program);) {
        EXPECT(!check(program));
        EXPECT(program.ops.size() >= last);
        last = program.ops.size();
        met[records(program)]++;
    }
}

}  // namespace

TEST(an_enumeration_meets_every_program_once_shorter_ones_first) {
    Met all, met;
    go_on({}, {}, 3, all);
    enumerate(0, 1, 3, met);
    EXPECT(all.size() > 1000);
    EXPECT(met == all);
}

TEST(parts_of_an_enumeration_share_the_longest_programs) {
    Met all, met;
    go_on({}, {}, 3, all);
    for (uint32_t part = 0; part < 3; part++) enumerate(part, 3, 3, met);
    EXPECT(met.size() == all.size());
    for (const auto& [program, times] : met) EXPECT(times == (program.size() == 3 * record_bytes ? 1 : 3));
    Met none;
    enumerate(3, 3, 3, none);
    EXPECT(none.empty());
}

TEST(a_program_is_known_under_other_names_and_not_with_other_arguments) {
    Program program, renamed;
    Op alloc, map;
    alloc.size = 64;
    map.kind = OpKind::map_single;
    map.size = 64;
    program.ops = {alloc, map};
    renamed = program;
    renamed.ops[0].buffer = renamed.ops[1].buffer = 2;
    renamed.ops[1].mapping = 3;
    renamed.ops[0].cpu = renamed.ops[1].cpu = 1;
    JudgedPrograms judged;
    EXPECT(judged.add(program));
    EXPECT(!judged.add(program));
    EXPECT(!judged.add(renamed));
    renamed.ops[1].size = 32;
    EXPECT(judged.add(renamed));
}

}  // namespace dmafuzz
