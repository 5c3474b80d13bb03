// SPDX-License-Identifier: GPL-2.0-only
// Pages handed out from a bump pointer, in blocks of 2^order, each aligned to its size. What is given back is taken
// again last in, first out, by the next of its sort that asks for the same order; nothing is split or merged.
// Deterministic: the same requests get the same addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "program/op.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

// The least order of pages that holds so many bytes.
constexpr uint32_t order_of(uint64_t bytes) {
    uint32_t order = 0;
    while ((uint64_t{page_bytes} << order) < bytes) order++;
    return order;
}
constexpr uint64_t bytes_of_order(uint32_t order) { return uint64_t{page_bytes} << order; }

class Arena {
public:
    void reset(uint64_t base, uint64_t limit) {
        next_ = base;
        limit_ = limit;
        freed_.clear();
    }

    // The address, or 0 where the arena is full. Addresses start above 0. `gap`: pages left free behind a fresh block.
    uint64_t allocate(uint32_t sort, uint32_t order, uint32_t gap = 0) {
        for (std::size_t i = freed_.size(); i-- > 0;) {
            if (freed_[i].sort != sort || freed_[i].order != order) continue;
            const uint64_t at = freed_[i].at;
            freed_.erase(freed_.begin() + static_cast<std::ptrdiff_t>(i));
            return at;
        }
        const uint64_t bytes = bytes_of_order(order);
        const uint64_t at = (next_ + bytes - 1) & ~(bytes - 1);
        if (at + bytes > limit_) return 0;
        next_ = at + bytes + uint64_t{gap} * page_bytes;
        return at;
    }

    void give_back(uint32_t sort, uint32_t order, uint64_t at) { freed_.push_back({sort, order, at}); }

    void digest(Digest& into) const {
        into.add(next_);
        for (const Block& block : freed_) {
            into.add(static_cast<uint64_t>(block.sort) << 32 | block.order);
            into.add(block.at);
        }
        into.add(freed_.size());
    }

private:
    struct Block {
        uint32_t sort, order;
        uint64_t at;
    };

    uint64_t next_ = 0, limit_ = 0;
    std::vector<Block> freed_;
};

}  // namespace dmafuzz
