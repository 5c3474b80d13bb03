// SPDX-License-Identifier: GPL-2.0-only
// Looks for programs on which two trackers differ, beyond the alphabet of the exhaustive search: a corpus, mutants of
// it and random programs, as many as there is time for. Source: docs/spec/reports.md §3 (review).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "fuzzing/coverage.hpp"
#include "fuzzing/generator.hpp"
#include "review/pair.hpp"

namespace dmafuzz {

struct Hunted {
    MinimalChange minimal;
    PlatformSet platforms;  // that show it with that very program
    Program original;
};

class Hunt {
public:
    Hunt(const std::string& first, const std::string& second, std::vector<Platform> portfolio, uint64_t seed,
         int ops_limit);
    Hunt(const Hunt&) = delete;
    Hunt& operator=(const Hunt&) = delete;

    // What is known already is not told: changes with these signatures.
    void know(bool gained, uint64_t signature) { told_.insert({gained, signature}); }
    // One program, on the whole portfolio; it joins the corpus.
    void add(const Program& program);
    // Mutants and random programs, for about so long.
    void burst(int milliseconds);
    // What has been found since the last call: one minimal program for each signature.
    std::vector<Hunted> take();

    uint64_t programs() const { return programs_; }
    uint64_t differing() const { return differing_; }  // of these, those on which the trackers do not warn alike
    size_t corpus() const { return generator_.corpus(); }

private:
    using Key = std::pair<bool, uint64_t>;

    void try_on(const Program& program, size_t platform);
    void look(const Program& program, size_t platform);
    void follow(const Program& program, const PlatformChange& change);

    PairJudge pair_;
    Rng rng_;
    Generator generator_;
    Coverage coverage_;
    std::set<Key> told_;      // by signature, of minimal programs
    std::set<Key> followed_;  // of the programs that they were made of
    std::vector<Hunted> found_;
    uint64_t programs_ = 0, differing_ = 0;
    size_t platform_ = 0;
};

}  // namespace dmafuzz
