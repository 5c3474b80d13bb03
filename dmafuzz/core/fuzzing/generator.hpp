// SPDX-License-Identifier: GPL-2.0-only
// Makes the next program, of what has been found so far.
#pragma once

#include <unordered_set>
#include <vector>

#include "fuzzing/enumeration.hpp"
#include "fuzzing/neighbours.hpp"
#include "fuzzing/rng.hpp"
#include "judge/cause.hpp"
#include "program/scope.hpp"

namespace dmafuzz {

// Up to here a program is short.
inline constexpr size_t short_ops = 5;

class Generator {
public:
    // `part` of `parts`: of the enumeration.
    Generator(Rng& rng, int ops_limit, uint32_t part = 0, uint32_t parts = 1);

    // A novel program: it joins the corpus.
    void add(const Program& program);
    // One that is worth to grow others out of, if it is short.
    void add_short(const Program& program);
    // A minimal program that shows the target: what larger programs, and others like it, are made of.
    void add_minimal(const Program& minimal, const PlatformSignature& target);

    // A valid program. `parent`: what it is made of where it is a mutant; null: one of the corpus.
    Program next(const Program* parent);

    size_t corpus() const { return corpus_.size(); }

private:
    Program fresh(int limit, bool even);
    Program grown();
    const Program& pick();

    Rng& rng_;
    int ops_limit_;
    std::vector<Program> corpus_;
    std::vector<Program> short_ones_;  // of the corpus, of leads, and minimal ones: what larger ones grow out of
    std::vector<Program> minimal_;     // short ones, the first of each signature
    std::unordered_set<uint64_t> signatures_;  // of `minimal_`
    Neighbourhoods neighbourhoods_;
    Enumeration enumeration_;
};

}  // namespace dmafuzz
