// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/triage.hpp"

#include "check/check.hpp"

namespace dmafuzz {

// The portfolio is worked out once for all of its platforms, before anything is minimized, which starts the judge
// afresh.
void TriageQueue::take_newest() {
    DMAFUZZ_CHECK(!waiting_.empty());
    const Program program = std::move(waiting_.back());
    waiting_.pop_back();
    judge_.start(program);
    std::vector<PlatformSignature> found;
    for (size_t platform = 0; platform < judge_.platforms(); platform++) {
        std::vector<PlatformSignature> targets = signatures_on(judge_, platform);
        if (targets.empty()) continue;
        observer_.observe(Occasion::again, program, judge_, platform);
        const Rules rules = judge_.rules(platform);
        for (PlatformSignature target : targets) {
            target.rules = rules;
            found.push_back(target);
        }
    }
    for (const PlatformSignature& target : found) consider(program, target);
}

void TriageQueue::consider(const Program& program, const PlatformSignature& target) {
    // A program may hold a new cause beside a known one: now and then it is minimized all the same.
    constexpr uint32_t one_in_known = 64;
    const KnownCauses& causes = reporter_.known();
    const bool known = causes.enough(signature_key(target)) || causes.at_work_in(program, target);
    if (!known || rng_.one_in(one_in_known)) reporter_.report(program, target);
}

}  // namespace dmafuzz
