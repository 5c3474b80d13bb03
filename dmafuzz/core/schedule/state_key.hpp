// SPDX-License-Identifier: GPL-2.0-only
// When two prefixes of schedules are as good as one: what comes after them, and what is judged of it, is the same.
#pragma once

#include "judge/judge.hpp"
#include "program/op.hpp"

namespace dmafuzz {

// The key of a prefix for every platform of `judge` and its tracker; false if it has none, and is as good as no other
// one. Equal keys promise: with any lines that follow both, labels and kinds are equal, tidy-up included (which goes by
// the order of lines). Asked only for prefixes of the same operations, in which no call is under way on the CPU that
// ran last. `names[i]` says which operation the prefix's i-th is, whatever the order.
bool state_key(Judge& judge, const Program& prefix, const std::vector<uint8_t>& names, Digest& out);

}  // namespace dmafuzz
