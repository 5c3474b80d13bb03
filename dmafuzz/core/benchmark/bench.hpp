// SPDX-License-Identifier: GPL-2.0-only
// What judging costs, stage by stage, in one process and one run.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "platform/platform.hpp"

namespace dmafuzz {

struct StageCosts {
    double operations = 0;                                // of a program, on average
    std::vector<std::pair<std::string, double>> seconds;  // a program, with all stages before it
};

// Random programs of `ops` operations on one platform. Throws std::invalid_argument for an unknown tracker.
StageCosts stage_costs(const std::string& tracker, const Platform& platform, int ops, int programs, uint64_t seed);

// Seconds that a tracker alone takes for a program of 24 hook calls that it has nothing to say about: a page mapped,
// checked, synced and unmapped, six times over. Throws std::invalid_argument for an unknown tracker.
double clean_hooks_cost(const std::string& tracker, const Platform& platform, int programs);

// Judging programs on each platform alone, and on all of them one after the other: seconds a program.
struct PortfolioCosts {
    double one = 0;  // on average over the platforms
    double all = 0;
};
PortfolioCosts portfolio_costs(const std::string& tracker, const std::vector<Platform>& portfolio, int ops,
                               int programs, uint64_t seed);

// Seconds a program in the bare loop: these programs, one after the other, so often.
double seconds_a_program(const std::string& tracker, const Platform& platform, const std::vector<Program>& programs,
                         int rounds);

}  // namespace dmafuzz
