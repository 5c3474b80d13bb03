// SPDX-License-Identifier: GPL-2.0-only
// Minimizes what programs show, and keeps what is new of it as findings.
#pragma once

#include <vector>

#include "fuzzing/generator.hpp"
#include "fuzzing/known_causes.hpp"
#include "fuzzing/observer.hpp"
#include "judge/judge.hpp"

namespace dmafuzz {

// A finding, minimized.
struct Finding {
    PlatformSignature target;
    Program program;   // minimal
    Program original;  // where it was found
};

class Reporter {
public:
    // Minimal programs go to the generator.
    Reporter(Judge& judge, Generator& generator, Relay& observer)
        : judge_(judge), generator_(generator), observer_(observer) {}

    // What the minimal program shows. `program` shows the target; minimizing starts the judge afresh.
    PlatformSignature report(const Program& program, PlatformSignature target);
    std::vector<Finding> take_findings();

    const KnownCauses& known() const { return known_; }
    uint64_t minimized() const { return minimized_; }

private:
    Judge& judge_;
    Generator& generator_;
    Relay& observer_;
    KnownCauses known_;
    std::vector<Finding> findings_;
    uint64_t minimized_ = 0;
};

}  // namespace dmafuzz
