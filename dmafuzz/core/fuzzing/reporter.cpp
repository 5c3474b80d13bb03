// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/reporter.hpp"

#include <utility>

#include "check/check.hpp"
#include "fuzzing/minimize.hpp"

namespace dmafuzz {

PlatformSignature Reporter::report(const Program& program, PlatformSignature target) {
    DMAFUZZ_CHECK(target.platform < judge_.platforms() && !program.ops.empty());
    Minimized minimal = minimize(judge_, program, target);
    minimized_++;
    DMAFUZZ_CHECK(!minimal.program.ops.empty() && minimal.program.ops.size() <= program.ops.size());
    if (observer_) {
        judge_.start(minimal.program);
        judge_.cover(target.platform);
        observer_.observe(Occasion::again, minimal.program, judge_, target.platform);
    }
    target.rules = minimal.rules;
    target.reason = minimal.reason;
    const bool enough = known_.enough(signature_key(target));
    if (!known_.add(target, minimal.program) || enough) return target;
    generator_.add_minimal(minimal.program, target);
    findings_.push_back({target, minimal.program, program});
    return target;
}

std::vector<Finding> Reporter::take_findings() { return std::exchange(findings_, {}); }

}  // namespace dmafuzz
