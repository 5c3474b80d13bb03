// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/signature_counts.hpp"

#include <algorithm>

namespace dmafuzz {

// What there is, by kind; with the tracker's reason, if that is asked for: that takes another look at the program.
void SignatureCounts::suspect(Judge& judge, size_t platform, const Analysis& a, bool reasons) {
    constexpr uint64_t corruption = 1u << 8;
    auto because = [&](const auto& what) {
        return reasons ? static_cast<uint64_t>(judge.reason(platform, what)) << 24 : uint64_t{0};
    };
    suspicions_.clear();
    for (const Corruption& c : a.corruptions)
        if (!c.explained) suspicions_.push_back(because(c) | corruption | static_cast<uint64_t>(c.kind));
    for (size_t i = 0; i < a.watch.warnings.size(); i++)
        if (!a.justified_here[i])
            suspicions_.push_back(because(a.watch.warnings[i]) | static_cast<uint64_t>(a.watch.warnings[i].id));
    // Programs count, not how often one shows it.
    std::sort(suspicions_.begin(), suspicions_.end());
    suspicions_.erase(std::unique(suspicions_.begin(), suspicions_.end()), suspicions_.end());
}

bool SignatureCounts::rare_among(uint64_t here) {
    constexpr uint8_t often = 4;
    bool rare = false;
    for (uint64_t suspicion : suspicions_) {
        uint8_t& times = times_seen_[here | suspicion];
        if (times == often) continue;
        times++;
        rare = true;
    }
    return rare;
}

bool SignatureCounts::rare(Judge& judge, size_t platform) {
    constexpr uint32_t one_in_common = 4;
    const Analysis& a = judge.cover(platform);
    suspect(judge, platform, a, false);
    if (a.broken()) suspicions_.assign(1, static_cast<uint64_t>(a.watch.warnings.back().id));  // it says nothing else
    if (suspicions_.empty()) return false;
    const uint64_t here = static_cast<uint64_t>(judge.rules(platform)) << 32 | static_cast<uint64_t>(platform) << 16;
    if (rare_among(here)) return true;
    if (a.broken() || ++common_ % one_in_common) return false;
    suspect(judge, platform, a, true);
    return rare_among(here);
}

}  // namespace dmafuzz
