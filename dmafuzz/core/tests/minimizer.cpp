// SPDX-License-Identifier: GPL-2.0-only
// The minimizer: what is left shows the same, and needs each of its lines.
#include "fuzzing/minimize.hpp"

#include <algorithm>

#include "fuzzing/mutate.hpp"
#include "program/order.hpp"
#include "tests/machines.hpp"
#include "tests/test.hpp"

namespace dmafuzz {

namespace {

bool unmaps_from_device(const Program& program) {
    return std::any_of(program.ops.begin(), program.ops.end(), [&](const Op& end) {
        if (end.kind != OpKind::unmap_single && end.kind != OpKind::unmap_page) return false;
        const Op* map = map_of(program, end.mapping);
        return map && map->direction == Direction::from_device;
    });
}

template <class Shows>
void expect_minimal(const Program& minimal, Shows shows) {
    EXPECT(!check(minimal));
    EXPECT(shows(minimal));
    for (size_t line = 0; line < minimal.ops.size(); line++) EXPECT(!shows(without_line(minimal, line)));
}

}  // namespace

TEST(minimizer_leaves_three_lines_of_what_three_lines_show) {
    Rng rng(8);
    int found = 0;
    for (int round = 0; round < 4000 && found < 60; round++) {
        const Program program = random_program(rng, 20);
        if (!unmaps_from_device(program)) continue;
        found++;
        const Program minimal = minimize(program, unmaps_from_device);
        expect_minimal(minimal, unmaps_from_device);
        EXPECT(minimal.ops.size() <= 3);
        EXPECT(minimize(program, unmaps_from_device) == minimal);
        EXPECT(minimize(minimal, unmaps_from_device) == minimal);
        EXPECT(canonical(minimal) == minimal);
        EXPECT(!(order_of(program) < order_of(minimal)));
    }
    EXPECT(found == 60);
}

TEST(minimizer_keeps_what_the_judge_sees) {
    Judge judge("6.12", tests::machines());
    Rng rng(9);
    int found = 0;
    for (int round = 0; round < 150; round++) {
        const Program program = random_program(rng, 12);
        const size_t platform = rng.below(static_cast<uint32_t>(judge.platforms()));
        judge.start(program);
        std::vector<PlatformSignature> targets = signatures_on(judge, platform);
        const Rules rules = judge.rules(platform);
        for (PlatformSignature target : targets) {
            target.rules = rules;
            const Minimized minimal = minimize(judge, program, target);
            PlatformSignature left = target;
            left.rules = minimal.rules;
            left.reason = minimal.reason;
            EXPECT((minimal.rules & ~rules) == 0);
            expect_minimal(minimal.program, [&](const Program& p) {
                judge.start(p);
                return !p.ops.empty() && shows(judge, left);
            });
            found++;
        }
    }
    EXPECT(found > 50);
}

}  // namespace dmafuzz
