// SPDX-License-Identifier: GPL-2.0-only
// A small, fast generator of random numbers (SplitMix64): the same seed, the same programs, everywhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "check/check.hpp"

namespace dmafuzz {

class Rng {
public:
    explicit Rng(uint64_t seed) : state_(seed) {}
    uint64_t next() {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ z >> 27) * 0x94d049bb133111ebull;
        return z ^ z >> 31;
    }
    // 0 .. n - 1; n at least 1.
    uint32_t below(uint32_t n) {
        DMAFUZZ_CHECK(n > 0);
        return static_cast<uint32_t>((next() >> 32) * n >> 32);
    }
    bool one_in(uint32_t n) { return below(n) == 0; }
    template <class T, size_t N>
    T pick(const T (&from)[N]) {
        return from[below(N)];
    }

private:
    uint64_t state_;
};

}  // namespace dmafuzz
