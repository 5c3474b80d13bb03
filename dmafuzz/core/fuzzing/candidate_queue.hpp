// SPDX-License-Identifier: GPL-2.0-only
// Candidates: what short programs show that may be a cause of its own, in the order in which it is minimized.
//
// Two faults in one program show as a signature (label, kind, rules broken) of their own, which is no cause of its own:
// what breaks few rules, and has not been tried often, comes first.
#pragma once

#include <set>
#include <tuple>
#include <unordered_map>

#include "fuzzing/rng.hpp"
#include "judge/cause.hpp"

namespace dmafuzz {

struct Candidate {
    uint32_t rank;    // rules broken, operations, other tries: the lowest promises most
    uint64_t number;  // of two of one rank, the older one
    Program program;
    Signature signature;
    bool operator<(const Candidate& other) const { return std::tie(rank, number) < std::tie(other.rank, other.number); }
};

class CandidateQueue {
public:
    // Something that a short program shows on the portfolio. Nothing is added for a signature that has been tried
    // often, of which others wait already, or whose causes have been followed up on all of these platforms.
    void add(const Program& program, const Signature& shown);

    bool empty() const { return candidates_.empty(); }
    size_t size() const { return candidates_.size(); }
    // The one that promises most; it may have been followed up by now (`open`).
    Candidate pop();
    // The platforms where no cause of the signature has been followed up to its end.
    PlatformSet open(const Signature& shown) const;
    void close(const PlatformSignature& target, const PlatformSet& platforms) {
        tried_[signature_key(target)].closed |= platforms;
    }
    // One of `platforms`, of which there is at least one, to minimize it for: the signature's platforms take turns.
    PlatformSignature target(const Signature& shown, const PlatformSet& platforms, Rng& rng);

private:
    struct Tried {
        uint8_t times = 0, waiting = 0;
        PlatformSet closed;
        PlatformSet platforms;  // where it has been minimized, of late
    };

    Candidate remove(std::set<Candidate>::iterator at);

    std::unordered_map<uint64_t, Tried> tried_;  // by signature
    std::set<Candidate> candidates_;
    uint64_t count_ = 0;
};

}  // namespace dmafuzz
