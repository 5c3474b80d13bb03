// SPDX-License-Identifier: GPL-2.0-only
// One rule of a tracker changed, to see what it is that a tracker lacks: where the changed tracker explains a
// corruption that the tracker itself is silent about, that rule is why. Named as ERA+CHANGE, or with several changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tracker/era.hpp"

namespace dmafuzz {

struct WhatIf {
    std::string name;
    std::string lacks;  // the rule as it is now, in words
    void (*change)(Era&);
};

// In the order in which they are tried: the smallest change first.
const std::vector<WhatIf>& what_ifs();
// An era or proposal with the changes that its name asks for, those of proposals too; nothing for an unknown name, or
// where a change changes nothing.
std::optional<Era> changed_era(const std::string& name);

}  // namespace dmafuzz
