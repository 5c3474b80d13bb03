// SPDX-License-Identifier: GPL-2.0-only
// What single calls of the DMA API cost a tracker. Source: docs/spec/trackers.md §9 (Cost).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "program/scope.hpp"
#include "tracker/tracker.hpp"

namespace dmafuzz {

struct CallCost {
    uint64_t calls = 0;
    Cost cost;  // of all of them
};

// By HookKind, of some programs on one platform. No cost at all: the tracker does not count.
using CallCosts = std::array<CallCost, static_cast<size_t>(HookKind::count_)>;
CallCosts call_costs(const std::string& tracker, const std::vector<Program>& programs, const Platform& platform);

}  // namespace dmafuzz
