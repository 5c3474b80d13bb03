// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/evaluator.hpp"

#include "check/check.hpp"
#include "fuzzing/hash.hpp"

namespace dmafuzz {

// Operation and direction, in pairs.
void Evaluator::mark_program(const Program& program) {
    uint64_t last = 0;
    for (const Op& op : program.ops) {
        uint64_t now = static_cast<uint64_t>(op.kind) << 4 | static_cast<uint64_t>(op.direction);
        coverage_.mark(mix(last, now));
        last = now;
    }
}

// What came of it: corruption and warnings by kind, the operation they follow, and whether they belong together.
void Evaluator::mark_verdict(const Analysis& a) {
    for (const Corruption& c : a.corruptions) {
        const Op& op = a.run.ops[c.op];
        uint64_t where = static_cast<uint64_t>(op.kind) << 8 | static_cast<uint64_t>(a.run.kinds[c.span.buffer]);
        coverage_.mark(mix(0x100 + static_cast<uint64_t>(c.kind) * 2 + c.explained, where));
    }
    for (size_t i = 0; i < a.watch.warnings.size(); i++) {
        const Warning& w = a.watch.warnings[i];
        coverage_.mark(mix(0x200 + static_cast<uint64_t>(w.id) * 2 + a.justified_here[i],
                           static_cast<uint64_t>(a.run.ops[w.op].kind)));
    }
    for (const Harm& h : a.harms)
        coverage_.mark(mix(0x300 + static_cast<uint64_t>(h.kind), static_cast<uint64_t>(a.run.ops[h.op].kind)));
}

bool Evaluator::evaluate(const Program& program) {
    recorder_.record(program);
    const size_t platform = platform_of(program, judge_.platforms());
    observer_.observe(Occasion::begins, program, judge_, platform);
    DMAFUZZ_CHECK(platform < judge_.platforms());
    coverage_.start();
    mark_program(program);
    judge_.start(program);
    const Analysis& analysis = judge_.cover(platform, &coverage_, &coverage_);
    mark_verdict(analysis);
    broken_ = analysis.broken();
    observer_.observe(Occasion::judged, program, judge_, platform);
    programs_++;
    operations_ += program.ops.size();
    return coverage_.novel();
}

}  // namespace dmafuzz
