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

// Seconds a program in the bare loop: these programs, one after the other, so often.
double seconds_a_program(const std::string& tracker, const Platform& platform, const std::vector<Program>& programs, int rounds);

}  // namespace dmafuzz
