// SPDX-License-Identifier: GPL-2.0-only
// Two trackers on one program: what one of them shows and the other does not.
// Source: docs/spec/verdicts.md §10 (The value of a change to a tracker).
#pragma once

#include <vector>

#include "judge/judge.hpp"

namespace dmafuzz {

// What a tracker shows of a program on one platform: a corruption that no warning explains (FN, `kind` a
// CorruptionKind), a warning by its verdict (FP, hazard, bookkeeping; TP: it is justified), or that it crashes
// (broken).
struct Shown {
    Label label;
    uint8_t kind;   // CorruptionKind of an FN, WarningId of the others
    Reason reason;  // the tracker's; none: of a warning that is justified, of a crash
    auto operator<=>(const Shown&) const = default;
};

struct Change {
    bool gained;  // shown by the second tracker and not by the first; else the other way round
    Shown shown;
    auto operator<=>(const Change&) const = default;
};

// The second judge takes its runs from the first one, and both have started with the same program: their corruptions
// are the same ones. Those that one tracker explains and the other does not; in order, each once.
std::vector<Change> explained_otherwise(Judge& first, Judge& second, size_t platform);

// All that changes there: corruptions, and warnings that only one of the two gives: of another check, after another
// operation, or about something else. Where one tracker crashes, that is all there is to say. In order, each once.
std::vector<Change> changes_between(Judge& first, Judge& second, size_t platform);

// In order, each once; what both gain and end, but for corruptions, is the same thing said of something else.
void settle(std::vector<Change>& changes);

Label label_of(Justification justification);

}  // namespace dmafuzz
