#include "search/leads.hpp"

#include <algorithm>
#include <bit>

namespace dmafuzz {

namespace {

// So often a signature is tried that turns out to be two faults in one program: in another one it may be one.
constexpr uint8_t enough = 32, waiting_max = 2;
// What is accounted for by known causes comes after all that is not.
constexpr uint32_t accounted_for = 1024;

size_t any_of(Rng& rng, const PlatformSet& platforms) {
    uint32_t left = rng.below(static_cast<uint32_t>(platforms.count()));
    size_t at = 0;
    while (!platforms[at] || left-- > 0) at++;
    return at;
}

}  // namespace

// Where no known cause that breaks fewer rules shows the same: what is two faults on most platforms may be one on an odd one.
PlatformSet Leads::not_accounted_for(const Shown& shown) const {
    PlatformSet odd = shown.platforms;
    auto known = settled_.find(sort_of(shown.label, shown.kind));
    if (known == settled_.end()) return odd;
    for (const Settled& s : known->second)
        if ((s.rules & ~shown.rules) == 0 && s.rules != shown.rules) odd &= ~s.platforms;
    return odd;
}

// One after the other.
size_t Leads::next_platform(Tried& tried, const PlatformSet& candidates, Rng& rng) const {
    if ((candidates & ~tried.platforms).none()) tried.platforms.reset();
    const size_t platform = any_of(rng, candidates & ~tried.platforms);
    tried.platforms.set(platform);
    return platform;
}

void Leads::add(const Program& program, const std::vector<Shown>& all, Rng& rng) {
    for (const Shown& shown : all) {
        Target target{shown.label, shown.kind, 0, shown.rules};
        Tried& tried = tried_[signature_of(target)];
        if (tried.done || tried.times == enough || tried.waiting == waiting_max) continue;
        const PlatformSet odd = not_accounted_for(shown);
        target.platform = next_platform(tried, odd.any() ? odd : shown.platforms, rng);
        // The more often it has been tried, the less another try promises.
        uint32_t faults = static_cast<uint32_t>(std::popcount(shown.rules)) * 8u + static_cast<uint32_t>(program.ops.size()) + 2u * tried.times;
        if (odd.none()) faults += accounted_for;
        leads_.push({faults, count_++, program, target});
        tried.times++;
        tried.waiting++;
    }
}

void Leads::settle(const Shown& cause) { settled_[sort_of(cause.label, cause.kind)].push_back({cause.rules, cause.platforms}); }

Lead Leads::take() {
    Lead lead = leads_.top();
    leads_.pop();
    tried_[signature_of(lead.target)].waiting--;
    return lead;
}

bool Leads::done(const Target& target) const {
    auto tried = tried_.find(signature_of(target));
    return tried != tried_.end() && tried->second.done;
}

}  // namespace dmafuzz
