// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/candidate_minimizer.hpp"

#include "fuzzing/minimize.hpp"

namespace dmafuzz {

void CandidateMinimizer::look_at(const Program& program, size_t platform) {
    constexpr uint32_t one_in_common = 32;
    if (signature_counts_.rare(judge_, platform) || rng_.one_in(one_in_common)) look_closely(program);
}

// Judged on the whole portfolio at once: it has few faults, so what it shows is mostly a cause of its own, and whether
// a warning is ever worth it no single platform can say.
void CandidateMinimizer::look_closely(const Program& program) {
    if (judge_.platforms() > platforms_max) return;
    // Of what there is enough, some is looked at all the same: with a line or two less it may be something else.
    constexpr uint32_t one_in_enough = 64;
    for (const Signature& shown : signatures_of(judge_))
        if (!reporter_.known().enough(signature_key(shown)) || rng_.one_in(one_in_enough))
            candidates_.add(program, shown);
}

// Where the program needs all of its lines: elsewhere a rest of it, which is looked at instead, shows the same and
// breaks no other rules. What is two faults on most platforms may be one on an odd one. Lines that make no difference
// anywhere are dropped.
PlatformSet CandidateMinimizer::needs_all_lines(Program& program, const Signature& shown) {
    PlatformSet left = candidates_.open(shown);
    for (size_t line = 0; line < program.ops.size() && left.any();) {
        Program rest = without_line(program, line);
        judge_.start(rest);
        PlatformSet same, fewer;  // rules
        for (size_t platform = 0; platform < judge_.platforms() && !rest.ops.empty(); platform++)
            if (left[platform] && shows(judge_, {shown.label, shown.kind, platform, shown.rules, shown.reason}))
                (judge_.rules(platform) == shown.rules ? same : fewer).set(platform);
        if (same == left) {
            program = std::move(rest);
            line = 0;
            continue;
        }
        left &= ~(same | fewer);
        if ((same | fewer).any()) look_closely(rest);
        line++;
    }
    return left;
}

void CandidateMinimizer::follow() {
    Candidate candidate = candidates_.pop();
    followed_++;
    const PlatformSet platforms = needs_all_lines(candidate.program, candidate.signature);
    if (platforms.none()) return;
    // With the sizes that it was found with, besides the minimal ones: more can come of them.
    if (candidate.program.ops.size() < short_ops) generator_.add_short(candidate.program);
    const PlatformSignature target = candidates_.target(candidate.signature, platforms, rng_);
    if (reporter_.report(candidate.program, target) == target) candidates_.close(target, platforms);
}

}  // namespace dmafuzz
