// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/state_key.hpp"

namespace dmafuzz {

bool state_key(Judge& judge, const Program& prefix, const std::vector<uint8_t>& names, Digest& out) {
    judge.keep_states();
    judge.start(prefix);
    out = {};
    for (size_t platform = 0; platform < judge.platforms(); platform++) out.add(judge.state(platform, names));
    judge.keep_states(false);
    return true;
}

}  // namespace dmafuzz
