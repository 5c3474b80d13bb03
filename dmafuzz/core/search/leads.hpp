// Leads: what short programs show that may be a cause of its own, in the order in which it is worth being minimised.
//
// Two faults in one program show as a signature (label, kind, rules broken) of their own, which is no cause of its own. What
// breaks few rules comes first, and before all else what no known cause accounts for on some platform.
#pragma once

#include <queue>
#include <tuple>
#include <unordered_map>

#include "search/cause.hpp"
#include "search/rng.hpp"

namespace dmafuzz {

struct Lead {
    uint32_t faults;  // rules broken, operations, earlier tries; whether a known cause accounts for it
    uint64_t number;  // of two that promise as much, the older one
    Program program;
    Target target;
    bool operator<(const Lead& other) const { return std::tie(other.faults, other.number) < std::tie(faults, number); }
};

class Leads {
  public:
    // What a short program shows on the portfolio; nothing is added for a signature whose cause is known, or that has been
    // tried often.
    void add(const Program& program, const std::vector<Shown>& shown, Rng& rng);
    // A new cause: its signature, and all platforms where its minimal program shows it.
    void settle(const Shown& cause);

    bool empty() const { return leads_.empty(); }
    size_t size() const { return leads_.size(); }
    // The one that promises most; its cause may be known by now (`done`).
    Lead take();
    bool done(const Target& target) const;
    void set_done(const Target& target) { tried_[signature_of(target)].done = true; }

  private:
    struct Tried {
        uint8_t times = 0, waiting = 0;
        bool done = false;      // a cause of its own has been found
        PlatformSet platforms;  // where it has been tried, of late
    };
    // The signature of a known cause, but for label and kind.
    struct Settled {
        Rules rules;
        PlatformSet platforms;
    };

    PlatformSet not_accounted_for(const Shown& shown) const;
    size_t next_platform(Tried& tried, const PlatformSet& candidates, Rng& rng) const;

    std::unordered_map<uint64_t, Tried> tried_;                    // by signature
    std::unordered_map<uint32_t, std::vector<Settled>> settled_;   // by label and kind
    std::priority_queue<Lead> leads_;
    uint64_t count_ = 0;
};

}  // namespace dmafuzz
