// SPDX-License-Identifier: GPL-2.0-only
// What a warning covers, in the terms of the program: mappings, calls and devices. So that one platform's warning can
// be asked about on another, where all of these lie elsewhere. Source: docs/spec/verdicts.md §2 (Covering).
#pragma once

#include <cstdint>

#include "run/run.hpp"
#include "tracker/tracker.hpp"

namespace dmafuzz {

// Calls of a program by names that they have on every platform. The tidy-up's operations have other numbers on others.
struct Calls {
    uint64_t ops = 0;        // of the program, a bit each
    uint32_t tidied = 0;     // by the mapping that the tidy-up ends
    uint8_t unfinished = 0;  // by the CPU whose call the tidy-up finishes
    bool operator==(const Calls&) const = default;
    auto operator<=>(const Calls&) const = default;
    Calls& operator|=(const Calls& o) {
        ops |= o.ops;
        tidied |= o.tidied;
        unfinished |= o.unfinished;
        return *this;
    }
    void digest(Digest& into) const {
        into.add(ops);
        into.add(static_cast<uint64_t>(unfinished) << 32 | tidied);
    }
    bool meet(const Calls& o) const {
        return (ops & o.ops) != 0 || (tidied & o.tidied) != 0 || (unfinished & o.unfinished) != 0;
    }
};

// An operation alone; and the call it belongs to, which may have been split in two.
Calls operation(const Run& run, uint8_t op);
Calls call_of(const Run& run, uint8_t op);
// The operation with the other half of a split call, or no_op.
uint8_t other_half(const Run& run, uint8_t op);

// Some bytes of a mapping's entry (0 where it is no list).
struct MappedPart {
    uint8_t mapping = no_mapping;
    uint8_t entry = 0;
    uint32_t from = 0, to = 0;
    void digest(Digest& into) const {
        into.add(static_cast<uint64_t>(mapping) << 8 | entry);
        into.add(static_cast<uint64_t>(from) << 32 | to);
    }
    bool operator==(const MappedPart&) const = default;
    auto operator<=>(const MappedPart&) const = default;
};

// All that holds of these is covered.
struct Claim {
    uint32_t mappings = 0;  // all of their lines
    Calls range;            // the lines of this call's range
    uint8_t added =
        no_mapping;  // the lines that this one has in common with any of `collided` (itself: two entries of a list)
    uint32_t collided = 0;
    uint8_t devices = 0;  // what their mappings cover
    MappedPart once;      // here, corruptions of which every mapping was live when it fired
    // For harms that are no corruption.
    uint32_t concerned = 0;  // mappings
    uint16_t buffers = 0;    // theirs
    Calls call;
    void digest(Digest& into) const;
    bool operator==(const Claim&) const = default;
    auto operator<=>(const Claim&) const = default;
};

Claim claim_of(const Warning& warning, const Run& run);

}  // namespace dmafuzz
