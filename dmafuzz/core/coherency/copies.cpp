// SPDX-License-Identifier: GPL-2.0-only
#include "coherency/copies.hpp"

#include <array>

namespace dmafuzz {

namespace {

using namespace lane;

using Table = std::array<Lane, 1u << bits>;

// A change of flags, as a table over whole lanes.
template <class Change>
constexpr Table table_of(Change change) {
    Table table{};
    for (unsigned value = 0; value <= all; value++) {
        Lane out = 0;
        for (int flag = 0; flag < flags; flag++)
            for (int given_up = 0; given_up < 2; given_up++)
                if (value >> (2 * flag + given_up) & 1) out |= change(static_cast<Flag>(flag), given_up != 0);
        table[value] = out;
    }
    return table;
}

// Another writer wrote, and every reader is meant to see it. Foreign and wild stay what they are; no longer given up.
constexpr Table behind =
    table_of([](Flag f, bool) { return bit(f == Flag::foreign || f == Flag::wild ? f : Flag::stale, false); });
// The same for an unordered write. Of what was given up any content was as good as fresh: who may see the old, may see
// it.
constexpr Table lagging = table_of([](Flag f, bool given_up) {
    if (given_up) return bit(Flag::lagging, false);
    return bit(f == Flag::fresh ? Flag::lagging : f == Flag::posted ? Flag::stale : f, false);
});
// A device's post: the CPU need not see it yet.
constexpr Table behind_a_post = table_of([](Flag f, bool given_up) {
    if (given_up) return bit(Flag::posted, false);
    const bool keeps = f == Flag::foreign || f == Flag::wild;
    return bit(keeps ? f : f == Flag::fresh || f == Flag::posted ? Flag::posted : Flag::stale, false);
});
constexpr Table due = table_of([](Flag f, bool g) { return bit(f == Flag::posted ? Flag::stale : f, g); });
constexpr Table foreign = table_of([](Flag, bool g) { return bit(Flag::foreign, g); });
constexpr Table fresh = table_of([](Flag, bool) { return bit(Flag::fresh, false); });
constexpr Table wild = table_of([](Flag, bool g) { return bit(Flag::wild, g); });
constexpr Table given = table_of([](Flag f, bool) { return bit(f, true); });
constexpr Table same = table_of([](Flag f, bool g) { return bit(f, g); });
constexpr Table handed = table_of([](Flag f, bool g) { return bit(f == Flag::lagging ? Flag::stale : f, g); });

Set map_all(Set s, const Table& table) {
    Set out = 0;
    for (int i = 0; i < count; i++) out |= put(table[get(s, i)], i);
    return out;
}

Set map_memory(Set s, const Table& memory, const Table& cached) {
    return put(memory[get(s, memory_absent)], memory_absent) | put(memory[get(s, memory_clean)], memory_clean) |
           put(memory[get(s, memory_dirty)], memory_dirty) | put(cached[get(s, cached_clean)], cached_clean) |
           put(cached[get(s, cached_dirty)], cached_dirty);
}

Lane under_present(Set s) { return get(s, memory_clean) | get(s, memory_dirty); }

// After the line has been written back and dropped: what memory holds.
Lane memory_after_drop(Set s) { return get(s, memory_absent) | get(s, memory_clean) | get(s, cached_dirty); }

Set write_back(Set s) {
    Lane written = get(s, cached_dirty);
    return put(get(s, memory_absent), memory_absent) | put(get(s, memory_clean) | written, memory_clean) |
           put(get(s, cached_clean) | written, cached_clean);
}

Set fill(Set s) {
    Lane filled = get(s, memory_absent);
    return put(get(s, memory_clean) | filled, memory_clean) | put(get(s, cached_clean) | filled, cached_clean) |
           put(get(s, memory_dirty), memory_dirty) | put(get(s, cached_dirty), cached_dirty);
}

// The CPU writes to the line: it is allocated and dirty.
Set make_dirty(Set s, Lane cached) { return put(memory_view(s), memory_dirty) | put(cached, cached_dirty); }

Lane any(Set s) {
    Lane tokens = 0;
    for (int i = 0; i < count; i++) tokens |= get(s, i);
    return tokens;
}

}  // namespace

const char* name_of(Flag flag) {
    static constexpr std::array<const char*, static_cast<size_t>(flags)> names{"fresh",   "lagging", "stale",
                                                                               "foreign", "wild",    "posted"};
    return names[static_cast<size_t>(flag)];
}

Set copy_into(Set set, Lane source) { return make_dirty(set, source); }

Set apply(Event event, Set s) {
    switch (event) {
        case Event::drop_clean:
            return put(get(s, memory_absent) | get(s, memory_clean), memory_absent) |
                   put(get(s, memory_dirty), memory_dirty) | put(get(s, cached_dirty), cached_dirty);
        case Event::write_back:
        case Event::clean: return write_back(s);
        case Event::write_back_drop:
            return put(get(s, memory_absent) | get(s, cached_dirty), memory_absent) |
                   put(get(s, memory_clean), memory_clean) | put(get(s, cached_clean), cached_clean);
        case Event::fill: return fill(s);
        case Event::cpu_write: {
            Set written = map_all(s, behind);
            return put(memory_view(written), memory_dirty) | put(fresh[any(s)], cached_dirty);
        }
        case Event::cpu_dirty: {
            Set written = map_all(s, lagging);
            return put(memory_view(written), memory_dirty) | put(fresh[any(s)], cached_dirty);
        }
        case Event::cpu_write_beside: return make_dirty(s, cpu_view(s));
        case Event::device_write: return map_memory(s, fresh, behind);
        case Event::dirty_past_cache: return map_memory(s, fresh, lagging);
        case Event::device_write_coherent: return put(fresh[any(s)], memory_absent);
        case Event::device_write_beside:
        case Event::clean_invalidate: return put(memory_after_drop(s), memory_absent);
        case Event::wild_write: return map_memory(s, wild, same);
        case Event::wild_write_coherent: return put(wild[memory_after_drop(s)], memory_absent);
        case Event::written_elsewhere: return map_all(s, behind);
        case Event::dirtied_elsewhere: return map_all(s, lagging);
        case Event::invalidate: return put(get(s, memory_absent) | under_present(s), memory_absent);
        case Event::hand_over:
            return put(handed[get(s, memory_absent)], memory_absent) | put(handed[get(s, memory_clean)], memory_clean) |
                   put(handed[get(s, memory_dirty)], memory_dirty) |
                   (s & (put(all, cached_clean) | put(all, cached_dirty)));
        case Event::hand_over_coherent:
            return put(handed[get(s, memory_absent)], memory_absent) | put(handed[get(s, cached_clean)], cached_clean) |
                   put(handed[get(s, cached_dirty)], cached_dirty) |
                   (s & (put(all, memory_clean) | put(all, memory_dirty)));
        case Event::give_up: return map_all(s, given);
        case Event::wild_copy: return make_dirty(s, wild[any(s)]);
        case Event::foreign_copy: return make_dirty(s, foreign[any(s)]);
        case Event::post: return map_memory(s, fresh, behind_a_post);
        case Event::posted_elsewhere: return map_all(s, behind_a_post);
        case Event::posts_due: return map_all(s, due);
        case Event::become_foreign: return map_all(s, foreign);
        case Event::count_: break;
    }
    return s;
}

Set closure(Set set, Unasked unasked) {
    for (;;) {
        Set next = set;
        for (int e = 0; e < unasked_events; e++)
            if (unasked >> e & 1) next |= apply(static_cast<Event>(e), set);
        if (next == set) return set;
        set = next;
    }
}

const char* name_of(Event event) {
    switch (event) {
        case Event::drop_clean: return "drop";
        case Event::write_back: return "write-back";
        case Event::write_back_drop: return "write-back-and-drop";
        case Event::fill: return "fill";
        case Event::cpu_write: return "cpu-write";
        case Event::cpu_write_beside: return "cpu-write-beside";
        case Event::device_write: return "device-write";
        case Event::device_write_coherent: return "device-write-coherent";
        case Event::device_write_beside: return "device-write-beside";
        case Event::wild_write: return "wild-write";
        case Event::wild_write_coherent: return "wild-write-coherent";
        case Event::written_elsewhere: return "written-elsewhere";
        case Event::cpu_dirty: return "cpu-dirty";
        case Event::dirty_past_cache: return "dirty-past-cache";
        case Event::dirtied_elsewhere: return "dirtied-elsewhere";
        case Event::clean: return "clean";
        case Event::invalidate: return "invalidate";
        case Event::clean_invalidate: return "clean-invalidate";
        case Event::hand_over: return "hand-over";
        case Event::hand_over_coherent: return "hand-over-coherent";
        case Event::give_up: return "give-up";
        case Event::wild_copy: return "wild-copy";
        case Event::foreign_copy: return "foreign-copy";
        case Event::post: return "post";
        case Event::posted_elsewhere: return "posted-elsewhere";
        case Event::posts_due: return "posts-due";
        case Event::become_foreign: return "become-foreign";
        case Event::count_: break;
    }
    return "?";
}

}  // namespace dmafuzz
