// SPDX-License-Identifier: GPL-2.0-only
// The minimizer: the smallest program around that still shows the same, in the order of the
// docs/spec/verdicts.md §6 (Minimal): operations, CPUs, split calls, devices, buffers, sizes and offsets, text.
#pragma once

#include <functional>

#include "judge/cause.hpp"
#include "program/scope.hpp"

namespace dmafuzz {

struct Minimized {
    Program program;
    Rules rules = 0;  // broken by it on the target's platform
    Reason reason = Reason::none;
    uint64_t tried = 0;  // programs judged on the way
};

// 1-minimal: no single removal or simplification of the result keeps the target, with the rules and the reason that it
// has come to. Deterministic. `program` must show the target.
Minimized minimize(Judge& judge, const Program& program, PlatformSignature target);
// The same for a user's program: it keeps what it is about, and the tracker's reason.
Minimized minimize_written(Judge& judge, const Program& program, PlatformSignature target);
// The same for whatever else a program can show.
Program minimize(const Program& program, const std::function<bool(const Program&)>& shows);

// The program without one of its lines, and without those that only were valid with it.
Program without_line(const Program& program, size_t line);

// Buffers, mappings and CPUs renamed in order of first appearance.
Program canonical(const Program& program);

}  // namespace dmafuzz
