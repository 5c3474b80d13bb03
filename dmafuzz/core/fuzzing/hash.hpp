// SPDX-License-Identifier: GPL-2.0-only
// Hashes for the search's own tables, and for choosing a program's platform: the same in every run.
#pragma once

#include "program/scope.hpp"

namespace dmafuzz {

inline uint64_t mix(uint64_t a, uint64_t b) {
    return (a ^ (b + 0x9e3779b97f4a7c15ull + (a << 6) + (a >> 2))) * 0xff51afd7ed558ccdull;
}

// Of the records, so that it says nothing of how a program is kept.
inline uint64_t hash_program(const Program& program) {
    uint64_t h = program.ops.size();
    for (const Op& op : program.ops)
        for (uint64_t word : record_words(op)) {
            h = (h ^ word) * 0x9e3779b97f4a7c15ull;
            h ^= h >> 32;
        }
    return h;
}

// Where a program is judged first, of so many platforms: by the program alone, so that it replays.
inline size_t platform_of(const Program& program, size_t platforms) { return hash_program(program) % platforms; }

}  // namespace dmafuzz
