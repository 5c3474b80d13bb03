// SPDX-License-Identifier: GPL-2.0-only
// A digest of a state: two states with the same digest are taken for the same. 128 bits, so that a search through some
// billion states meets a collision with a probability below 1e-19.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dmafuzz {

class Digest {
public:
    void add(uint64_t value) {
        low_ = (low_ ^ value) * 0x9e3779b97f4a7c15ull;
        low_ ^= low_ >> 29;
        high_ = (high_ + value) * 0xc2b2ae3d27d4eb4full;
        high_ ^= high_ >> 31;
    }
    void add(const Digest& other) {
        add(other.low_);
        add(other.high_);
    }
    // For what comes in no order.
    void add_unordered(const Digest& member) {
        low_ += member.low_;
        high_ += member.high_ ^ (member.low_ << 1);
    }

    uint64_t low() const { return low_; }
    uint64_t high() const { return high_; }
    bool operator==(const Digest&) const = default;
    auto operator<=>(const Digest&) const = default;

private:
    uint64_t low_ = 0x243f6a8885a308d3ull, high_ = 0x13198a2e03707344ull;
};

struct DigestHash {
    size_t operator()(const Digest& d) const { return static_cast<size_t>(d.low()); }
};

}  // namespace dmafuzz
