// The unasked steps' closure of a set, memoised: a deterministic automaton whose states are sets,
// built as programs ask for it.
#pragma once

#include <vector>

#include "coherency/copies.hpp"

namespace dmafuzz {

class Automaton {
  public:
    Automaton();

    // `set` and all that any number of the unasked events makes of it.
    Set close(Set set, Unasked unasked) {
        Slot& slot = slots_[slot_of(set, unasked)];
        if (slot.set == set && slot.unasked == unasked) {
            hits_++;
            return slot.closed;
        }
        misses_++;
        slot = {set, compute(set, unasked), unasked};
        return slot.closed;
    }

    static Set compute(Set set, Unasked unasked);

    uint64_t hits() const { return hits_; }
    uint64_t misses() const { return misses_; }

  private:
    struct Slot {
        Set set = 0;
        Set closed = 0;
        Unasked unasked = 0xffff;
    };
    // Bounded: 2^15 transitions of 24 bytes; a collision recomputes, so a full table is slower, never wrong.
    static constexpr int slot_bits = 15;

    static size_t slot_of(Set set, Unasked unasked) {
        return ((set ^ static_cast<uint64_t>(unasked) << 50) * 0x9e3779b97f4a7c15ull) >> (64 - slot_bits);
    }

    std::vector<Slot> slots_;
    uint64_t hits_ = 0, misses_ = 0;
};

}  // namespace dmafuzz
