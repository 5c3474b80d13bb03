// Covering, seen from what is covered: which warnings belong to a corruption or a harm. A warning is named by the
// program alone (its operation, and the mappings it concerns), so that one platform's warning can be asked about on another.
// Source: the specification's verdicts.md, Covering.
#pragma once

#include <cstdint>

#include "machine/run.hpp"

namespace dmafuzz {

// The warnings that concern one of the mappings, or that one of the operations led to.
struct Reach {
    uint32_t mappings = 0;  // a bit each
    uint64_t ops = 0;       // a bit each; the tidy-up's operations differ between platforms and are in no reach
    bool operator==(const Reach&) const = default;
    Reach& operator|=(const Reach& o) {
        mappings |= o.mappings;
        ops |= o.ops;
        return *this;
    }
    bool has(uint32_t concerned, unsigned op) const { return (mappings & concerned) != 0 || (op < 64 && (ops >> op & 1)); }
};

// Of a range of memory: the mappings over its hardware cache lines and the operations whose calls touch them.
Reach reach_of(const Run& run, uint64_t phys, uint64_t bytes, int line);

}  // namespace dmafuzz
