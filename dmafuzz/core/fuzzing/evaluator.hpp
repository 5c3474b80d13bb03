// SPDX-License-Identifier: GPL-2.0-only
// Judges programs, one after the other, each on one platform and with its marks in a coverage map.
#pragma once

#include "fuzzing/coverage.hpp"
#include "fuzzing/current_input.hpp"
#include "fuzzing/observer.hpp"
#include "judge/judge.hpp"

namespace dmafuzz {

class Evaluator {
public:
    Evaluator(Judge& judge, Observer& observer) : judge_(judge), observer_(observer) {}

    // True if it leaves marks that no program left before. The platform depends on nothing but the program, so that it
    // replays.
    bool evaluate(const Program& program);
    // The tracker itself went wrong on the program evaluated last.
    bool broken() const { return broken_; }

    uint64_t programs() const { return programs_; }
    uint64_t operations() const { return operations_; }
    const Coverage& coverage() const { return coverage_; }
    CurrentInput& recorder() { return recorder_; }

private:
    void mark_program(const Program& program);
    void mark_verdict(const Analysis& analysis);

    Judge& judge_;
    Observer& observer_;
    Coverage coverage_;
    CurrentInput recorder_;
    bool broken_ = false;
    uint64_t programs_ = 0, operations_ = 0;
};

}  // namespace dmafuzz
