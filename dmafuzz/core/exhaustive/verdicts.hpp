// SPDX-License-Identifier: GPL-2.0-only
// What the outcomes of one program on all platforms of a portfolio come to together. Programs by the million share a
// few thousand combinations of outcomes, so each is worked out once.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "check/check.hpp"
#include "judge/cause.hpp"
#include "judge/outcome.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

struct Verdict {
    std::vector<Labels> labels;  // by platform
    std::vector<Signature> signatures;
};

class Verdicts {
public:
    using Id = uint32_t;

    Id outcome(const Outcome& outcome);        // interned
    Id verdict(std::span<const Id> outcomes);  // one for each platform
    const Verdict& operator[](Id verdict) const {
        DMAFUZZ_CHECK(verdict < verdicts_.size());
        return verdicts_[verdict];
    }
    size_t size() const { return verdicts_.size(); }
    const Outcome& outcome_at(Id outcome) const {
        DMAFUZZ_CHECK(outcome < outcomes_.size());
        return outcomes_[outcome];
    }
    // Of a warning of that platform's outcome.
    Justification justification(std::span<const Id> outcomes, size_t platform, const Outcome::Warned& warned) const;
    bool warned(Id outcome, uint8_t name)
        const;  // about the operation of that name, or not warned though there is something to say

private:
    Verdict work_out(std::span<const Id> outcomes) const;
    void look(std::span<const Id> outcomes, size_t platform, Verdict& verdict) const;

    std::vector<Outcome> outcomes_;
    std::unordered_map<Digest, Id, DigestHash> outcome_ids_, verdict_ids_;
    std::vector<Verdict> verdicts_;
};

}  // namespace dmafuzz
