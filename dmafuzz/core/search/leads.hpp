// Leads: what short programs show that may be a cause of its own, in the order in which it is worth being minimised.
//
// Two faults in one program show as a signature (label, kind, rules broken) of their own, which is no cause of its own: what
// breaks few rules, and has not been tried often, comes first.
#pragma once

#include <queue>
#include <tuple>
#include <unordered_map>

#include "search/cause.hpp"
#include "search/rng.hpp"

namespace dmafuzz {

struct Lead {
    uint32_t faults;  // rules broken, operations, earlier tries
    uint64_t number;  // of two that promise as much, the older one
    Program program;
    Shown shown;
    bool operator<(const Lead& other) const { return std::tie(other.faults, other.number) < std::tie(faults, number); }
};

class Leads {
  public:
    // What a short program shows on the portfolio; nothing is added for a signature whose cause is known, or that has been
    // tried often.
    void add(const Program& program, const std::vector<Shown>& shown);

    bool empty() const { return leads_.empty(); }
    size_t size() const { return leads_.size(); }
    // The one that promises most; its cause may be known by now (`done`).
    Lead take();
    bool done(const Shown& shown) const;
    void set_done(const Target& target) { tried_[signature_of(target)].done = true; }
    // One of `platforms`, of which there is at least one, to minimise it for: each of a signature's in its turn.
    Target target(const Shown& shown, const PlatformSet& platforms, Rng& rng);

  private:
    struct Tried {
        uint8_t times = 0, waiting = 0;
        bool done = false;      // a cause of its own has been found
        PlatformSet platforms;  // where it has been minimised, of late
    };

    std::unordered_map<uint64_t, Tried> tried_;  // by signature
    std::priority_queue<Lead> leads_;
    uint64_t count_ = 0;
};

}  // namespace dmafuzz
