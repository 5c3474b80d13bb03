// SPDX-License-Identifier: GPL-2.0-only
#include "coherency/automaton.hpp"

#include <atomic>

#include "check/check.hpp"

namespace dmafuzz {

namespace {

constexpr int closure_bits_at_first = 10;
constexpr size_t index_size_at_first = 256;

size_t hash_of(Set set) { return (set * 0x9e3779b97f4a7c15ull) >> 20; }

}  // namespace

Automaton& Automaton::shared() {
    thread_local Automaton automaton;
    return automaton;
}

void Automaton::drop() {
    forget();
    drops_++;
}

void Automaton::forget() {
    static std::atomic<uint64_t> generations{0};
    generation_ = ++generations;
    states_ = {};  // with the memory
    index_ = {};
    closures_ = {};
    events_known_ = closures_known_ = 0;
    resize_index(index_size_at_first);
    resize_closures(closure_bits_at_first);
}

size_t Automaton::find(Set set) const {
    const size_t mask = index_.size() - 1;
    size_t at = hash_of(set) & mask;
    while (index_[at] != unknown && states_[index_[at]].set != set) at = (at + 1) & mask;
    return at;
}

void Automaton::resize_index(size_t size) {
    index_.assign(size, unknown);
    for (State state = 0; state < states_.size(); state++) index_[find(states_[state].set)] = state;
}

Automaton::State Automaton::of(Set set) {
    size_t at = find(set);
    if (index_[at] != unknown) return index_[at];
    State state = static_cast<State>(states_.size());
    Row row{set, dmafuzz::cpu_view(set), dmafuzz::memory_view(set), 0, {}};
    constexpr Lane bad = lane::wrong | lane::foreign_given_up;
    row.suspicious =
        static_cast<Eyes>((row.cpu_view & bad ? eyes::on_cpu_view : 0) | (row.memory_view & bad ? eyes::on_memory : 0));
    row.next.fill(unknown);
    states_.push_back(row);
    index_[at] = state;
    if (2 * states_.size() > index_.size()) resize_index(2 * index_.size());
    DMAFUZZ_CHECK(state < states_.size() && states_[state].set == set);
    return state;
}

Automaton::State Automaton::compute(Event event, State state) {
    misses_++;
    events_known_++;
    State next = of(dmafuzz::apply(event, states_[state].set));
    states_[state].next[static_cast<size_t>(event)] = next;
    return next;
}

void Automaton::add_closure(uint64_t key, State closed) {
    size_t at = place_of(key);
    while (closures_[at].key != no_key) at = (at + 1) & (closures_.size() - 1);
    closures_[at] = {key, closed};
}

void Automaton::resize_closures(int bits) {
    std::vector<Closure> old(size_t{1} << bits);
    old.swap(closures_);
    closure_shift_ = 64 - bits;
    for (const Closure& c : old)
        if (c.key != no_key) add_closure(c.key, c.closed);
}

Automaton::State Automaton::compute_closure(State state, Unasked unasked) {
    misses_++;
    closures_known_++;
    State closed = of(closure(states_[state].set, unasked));
    if (2 * closures_known_ > closures_.size()) resize_closures(65 - closure_shift_);
    add_closure(static_cast<uint64_t>(state) << 16 | unasked, closed);
    return closed;
}

}  // namespace dmafuzz
