// SPDX-License-Identifier: GPL-2.0-only
// The automaton gives what the sets themselves give, also while it runs out of room.
#include "coherency/automaton.hpp"

#include "fuzzing/cross_check.hpp"
#include "fuzzing/rng.hpp"
#include "tests/machines.hpp"
#include "tests/test.hpp"

namespace dmafuzz {

namespace {

// The set that a programs-long walk of random events comes to, each held against the automaton.
void walk(Automaton& automaton, Rng& rng, int steps) {
    Set set = put(lane::bit(Flag::fresh, false), lane::memory_absent);
    Automaton::State state = automaton.of(set);
    for (int i = 0; i < steps; i++) {
        if (rng.one_in(3)) {
            const auto unasked = static_cast<Unasked>(rng.below(1u << unasked_events));
            set = closure(set, unasked);
            state = automaton.close(state, unasked);
        } else {
            const auto event = static_cast<Event>(rng.below(static_cast<uint32_t>(Event::count_)));
            const Set next = apply(event, set);
            if (!next) continue;  // the event cannot happen here
            set = next;
            state = automaton.apply(event, state);
        }
        EXPECT(automaton.set(state) == set);
        EXPECT(automaton.of(set) == state);
        EXPECT(automaton.cpu_view(state) == cpu_view(set) && automaton.memory_view(state) == memory_view(set));
    }
}

}  // namespace

TEST(automaton_gives_what_the_sets_give) {
    Automaton automaton;
    Rng rng(3);
    for (int round = 0; round < 300; round++) walk(automaton, rng, 40);
    const AutomatonStats stats = automaton.stats();
    EXPECT(stats.states > 50 && stats.drops == 0);
    EXPECT(stats.hits > 0 && stats.misses > 0);
}

TEST(automaton_is_built_anew_where_its_room_is_used_up) {
    Automaton automaton(32 << 10);
    Rng rng(4);
    for (int round = 0; round < 300; round++) {
        automaton.make_room();
        walk(automaton, rng, 40);
    }
    EXPECT(automaton.stats().drops > 3);
}

TEST(automaton_and_explicit_sets_agree_on_random_programs) {
    for (size_t budget : {Automaton::default_budget, size_t{48} << 10}) {
        const WalkComparison found = compare_walks(tests::machines(), 3000, 5, 14, budget, 5);
        EXPECT(found.differences.empty());
        EXPECT(found.programs == 3000 && found.corruptions > 500 && found.harms > 100);
    }
}

}  // namespace dmafuzz
