// SPDX-License-Identifier: GPL-2.0-only
// Novel programs that wait to be judged on the whole portfolio: the newest one first.
#pragma once

#include <vector>

#include "fuzzing/observer.hpp"
#include "fuzzing/reporter.hpp"
#include "fuzzing/rng.hpp"

namespace dmafuzz {

class TriageQueue {
public:
    TriageQueue(Judge& judge, Rng& rng, Reporter& reporter, Observer& observer)
        : judge_(judge), rng_(rng), reporter_(reporter), observer_(observer) {}

    void add(const Program& program) { waiting_.push_back(program); }
    bool empty() const { return waiting_.empty(); }
    size_t size() const { return waiting_.size(); }
    // Reports what the newest one shows on any platform. There is one.
    void take_newest();

private:
    void consider(const Program& program, const PlatformSignature& target);

    Judge& judge_;
    Rng& rng_;
    Reporter& reporter_;
    Observer& observer_;
    std::vector<Program> waiting_;
};

}  // namespace dmafuzz
