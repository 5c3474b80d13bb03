// The order of programs by size. Source: the specification's verdicts.md, Minimal.
#pragma once

#include <compare>
#include <cstdint>

#include "program/op.hpp"

namespace dmafuzz {

// Smaller first. The last criterion of the specification, the text, is for those who have the text.
struct Order {
    uint32_t ops = 0, cpus = 0, splits = 0, devices = 0, buffers = 0;
    uint32_t sizes = 0;  // and offsets, of all operations and entries, in granules
    auto operator<=>(const Order&) const = default;
};

// What one operation adds to the last criterion.
uint32_t sizes_of(const Op& op);
Order order_of(const Program& program);

}  // namespace dmafuzz
