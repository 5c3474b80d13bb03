// Holds two trackers against each other, warning by warning, on random programs.
#pragma once

#include <optional>

#include "tracker/tracker.hpp"

namespace dmafuzz {

struct Difference {
    Program program;
    size_t platform;
};

struct Comparison {
    uint64_t programs = 0;
    uint64_t warnings = 0;
    std::vector<Difference> differences;  // shortened; at most `differences_max`
};

// Random programs over the full language, platforms in turn. Stops early at `differences_max`.
Comparison compare(Tracker& a, Tracker& b, const std::vector<Platform>& platforms, uint64_t programs, uint64_t seed,
                   int ops_max_each, size_t differences_max);

}  // namespace dmafuzz
