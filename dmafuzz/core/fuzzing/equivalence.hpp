// SPDX-License-Identifier: GPL-2.0-only
// Compares two trackers, warning by warning, on random programs.
#pragma once

#include <array>

#include "tracker/tracker.hpp"

namespace dmafuzz {

struct Difference {
    Program program;
    size_t platform;
};

struct Comparison {
    uint64_t programs = 0;
    uint64_t differing = 0;  // of these, those on which the trackers differ
    uint64_t warnings = 0;
    // Warnings, by the operation that made the mapping that their call names; the last one: none did.
    using ByMap = std::array<uint64_t, static_cast<size_t>(OpKind::count_) + 1>;
    std::array<ByMap, static_cast<size_t>(WarningId::count_)> by_map{};
    // Minimized, and told once: by the first warning that only one of the two gives, and the kind of its operation. At
    // most `differences_max`.
    std::vector<Difference> differences;
};

struct Compared {
    int ops_max = 24;  // of a program
    size_t differences_max = 10;
    bool about = false;  // what warnings are about too: mappings, entry, line, counted or not
    bool costs = false;  // locks, look-up steps and tree operations too
};

// Random programs over the full language, platforms in turn. Stops early at `differences_max`.
Comparison compare(Tracker& a, Tracker& b, const std::vector<Platform>& platforms, uint64_t programs, uint64_t seed,
                   const Compared& what);

// On how many random programs a kernel's own code warns otherwise than each of some models.
struct Departures {
    uint64_t programs = 0;
    std::vector<uint64_t> by_model;
};
// Programs that the code crashes on tell nothing of the models; after a few of them it stops.
Departures departures(Tracker& code, const std::vector<std::unique_ptr<Tracker>>& models,
                      const std::vector<Platform>& platforms, uint64_t programs_each, uint64_t seed, int ops_limit);

}  // namespace dmafuzz
