// SPDX-License-Identifier: GPL-2.0-only
// Sequences of calls on one buffer that random lines next to never come to: a fault that takes four particular lines in
// a row is one in millions of programs otherwise.
#pragma once

#include "fuzzing/rng.hpp"
#include "program/scope.hpp"

namespace dmafuzz {

// Lines that go on from a program: a map, and what follows it. Those that are not valid there, and those beyond `ops`
// of the whole program, are left out.
void append_pattern(Rng& rng, Program& program, Scope& scope, int ops);

}  // namespace dmafuzz
