// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/candidate_queue.hpp"

#include <bit>

#include "check/check.hpp"

namespace dmafuzz {

namespace {

// So often a signature is tried that turns out to be two faults in one program: in another one it may be one.
constexpr uint8_t enough = 32, waiting_max = 2;
// Beyond that, those that promise least are forgotten: a run may take days.
constexpr size_t leads_max = 100'000;

size_t any_of(Rng& rng, const PlatformSet& platforms) {
    DMAFUZZ_CHECK(platforms.any());
    uint32_t left = rng.below(static_cast<uint32_t>(platforms.count()));
    size_t at = 0;
    while (!platforms[at] || left-- > 0) at++;
    return at;
}

}  // namespace

void CandidateQueue::add(const Program& program, const Signature& shown) {
    Tried& tried = tried_[signature_key(shown)];
    if (tried.times >= enough || tried.waiting == waiting_max || (shown.platforms & ~tried.closed).none()) return;
    const uint32_t rules = static_cast<uint32_t>(std::popcount(shown.rules)),
                   ops = static_cast<uint32_t>(program.ops.size());
    candidates_.insert({8 * rules + ops + 2u * (tried.times + tried.waiting), count_++, program, shown});
    tried.waiting++;
    while (candidates_.size() > leads_max) remove(std::prev(candidates_.end()));
}

Candidate CandidateQueue::remove(std::set<Candidate>::iterator at) {
    Candidate candidate = std::move(candidates_.extract(at).value());
    tried_[signature_key(candidate.signature)].waiting--;
    return candidate;
}

Candidate CandidateQueue::pop() {
    DMAFUZZ_CHECK(!candidates_.empty());
    Candidate candidate = remove(candidates_.begin());
    Tried& tried = tried_[signature_key(candidate.signature)];
    if (tried.times < enough) tried.times++;
    return candidate;
}

PlatformSet CandidateQueue::open(const Signature& shown) const {
    auto tried = tried_.find(signature_key(shown));
    return tried == tried_.end() ? shown.platforms : shown.platforms & ~tried->second.closed;
}

PlatformSignature CandidateQueue::target(const Signature& shown, const PlatformSet& platforms, Rng& rng) {
    PlatformSignature target{shown.label, shown.kind, 0, shown.rules, shown.reason};
    Tried& tried = tried_[signature_key(target)];
    if ((platforms & ~tried.platforms).none()) tried.platforms.reset();
    target.platform = any_of(rng, platforms & ~tried.platforms);
    tried.platforms.set(target.platform);
    return target;
}

}  // namespace dmafuzz
