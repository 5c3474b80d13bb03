// SPDX-License-Identifier: GPL-2.0-only
// Where an engine's time goes. Judging a program on the whole portfolio and minimising cost far more than running it, so they
// get a share of the time.
#pragma once

#include <chrono>
#include <cstddef>

namespace dmafuzz {

class TimeShares {
  public:
    using Clock = std::chrono::steady_clock;
    enum class Work { running, triage, leads };

    void spent(Work on, Clock::time_point from, Clock::time_point to) { of(on) += std::chrono::duration<double>(to - from).count(); }
    template <class Do>
    void spend(Work on, Do what) {
        const auto start = Clock::now();
        what();
        spent(on, start, Clock::now());
    }

    // Have programs been run for so long that there is time for the rest?
    bool left_for_the_rest(size_t leads) const {
        // Those that break many rules come last: with less than half of the time, a long run would never come to them.
        constexpr size_t many = 20'000;
        const double share = leads > many ? 0.5 : 0.3;
        return triage_ + leads_ < share * (triage_ + leads_ + running_);
    }
    // Leads are worth more, but not all of it.
    bool leads_turn() const {
        constexpr double share_of_leads = 0.7;
        return leads_ < share_of_leads * (leads_ + triage_) || leads_ == 0;
    }

  private:
    double& of(Work on) { return on == Work::running ? running_ : on == Work::triage ? triage_ : leads_; }

    double running_ = 0, triage_ = 0, leads_ = 0;  // seconds
};

}  // namespace dmafuzz
