// SPDX-License-Identifier: GPL-2.0-only
// Structure-aware generation and mutation of programs. Every result is valid.
#pragma once

#include "fuzzing/rng.hpp"
#include "program/scope.hpp"

namespace dmafuzz {

// One operation that makes sense in `scope` more often than not. `even`: rare operations and wrong arguments come
// nearly as often as others.
Op random_op(Rng& rng, const Scope& scope, bool even = false);

// One of a kind.
Op random_op_of(Rng& rng, const Scope& scope, OpKind kind, bool even = false);

// A program of exactly `ops` operations where names allow it.
Program random_program(Rng& rng, int ops, bool even = false);

// A child of `parent`: one to a few changes; sometimes spliced with `other`. At most `ops_limit` operations.
Program mutate(Rng& rng, const Program& parent, const Program& other, int ops_limit, bool even = false);

}  // namespace dmafuzz
