// SPDX-License-Identifier: GPL-2.0-only
// What a user's program is about: the mappings whose data is lost, the operation that loses it, and whether a call is
// half done meanwhile. Source: docs/spec/verdicts.md §5 (The cause of a finding).
#pragma once

#include <optional>

#include "judge/cause.hpp"

namespace dmafuzz {

struct About {
    int owners = 0;             // mappings that the bytes belong to
    int mappings = 0;           // and that share their lines; of a warning, those it concerns
    OpKind op = OpKind::alloc;  // of calls that do the same, the plainest
    bool inside_call = false;
    bool operator==(const About&) const = default;
};

// All that the started program shows as the target says it.
std::vector<About> abouts(Judge& judge, const PlatformSignature& target);

}  // namespace dmafuzz
