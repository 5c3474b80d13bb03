#include "coherency/automaton.hpp"

namespace dmafuzz {

Automaton::Automaton() : slots_(size_t{1} << slot_bits) {}

Set Automaton::compute(Set set, Unasked unasked) {
    for (;;) {
        Set next = set;
        for (int e = 0; e < unasked_events; e++)
            if (unasked >> e & 1) next |= apply(static_cast<Event>(e), set);
        if (next == set) return set;
        set = next;
    }
}

}  // namespace dmafuzz
