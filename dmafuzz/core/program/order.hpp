// SPDX-License-Identifier: GPL-2.0-only
// The order of programs by size. Source: docs/spec/verdicts.md §6 (Minimal).
#pragma once

#include <compare>
#include <cstdint>

#include "program/op.hpp"

namespace dmafuzz {

// Smaller first. The last criterion of the specification, the text, is for those who have the text.
struct Order {
    uint32_t ops = 0, cpus = 0, splits = 0, devices = 0, buffers = 0;
    uint64_t sizes = 0;  // and offsets, of all operations and entries
    auto operator<=>(const Order&) const = default;
};

// Sizes and offsets that the order prefers are multiples of that.
inline constexpr uint32_t preferred_bytes = 16;
// A size or an offset by its place in the order: all multiples of 16 come before all others.
uint64_t size_order(uint32_t bytes);
// What one operation adds to the last criterion. A call's size of 0 comes after all multiples of 16.
uint64_t sizes_of(const Op& op);
Order order_of(const Program& program);

}  // namespace dmafuzz
