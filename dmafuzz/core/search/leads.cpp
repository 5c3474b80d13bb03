#include "search/leads.hpp"

#include <bit>

namespace dmafuzz {

namespace {

// So often a signature is tried that turns out to be two faults in one program: in another one it may be one.
constexpr uint8_t enough = 32, waiting_max = 2;

Target target_of(const Shown& shown) { return {shown.label, shown.kind, 0, shown.rules}; }

size_t any_of(Rng& rng, const PlatformSet& platforms) {
    uint32_t left = rng.below(static_cast<uint32_t>(platforms.count()));
    size_t at = 0;
    while (!platforms[at] || left-- > 0) at++;
    return at;
}

}  // namespace

void Leads::add(const Program& program, const std::vector<Shown>& all) {
    for (const Shown& shown : all) {
        Tried& tried = tried_[signature_of(target_of(shown))];
        if (tried.done || tried.times == enough || tried.waiting == waiting_max) continue;
        const uint32_t rules = static_cast<uint32_t>(std::popcount(shown.rules)), ops = static_cast<uint32_t>(program.ops.size());
        leads_.push({8 * rules + ops + 2u * tried.times, count_++, program, shown});
        tried.times++;
        tried.waiting++;
    }
}

Lead Leads::take() {
    Lead lead = leads_.top();
    leads_.pop();
    tried_[signature_of(target_of(lead.shown))].waiting--;
    return lead;
}

bool Leads::done(const Shown& shown) const {
    auto tried = tried_.find(signature_of(target_of(shown)));
    return tried != tried_.end() && tried->second.done;
}

Target Leads::target(const Shown& shown, const PlatformSet& platforms, Rng& rng) {
    Target target = target_of(shown);
    Tried& tried = tried_[signature_of(target)];
    if ((platforms & ~tried.platforms).none()) tried.platforms.reset();
    target.platform = any_of(rng, platforms & ~tried.platforms);
    tried.platforms.set(target.platform);
    return target;
}

}  // namespace dmafuzz
