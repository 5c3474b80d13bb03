// SPDX-License-Identifier: GPL-2.0-only
// All programs of the exhaustive search's alphabet up to some length, each once, shorter ones first: what is small is
// met for certain, and soon.
#pragma once

#include <vector>

#include "alphabet/alphabet.hpp"
#include "fuzzing/rng.hpp"

namespace dmafuzz {

class Enumeration {
public:
    // Up to `ops` operations. `part` of `parts` engines that share the programs of the full length among them, each of
    // which goes through the shorter ones; for those beyond there is nothing left.
    Enumeration(int ops, uint32_t part, uint32_t parts);

    // The next program; false where all are through.
    bool next(Rng& rng, Program& program);

private:
    bool next_beginning(Rng& rng);
    bool mine(const Program& beginning) const;

    size_t ops_;
    uint32_t part_, parts_;
    std::vector<Program> beginnings_;  // of one length, those that have not been gone on from
    std::vector<Program> longer_;      // with one operation more
    Program beginning_;                // that is being gone on from
    std::vector<Op> letters_;          // that have not followed it
};

}  // namespace dmafuzz
