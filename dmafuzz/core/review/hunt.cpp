// SPDX-License-Identifier: GPL-2.0-only
#include "review/hunt.hpp"

#include <chrono>

namespace dmafuzz {

Hunt::Hunt(const std::string& first, const std::string& second, std::vector<Platform> portfolio, uint64_t seed,
           int ops_limit)
    : pair_(first, second, std::move(portfolio)), rng_(seed), generator_(rng_, ops_limit) {}

void Hunt::add(const Program& program) {
    for (size_t platform = 0; platform < pair_.platforms(); platform++) try_on(program, platform);
    if (!program.ops.empty()) generator_.add(program);
}

void Hunt::burst(int milliseconds) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + std::chrono::milliseconds(milliseconds);
    // A kernel's own code is booted anew for another platform: stay with one for a while.
    constexpr int programs_on_a_platform = 200;
    do {
        for (int i = 0; i < programs_on_a_platform && Clock::now() < end; i++) {
            const Program program = generator_.next(nullptr);
            try_on(program, platform_);
        }
        platform_ = (platform_ + 1) % pair_.platforms();
    } while (Clock::now() < end);
}

std::vector<Hunted> Hunt::take() {
    std::vector<Hunted> out;
    out.swap(found_);
    return out;
}

void Hunt::try_on(const Program& program, size_t platform) {
    programs_++;
    pair_.start(program);
    coverage_.start();
    const bool alike = pair_.warn_alike(platform, &coverage_);
    if (coverage_.novel() && !program.ops.empty()) generator_.add(program);
    if (alike) return;
    differing_++;
    look(program, platform);
}

void Hunt::look(const Program& program, size_t platform) {
    const std::vector<PlatformChange> changes = pair_.changes(platform);
    for (const PlatformChange& change : changes) {
        if (change.change.shown.label == Label::tp) continue;  // what it explains is told
        const Key key{change.change.gained, signature_key(change.signature())};
        if (told_.contains(key) || !followed_.insert(key).second) continue;
        follow(program, change);
    }
}

void Hunt::follow(const Program& program, const PlatformChange& change) {
    Hunted found{pair_.minimize(program, change), {}, program};
    const Key key{found.minimal.change.change.gained, signature_key(found.minimal.change.signature())};
    if (!told_.insert(key).second) return;
    pair_.start(found.minimal.program);
    for (size_t p = 0; p < pair_.platforms(); p++)
        for (const PlatformChange& c : pair_.changes(p))
            if (c.change == found.minimal.change.change) found.platforms.set(p);
    generator_.add(found.minimal.program);
    found_.push_back(std::move(found));
}

}  // namespace dmafuzz
