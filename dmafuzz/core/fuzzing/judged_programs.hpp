// SPDX-License-Identifier: GPL-2.0-only
// The programs that an engine has judged of late: one that comes again, as it is or with other names, says nothing new.
#pragma once

#include <vector>

#include "fuzzing/hash.hpp"
#include "fuzzing/minimize.hpp"

namespace dmafuzz {

class JudgedPrograms {
public:
    // False if it is known already. One in some billions is taken for another, and of those long ago some are
    // forgotten.
    bool add(const Program& program) {
        const uint64_t hash = hash_program(canonical(program));
        uint64_t& known = known_[hash % known_.size()];
        if (known == hash) return false;
        known = hash;
        return true;
    }

private:
    static constexpr size_t room = 1u << 20;
    std::vector<uint64_t> known_ = std::vector<uint64_t>(room);
};

}  // namespace dmafuzz
