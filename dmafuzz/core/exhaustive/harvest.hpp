// SPDX-License-Identifier: GPL-2.0-only
// What has been found among the programs that a walk goes through: how many show what, where, and the smallest of them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "judge/cause.hpp"
#include "judge/outcome.hpp"
#include "program/order.hpp"
#include "program/scope.hpp"

namespace dmafuzz {

// The smallest program that shows a thing on each of some platforms.
struct Smallest {
    Order order;
    std::vector<uint16_t> letters;  // each by its place among those that can follow
    bool mirrored;                  // with the devices exchanged
    Program program;
    PlatformSet platforms;
};

// Programs that show the same thing: how many, where, and the smallest for each platform: what is lost in the same way
// on paper may come from something else on another machine.
struct Cause {
    Signature signature;
    uint64_t count = 0;
    std::vector<uint64_t> on_platform;  // of these, those that show it there
    std::vector<Smallest> smallest;
};

struct Harvest {
    uint64_t programs = 0;
    std::vector<std::array<uint64_t, static_cast<size_t>(Label::count_)>>
        labels;  // by platform: programs with that label
    std::vector<Cause> causes;
};

// What two trackers make of the same programs.
struct SideBySide {
    struct Changed {
        bool gained;  // shown by the second tracker alone; else by the first alone
        Cause cause;
    };
    using Moves = std::map<std::pair<Labels, Labels>, uint64_t>;

    Harvest first, second;
    std::vector<Changed> changes;
    std::vector<Moves> moves;  // by platform: programs by their labels on the first tracker and on the second
};

}  // namespace dmafuzz
