// SPDX-License-Identifier: GPL-2.0-only
// Two trackers side by side on any program: what changes from the first to the second, and the smallest program around
// that shows such a change. Source: docs/spec/reports.md §3 (review).
#pragma once

#include <string>
#include <vector>

#include "fuzzing/coverage.hpp"
#include "judge/cause.hpp"
#include "judge/change.hpp"

namespace dmafuzz {

// A change on one platform, with the rules of the contract that the program breaks there.
struct PlatformChange {
    Change change;
    size_t platform = 0;
    Rules rules = 0;
    PlatformSignature signature() const {
        return {change.shown.label, change.shown.kind, platform, rules, change.shown.reason};
    }
};

struct MinimalChange {
    PlatformChange change;  // as the minimal program shows it
    Program program;
    uint64_t tried = 0;  // programs judged on the way
};

class PairJudge {
public:
    PairJudge(const std::string& first, const std::string& second, std::vector<Platform> portfolio);

    size_t platforms() const { return first_.platforms(); }
    const Platform& platform(size_t i) const { return first_.platform(i); }
    void start(const Program& program);

    // Do the trackers warn alike there: the same checks after the same operations, about the same? `marks`: where what
    // machine and trackers go through leaves its marks.
    bool warn_alike(size_t platform, Coverage* marks = nullptr);
    std::vector<PlatformChange> changes(size_t platform);
    // 1-minimal: no smaller program around has the change there, breaking no other rule. For another reason only where
    // it breaks fewer. `program` must show it.
    MinimalChange minimize(const Program& program, PlatformChange change);

private:
    bool find(PlatformChange& change);

    Judge first_, second_;
};

}  // namespace dmafuzz
