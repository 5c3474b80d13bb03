// SPDX-License-Identifier: GPL-2.0-only
// What a tracker costs a machine: the price of a rule stands beside its verdicts.
// Source: docs/spec/trackers.md §9 (Cost).
#pragma once

#include <cstdint>

namespace dmafuzz {

// Of one program: lock acquisitions by kind of lock, and steps of look-ups.
struct Cost {
    uint64_t bucket_locks = 0;         // of the hash's buckets
    uint64_t tree_locks = 0;           // radix_lock: one for the whole machine
    uint64_t pool_locks = 0;           // free_entries_lock
    uint64_t other_locks = 0;          // the driver filter's, say
    uint64_t lookup_steps = 0;         // entries looked at
    uint64_t tree_operations = 0;      // on the tree of active cachelines, under a lock: insert, delete, look up, tags
    uint64_t lockless_operations = 0;  // the same without one
    bool operator==(const Cost&) const = default;
};

}  // namespace dmafuzz
