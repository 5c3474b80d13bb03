// SPDX-License-Identifier: GPL-2.0-only
// Sets of states of a copy: what holds of them whatever the events are.
#include "coherency/copies.hpp"

#include <vector>

#include "fuzzing/rng.hpp"
#include "tests/test.hpp"

namespace dmafuzz {

namespace {

constexpr int states = lane::count * lane::bits;

Set one(int state) { return Set{1} << state; }
Event event(int i) { return static_cast<Event>(i); }
constexpr int events = static_cast<int>(Event::count_);

// Few states, as programs have them.
Set some(Rng& rng) {
    Set set = 0;
    for (uint32_t i = 1 + rng.below(4); i > 0; i--) set |= one(static_cast<int>(rng.below(states)));
    return set;
}

enum class Present { no, clean, dirty };

struct Line {
    Present present;
    Lane memory, cached;
};

Set set_of(const Line& line) {
    switch (line.present) {
        case Present::no: return put(line.memory, lane::memory_absent);
        case Present::clean: return put(line.memory, lane::memory_clean) | put(line.cached, lane::cached_clean);
        case Present::dirty: return put(line.memory, lane::memory_dirty) | put(line.cached, lane::cached_dirty);
    }
    return 0;
}

// All that there are.
std::vector<Line> lines() {
    std::vector<Line> all;
    for (int memory = 0; memory < lane::bits; memory++) {
        all.push_back({Present::no, static_cast<Lane>(1u << memory), 0});
        for (int cached = 0; cached < lane::bits; cached++)
            for (Present present : {Present::clean, Present::dirty})
                all.push_back({present, static_cast<Lane>(1u << memory), static_cast<Lane>(1u << cached)});
    }
    return all;
}

// One round of the unasked events, each on what there is.
Set once(Set set, Unasked unasked) {
    Set all = set;
    for (int e = 0; e < unasked_events; e++)
        if (unasked >> e & 1) all |= apply(event(e), set);
    return all;
}

}  // namespace

// Whatever can happen to a set happens to each of its states, and to nothing else: that is what makes sets exact.
TEST(copies_an_event_on_a_set_is_the_event_on_each_state) {
    Rng rng(1);
    for (int e = 0; e < events; e++) {
        EXPECT(apply(event(e), 0) == 0);
        for (int round = 0; round < 400; round++) {
            const Set a = some(rng), b = some(rng);
            EXPECT(apply(event(e), a | b) == (apply(event(e), a) | apply(event(e), b)));
        }
    }
}

// One line by itself, with what memory and cache hold of it, is a set of one projection or of two.
TEST(copies_a_line_stays_a_line_whatever_happens) {
    for (const Line& line : lines())
        for (int e = 0; e < events; e++) {
            const Set after = apply(event(e), set_of(line));
            EXPECT(after >> states == 0);
            EXPECT(cpu_view(after) != 0 && memory_view(after) != 0);
            EXPECT((get(after, lane::memory_clean) != 0) == (get(after, lane::cached_clean) != 0));
            EXPECT((get(after, lane::memory_dirty) != 0) == (get(after, lane::cached_dirty) != 0));
        }
}

TEST(copies_a_cache_moves_data_as_caches_do) {
    for (const Line& line : lines()) {
        const Set before = set_of(line), gone = set_of({Present::no, line.memory, 0});
        const Set in_memory = set_of({Present::no, line.cached, 0});
        const bool clean = line.present == Present::clean, dirty = line.present == Present::dirty;
        EXPECT(apply(Event::drop_clean, before) == (clean ? gone : before));
        EXPECT(apply(Event::fill, before) ==
               (clean || dirty ? before : set_of({Present::clean, line.memory, line.memory})));
        EXPECT(apply(Event::write_back, before) ==
               (dirty ? set_of({Present::clean, line.cached, line.cached}) : before));
        EXPECT(apply(Event::clean, before) == apply(Event::write_back, before));
        EXPECT(apply(Event::write_back_drop, before) == (dirty ? in_memory : before));
        // What an invalidate drops is lost.
        EXPECT(apply(Event::invalidate, before) == gone);
        EXPECT(apply(Event::clean_invalidate, before) == (dirty ? in_memory : gone));
    }
}

TEST(copies_a_closure_is_the_least_set_that_its_steps_do_not_leave) {
    Rng rng(2);
    for (int round = 0; round < 2000; round++) {
        const Set set = some(rng), more = some(rng);
        const auto unasked = static_cast<Unasked>(rng.below(1u << unasked_events));
        const Set closed = closure(set, unasked);
        EXPECT((closed & set) == set);
        EXPECT(once(closed, unasked) == closed);
        EXPECT(closure(closed, unasked) == closed);
        EXPECT((closure(set | more, unasked) & closed) == closed);
        Set least = set;
        for (Set next; (next = once(least, unasked)) != least;) least = next;
        EXPECT(closed == least);
    }
}

TEST(copies_the_cpu_sees_what_it_wrote) {
    constexpr Lane fresh = lane::bit(Flag::fresh, false) | lane::bit(Flag::fresh, true);
    for (int s = 0; s < states; s++) {
        const Set written = apply(Event::cpu_write, one(s));
        EXPECT((cpu_view(written) & ~fresh) == 0);
        // Past the cache: memory has it.
        const Set by_device = apply(Event::device_write, one(s));
        EXPECT((memory_view(by_device) & ~fresh) == 0);
    }
}

}  // namespace dmafuzz
