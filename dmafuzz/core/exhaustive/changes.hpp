// SPDX-License-Identifier: GPL-2.0-only
// What changes between two trackers on one program, on all platforms of a portfolio; worked out once for each
// combination of outcomes.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "exhaustive/verdicts.hpp"
#include "judge/change.hpp"

namespace dmafuzz {

// A signature that only one of two trackers shows; of label TP or bookkeeping, too: a warning that has its
// justification.
struct ChangedSignature {
    bool gained;  // by the second one
    Signature signature;
};

class Changes {
public:
    using Id = uint32_t;

    // Corruptions of one platform that only one tracker explains, interned; 0: there are none.
    Id turned(const std::vector<Change>& corruptions);
    // By the outcomes of both, and what has turned between them, each by platform. 0: nothing changes.
    Id between(const Verdicts& verdicts, std::span<const Verdicts::Id> first, std::span<const Verdicts::Id> second,
               std::span<const Id> turned);
    const std::vector<ChangedSignature>& operator[](Id changes) const {
        DMAFUZZ_CHECK(changes < changes_.size());
        return changes_[changes];
    }

private:
    std::vector<std::vector<Change>> turned_ = {{}};
    std::vector<std::vector<ChangedSignature>> changes_ = {{}};
    std::unordered_map<Digest, Id, DigestHash> turned_ids_, ids_;
};

}  // namespace dmafuzz
