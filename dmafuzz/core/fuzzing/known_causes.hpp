// SPDX-License-Identifier: GPL-2.0-only
// The causes that one engine has found: their minimal programs, and which of them are at work in another program.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "judge/cause.hpp"

namespace dmafuzz {

class KnownCauses {
public:
    // False: that very program was known for it already.
    bool add(const PlatformSignature& target, const Program& minimal);
    // The same kind of finding, no rule broken that the program keeps, and the operations of the minimal program in
    // that order.
    bool at_work_in(const Program& program, const PlatformSignature& target) const;
    // So many causes of a signature of several rules are known that another one would add nothing: with each rule that
    // has to be broken as well, there are more of them, and they matter less.
    bool enough(uint64_t signature) const;
    bool any(Label label) const { return labels_ & bit(label); }

private:
    struct Known {
        Rules rules;
        std::vector<OpKind> skeleton;
        bool operator==(const Known&) const = default;
    };
    std::unordered_map<uint32_t, std::vector<Known>> known_;  // by label, kind and reason
    std::unordered_set<uint64_t> causes_;                     // signature, minimal program
    std::unordered_map<uint64_t, uint32_t> count_;            // of a signature
    Labels labels_ = 0;
};

}  // namespace dmafuzz
