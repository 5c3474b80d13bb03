// SPDX-License-Identifier: GPL-2.0-only
// How many different things there were, of any number, in 16 KiB: HyperLogLog (Flajolet, Fusy, Gandouet, Meunier,
// 2007). The reader of the registers works the number out; its standard error is 0.8 %.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace dmafuzz {

struct DistinctCount {
    static constexpr int index_bits = 14;
    uint8_t ranks[size_t{1} << index_bits];

    void add(uint64_t hash) {
        // All bits of it count: those of a weak hash are spread first (the finalizer of MurmurHash3).
        hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdull;
        hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53ull;
        hash ^= hash >> 33;
        uint8_t& rank = ranks[hash >> (64 - index_bits)];
        rank = std::max(rank, static_cast<uint8_t>(std::countl_zero(hash << index_bits | 1) + 1));
    }
};

}  // namespace dmafuzz
