#include "search/rarity.hpp"

#include <algorithm>

namespace dmafuzz {

bool Rarity::rare(Judge& judge, size_t platform) {
    const Analysis& a = judge.cover(platform);
    constexpr uint8_t often = 4;
    constexpr uint64_t corruption = 1u << 8;
    auto because = [](Reason reason) { return static_cast<uint64_t>(reason) << 24; };
    suspicions_.clear();
    for (const Corruption& c : a.corruptions)
        if (!c.explained) suspicions_.push_back(because(judge.reason(platform, c)) | corruption | static_cast<uint64_t>(c.kind));
    for (size_t i = 0; i < a.watch.warnings.size(); i++)
        if (!a.justified_here[i])
            suspicions_.push_back(because(judge.reason(platform, a.watch.warnings[i])) | static_cast<uint64_t>(a.watch.warnings[i].id));
    if (a.broken()) suspicions_.assign(1, static_cast<uint64_t>(a.watch.warnings.back().id));  // it says nothing else
    if (suspicions_.empty()) return false;
    // Programs count, not how often one shows it.
    std::sort(suspicions_.begin(), suspicions_.end());
    suspicions_.erase(std::unique(suspicions_.begin(), suspicions_.end()), suspicions_.end());
    const uint64_t here = static_cast<uint64_t>(judge.rules(platform)) << 32 | static_cast<uint64_t>(platform) << 16;
    bool rare = false;
    for (uint64_t suspicion : suspicions_) {
        uint8_t& times = times_seen_[here | suspicion];
        if (times == often) continue;
        times++;
        rare = true;
    }
    return rare;
}

}  // namespace dmafuzz
