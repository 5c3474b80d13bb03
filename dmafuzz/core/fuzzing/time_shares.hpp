// SPDX-License-Identifier: GPL-2.0-only
// Where an engine's time goes. Judging a program on the whole portfolio and minimizing cost far more than running it,
// so they get a share of the time. Measured by the clock or, so that a run can be repeated, in programs that the judge
// has carried out.
#pragma once

#include <chrono>
#include <cstddef>

#include "judge/judge.hpp"

namespace dmafuzz {

class TimeShares {
public:
    enum class Work { running, triage, candidates };

    TimeShares(const Judge& judge, bool repeatable) : judge_(judge), repeatable_(repeatable) {}

    // Seconds, or programs.
    double now() const {
        if (repeatable_) return static_cast<double>(judge_.carried_out());
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }
    void spent(Work on, double from) { of(on) += now() - from; }
    template <class Do>
    void spend(Work on, Do what) {
        const double start = now();
        what();
        spent(on, start);
    }

    // Have programs been run for so long that there is time for the rest?
    bool left_for_the_rest(size_t candidates) const {
        // Those that break many rules come last: with less than half of the time, a long run would never come to them.
        constexpr size_t many = 20'000;
        const double share = candidates > many ? 0.5 : 0.3;
        return triage_ + candidates_ < share * (triage_ + candidates_ + running_);
    }
    // Candidates are worth more, but not all of it.
    bool leads_turn() const {
        constexpr double share_of_leads = 0.7;
        return candidates_ < share_of_leads * (candidates_ + triage_) || candidates_ == 0;
    }

private:
    double& of(Work on) { return on == Work::running ? running_ : on == Work::triage ? triage_ : candidates_; }

    const Judge& judge_;
    bool repeatable_;
    double running_ = 0, triage_ = 0, candidates_ = 0;  // as `now` measures
};

}  // namespace dmafuzz
