// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/equivalence.hpp"

#include <algorithm>
#include <set>

#include "fuzzing/minimize.hpp"
#include "fuzzing/mutate.hpp"
#include "machine/machine.hpp"

namespace dmafuzz {

namespace {

class Comparer {
public:
    Comparer(Tracker& a, Tracker& b, const Compared& what) : a_(a), b_(b), what_(what) {}

    // Do they warn alike: the same ids at the same operations, in the same order?
    bool alike(const Program& program, const Platform& platform, Comparison* counts = nullptr) {
        machine_.carry_out(program, platform, run_);
        a_.watch(run_.hooks, platform, of_a_, nullptr);
        b_.watch(run_.hooks, platform, of_b_, nullptr);
        if (counts) count(*counts);
        const auto &a = of_a_.warnings, &b = of_b_.warnings;
        const auto [mine, theirs] = std::mismatch(a.begin(), a.end(), b.begin(), b.end(),
                                                  [&](const Warning& x, const Warning& y) { return same(x, y); });
        how_ = {mine == a.end() ? 0 : key_of(*mine), theirs == b.end() ? 0 : key_of(*theirs)};
        return mine == a.end() && theirs == b.end() && (!what_.costs || same_cost());
    }
    // How they differ, where they do: by the first warnings that are not the same.
    using How = std::pair<uint32_t, uint32_t>;
    const How& how() const { return how_; }

private:
    void count(Comparison& counts) const {
        counts.warnings += of_a_.warnings.size();
        for (const Warning& w : of_a_.warnings) {
            const uint8_t mapping = run_.hooks[w.call].mapping;
            const OpKind map = mapping == no_mapping ? OpKind::count_ : run_.mappings[mapping].map;
            counts.by_map[static_cast<size_t>(w.id)][static_cast<size_t>(map)]++;
        }
    }
    bool same(const Warning& a, const Warning& b) const {
        if (a.id != b.id || a.op != b.op) return false;
        return !what_.about || (a.mappings == b.mappings && a.entry_op == b.entry_op && a.counted == b.counted &&
                                a.traced == b.traced && a.line == b.line && a.line_bytes == b.line_bytes);
    }
    uint32_t key_of(const Warning& w) const {
        return static_cast<uint32_t>(w.id) << 16 | static_cast<uint32_t>(run_.ops[w.op].kind) << 1 | 1;
    }
    bool same_cost() const {
        Cost a, b;
        return a_.cost(a) == b_.cost(b) && a == b;
    }

    Tracker& a_;
    Tracker& b_;
    const Compared& what_;
    Machine machine_;
    Run run_;
    Watch of_a_, of_b_;
    How how_;
};

}  // namespace

Comparison compare(Tracker& a, Tracker& b, const std::vector<Platform>& platforms, uint64_t programs, uint64_t seed,
                   const Compared& what) {
    Comparison result;
    Comparer comparer(a, b, what);
    Rng rng(seed);
    // A kernel's own code is booted anew for another platform: stay with one for a while.
    constexpr uint64_t programs_per_platform = 1000;
    std::set<Comparer::How> told;
    for (uint64_t i = 0; i < programs && result.differences.size() < what.differences_max; i++) {
        size_t platform = i / programs_per_platform % platforms.size();
        Program program = random_program(rng, 1 + static_cast<int>(rng.below(static_cast<uint32_t>(what.ops_max))));
        result.programs++;
        if (comparer.alike(program, platforms[platform], &result)) continue;
        result.differing++;
        const Comparer::How how = comparer.how();
        if (!told.insert(how).second) continue;
        auto differs = [&](const Program& p) {
            return !comparer.alike(p, platforms[platform]) && comparer.how() == how;
        };
        result.differences.push_back({minimize(program, differs), platform});
    }
    return result;
}

Departures departures(Tracker& code, const std::vector<std::unique_ptr<Tracker>>& models,
                      const std::vector<Platform>& platforms, uint64_t programs_each, uint64_t seed, int ops_limit) {
    constexpr int tracker_crashes_max = 3;
    Departures found{0, std::vector<uint64_t>(models.size())};
    Rng rng(seed);
    Machine machine;
    Run run;
    Watch ours, theirs;
    int tracker_crashes = 0;
    for (uint64_t i = 0; i < programs_each * platforms.size() && tracker_crashes < tracker_crashes_max; i++) {
        const Platform& platform = platforms[i / programs_each];
        machine.carry_out(random_program(rng, 1 + static_cast<int>(rng.below(static_cast<uint32_t>(ops_limit)))),
                          platform, run);
        code.watch(run.hooks, platform, theirs, nullptr);
        if (!theirs.warnings.empty() && is_tracker_crash(theirs.warnings.back().id)) {
            tracker_crashes++;
            continue;
        }
        found.programs++;
        for (size_t m = 0; m < models.size(); m++) {
            models[m]->watch(run.hooks, platform, ours, nullptr);
            const bool alike =
                std::equal(ours.warnings.begin(), ours.warnings.end(), theirs.warnings.begin(), theirs.warnings.end(),
                           [](const Warning& a, const Warning& b) { return a.id == b.id && a.call == b.call; });
            found.by_model[m] += !alike;
        }
    }
    return found;
}

}  // namespace dmafuzz
