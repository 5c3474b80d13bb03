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

// Of the program that the judge has been started with; in order, each once. A tracker that crashes shows nothing else.
std::vector<Shown> shown_on(Judge& judge, size_t platform);

struct Change {
    bool gained;  // shown by the second tracker and not by the first; else the other way round
    Shown shown;
    auto operator<=>(const Change&) const = default;
};

// Machine and simulator are the same for both, so an FN that is gone is a corruption that a warning explains now. Where
// both show a label and kind, but for other reasons, neither of which has all of the other's, nothing has changed but
// the reason. Where one tracker crashes, that is all there is to say. Both in order.
std::vector<Change> changes_between(const std::vector<Shown>& first, const std::vector<Shown>& second);

}  // namespace dmafuzz
