// SPDX-License-Identifier: GPL-2.0-only
// What programs show on one platform, and how often: of what is common, most needs no closer look.
#pragma once

#include <unordered_map>
#include <vector>

#include "judge/contract.hpp"
#include "judge/judge.hpp"

namespace dmafuzz {

class SignatureCounts {
public:
    // Something unexplained or unjustified that few programs before have shown there with the same rules broken; of
    // what many have shown, some are asked for the tracker's reason, and count as rare where that is. Counts it.
    bool rare(Judge& judge, size_t platform);

private:
    bool rare_among(uint64_t here);
    void suspect(Judge& judge, size_t platform, const Analysis& analysis, bool reasons);

    std::vector<uint64_t> suspicions_;  // of one program: kinds of corruptions and warnings, and reasons
    uint32_t common_ = 0;               // programs that have shown nothing but that
    std::unordered_map<uint64_t, uint8_t> times_seen_;  // of one on a platform, with the rules broken
};

}  // namespace dmafuzz
