// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/cross_check.hpp"

#include <algorithm>

#include "fuzzing/mutate.hpp"
#include "machine/machine.hpp"

namespace dmafuzz {

namespace {

class Transitions final : public TransitionSink {
public:
    void transition(uint64_t hash) override { seen.push_back(hash); }
    std::vector<uint64_t> seen;
};

struct Simulated {
    std::vector<Corruption> corruptions;
    std::vector<Harm> harms;
    std::vector<uint64_t> transitions;

    Simulated(const Simulator& simulator, Transitions& sink)
        : corruptions(simulator.corruptions()), harms(simulator.harms()), transitions(std::move(sink.seen)) {}
    bool operator==(const Simulated&) const = default;
};

}  // namespace

WalkComparison compare_walks(const std::vector<Platform>& platforms, uint64_t programs, uint64_t seed, int ops,
                             size_t budget, size_t differences_max) {
    Rng rng(seed);
    Machine machine;
    Run run;
    Automaton automaton(budget);
    Simulator simulator(&automaton);
    WalkComparison result;
    Program program;
    for (; result.programs < programs; result.programs++) {
        // Every other one a mutant of the one before it: those hold what random programs hardly ever do.
        program = result.programs % 2
                      ? mutate(rng, program, program, ops)
                      : random_program(rng, 2 + static_cast<int>(rng.below(static_cast<uint32_t>(ops - 1))));
        const size_t platform = result.programs / 2 % platforms.size();
        machine.carry_out(program, platforms[platform], run);
        Transitions sink;
        simulator.simulate(run, platforms[platform], &sink);
        const Simulated looked_up(simulator, sink);
        sink.seen.clear();
        simulator.simulate_explicitly(run, platforms[platform], &sink, nullptr);
        const Simulated carried_out(simulator, sink);
        result.corruptions += carried_out.corruptions.size();
        result.harms += carried_out.harms.size();
        result.transitions += carried_out.transitions.size();
        if (looked_up == carried_out) continue;
        result.differences.push_back({program, platform});
        if (result.differences.size() >= differences_max) break;
    }
    result.automaton = automaton.stats();
    return result;
}

}  // namespace dmafuzz
