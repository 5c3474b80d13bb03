// SPDX-License-Identifier: GPL-2.0-only
// The deterministic automaton of sets: its states are the sets of states that a copy can be in (copies.hpp), its inputs
// the events on a copy, and the unasked steps to close under. Built as programs ask for it; from then on an event is a
// look-up. Everything else about a copy is not in its set, so all programs and platforms share one automaton.
#pragma once

#include <array>
#include <vector>

#include "check/check.hpp"
#include "coherency/copies.hpp"

namespace dmafuzz {

struct AutomatonStats {
    uint64_t states = 0, transitions = 0;  // as of now
    uint64_t hits = 0, misses = 0;
    uint64_t drops = 0;  // times that all was forgotten, for want of room
    uint64_t bytes = 0;
};

class Automaton {
public:
    using State = uint32_t;

    // Some thousands of states and transitions are all that random programs reach: far below that.
    static constexpr size_t default_budget = size_t{64} << 20;  // bytes

    explicit Automaton(size_t budget = default_budget) : budget_(budget) { forget(); }

    // The process's, or rather the thread's: nothing in it depends on who asked.
    static Automaton& shared();

    // Between programs: forgets everything where the budget is used up. States from before are no longer valid then.
    void make_room() {
        if (bytes() > budget_) drop();
    }

    // Of what its states mean: no other automaton has that number, nor has this one once everything was forgotten.
    uint64_t generation() const { return generation_; }

    State of(Set set);
    Set set(State state) const {
        DMAFUZZ_CHECK(state < states_.size());
        return states_[state].set;
    }
    Lane cpu_view(State state) const { return states_[state].cpu_view; }
    Lane memory_view(State state) const { return states_[state].memory_view; }
    // Views with anything in them that a reader could be hurt by, or see of others.
    Eyes suspicious(State state) const { return states_[state].suspicious; }

    State apply(Event event, State state) {
        DMAFUZZ_CHECK(event < Event::count_ && state < states_.size());
        State next = states_[state].next[static_cast<size_t>(event)];
        if (next == unknown) return compute(event, state);
        hits_++;
        return next;
    }
    State close(State state, Unasked unasked) {
        DMAFUZZ_CHECK(state < states_.size() && unasked >> unasked_events == 0);
        const uint64_t key = static_cast<uint64_t>(state) << 16 | unasked;
        for (size_t at = place_of(key);; at = (at + 1) & (closures_.size() - 1)) {
            const Closure& c = closures_[at];
            if (c.key == no_key) return compute_closure(state, unasked);
            if (c.key != key) continue;
            hits_++;
            return c.closed;
        }
    }

    AutomatonStats stats() const {
        return {states_.size(), events_known_ + closures_known_, hits_, misses_, drops_, bytes()};
    }

private:
    static constexpr State unknown = 0xffffffff;
    static constexpr uint64_t no_key = ~uint64_t{0};

    struct Row {
        Set set;
        Lane cpu_view, memory_view;
        Eyes suspicious;
        std::array<State, static_cast<size_t>(Event::count_)> next;
    };
    struct Closure {
        uint64_t key = no_key;
        State closed = unknown;
    };

    size_t place_of(uint64_t key) const { return (key * 0x9e3779b97f4a7c15ull) >> closure_shift_; }
    size_t bytes() const {
        return states_.capacity() * sizeof(Row) + index_.capacity() * sizeof(State) +
               closures_.capacity() * sizeof(Closure);
    }
    State compute(Event event, State state);
    State compute_closure(State state, Unasked unasked);
    void add_closure(uint64_t key, State closed);
    void resize_closures(int bits);
    void resize_index(size_t size);
    size_t find(Set set) const;  // in the index: where it is, or belongs
    void forget();
    void drop();

    size_t budget_;
    uint64_t generation_ = 0;
    std::vector<Row> states_;
    std::vector<State> index_;  // of states by set: open addressing
    std::vector<Closure> closures_;
    int closure_shift_ = 0;
    size_t events_known_ = 0, closures_known_ = 0;
    uint64_t hits_ = 0, misses_ = 0, drops_ = 0;
};

}  // namespace dmafuzz
