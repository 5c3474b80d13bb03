// SPDX-License-Identifier: GPL-2.0-only
// What holds of every run: whatever names an operation, a piece, a buffer, a mapping or a device names one that there
// is. The machine checks it when it has written a run; simulator and trackers check what they take of it.
#pragma once

#include "run/run.hpp"

namespace dmafuzz {

bool names_piece(StepKind kind);
bool names_buffer(StepKind kind);

bool consistent(const Run& run, const Step& step);
// `ops`: operations of the run, as carried out.
bool consistent(const HookCall& call, size_t ops);
bool consistent(const Piece& piece);
bool consistent(const Run& run);

}  // namespace dmafuzz
