// SPDX-License-Identifier: GPL-2.0-only
// Looks closely at short programs, and follows what they show until it is one fault.
#pragma once

#include "fuzzing/candidate_queue.hpp"
#include "fuzzing/signature_counts.hpp"
#include "fuzzing/reporter.hpp"
#include "fuzzing/rng.hpp"

namespace dmafuzz {

class CandidateMinimizer {
public:
    CandidateMinimizer(Judge& judge, Rng& rng, Reporter& reporter, Generator& generator)
        : judge_(judge), rng_(rng), reporter_(reporter), generator_(generator) {}

    // A short program that the judge has been started with and has covered on the platform: where it seems to show
    // something rare, and now and then else, all that it shows on the portfolio becomes candidates.
    void look_at(const Program& program, size_t platform);
    // Follows the candidate that promises most. There is one.
    void follow();

    bool empty() const { return candidates_.empty(); }
    size_t size() const { return candidates_.size(); }
    uint64_t followed() const { return followed_; }

private:
    void look_closely(const Program& program);
    PlatformSet needs_all_lines(Program& program, const Signature& shown);

    Judge& judge_;
    Rng& rng_;
    Reporter& reporter_;
    Generator& generator_;
    SignatureCounts signature_counts_;
    CandidateQueue candidates_;
    uint64_t followed_ = 0;
};

}  // namespace dmafuzz
