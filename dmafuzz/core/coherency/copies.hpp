// SPDX-License-Identifier: GPL-2.0-only
// The states of one copy of a granule, as sets, and what happens to them.
//
// The specification (docs/spec/coherency.md §1) gives a granule several copies - memory, the CPU's cache,
// bounce slots, old pages - and asks for the set of all joint states. This file keeps, for each
// place (a memory home or a slot, with the cacheline over it), the set of *projections* of the
// joint states onto a single copy:
//
//     (state of the line: absent, clean, dirty;  memory or cached copy;  flag;  given up or not)
//
// That is exact, because (1) whether a step can happen depends on ownership and on the line's state,
// never on flags; (2) every question (6.) is about one view, which is one copy; (3) a step turns
// a copy's projection into projections of its successors without looking at other copies - a
// write makes all others stale, a copy takes one flag from one source; and (4) the lines of different
// places move independently, so a copy that enters a place meets that place's line in a state that the entering step
// itself determines (a CPU copy makes it dirty). The naive simulator in the tests keeps joint states and must agree.
//
// A set is one 64-bit word, five lanes of twelve bits: memory under an absent, a clean, a dirty line; cached copy
// of a clean, a dirty line. In a lane: bit 2 * flag + given up.
#pragma once

#include <cstdint>

#include "platform/platform.hpp"

namespace dmafuzz {

using Set = uint64_t;
using Lane = uint16_t;

enum class Flag : uint8_t { fresh, lagging, stale, foreign, wild, posted, count_ };
const char* name_of(Flag flag);
inline constexpr int flags = static_cast<int>(Flag::count_);

namespace lane {
inline constexpr int bits = 2 * flags;
inline constexpr Lane all = (1u << bits) - 1;
inline constexpr int memory_absent = 0;
inline constexpr int memory_clean = 1;
inline constexpr int memory_dirty = 2;
inline constexpr int cached_clean = 3;
inline constexpr int cached_dirty = 4;
inline constexpr int count = 5;

constexpr Lane bit(Flag flag, bool given_up) {
    return static_cast<Lane>(1u << (2 * static_cast<int>(flag) + given_up));
}
constexpr Lane expected = bit(Flag::fresh, false) | bit(Flag::lagging, false) | bit(Flag::stale, false) |
                          bit(Flag::foreign, false) | bit(Flag::wild, false) | bit(Flag::posted, false);
// What a reader may see without being hurt. A post is behind, but no reader need have seen it yet.
constexpr Lane right = bit(Flag::fresh, false) | bit(Flag::posted, false);
constexpr Lane wrong = expected & ~right;
constexpr Lane foreign_given_up = bit(Flag::foreign, true);
}  // namespace lane

constexpr Set put(Lane value, int at) { return static_cast<Set>(value) << (lane::bits * at); }
constexpr Lane get(Set set, int at) { return static_cast<Lane>(set >> (lane::bits * at) & lane::all); }

// What the CPU sees: the cached copy if the line is present, else memory.
constexpr Lane cpu_view(Set s) {
    return get(s, lane::memory_absent) | get(s, lane::cached_clean) | get(s, lane::cached_dirty);
}
// What a device sees that does not look into the cache.
constexpr Lane memory_view(Set s) {
    return get(s, lane::memory_absent) | get(s, lane::memory_clean) | get(s, lane::memory_dirty);
}

// Views of a place.
using Eyes = uint8_t;
namespace eyes {
inline constexpr Eyes on_cpu_view = 1;
inline constexpr Eyes on_memory = 2;
}  // namespace eyes

// What can happen to a place. "Beside": to another granule of the same line. "Elsewhere": to another place of the same
// granule.
enum class Event : uint8_t {
    // Without being asked, by hardware
    drop_clean,
    write_back,  // and keep the line
    write_back_drop,
    fill,
    // By CPUs and devices, asked or not
    cpu_write,
    cpu_write_beside,
    device_write,  // past the cache
    device_write_coherent,
    device_write_beside,  // coherent
    wild_write,
    wild_write_coherent,
    written_elsewhere,
    // By the program
    cpu_dirty,
    dirty_past_cache,
    dirtied_elsewhere,
    clean,
    invalidate,
    clean_invalidate,
    hand_over,           // lagging memory becomes stale
    hand_over_coherent,  // the lagging copy that a coherent device sees
    give_up,
    wild_copy,     // a copy back that lands on unrelated memory
    foreign_copy,  // a copy back of bytes that are somebody else's
    post,          // by a device past the cache, while the CPU looks
    posted_elsewhere,
    posts_due,       // copies without the post are behind now
    become_foreign,  // freed under its owner
    count_,
};

Set apply(Event event, Set set);

// A CPU copy of `source` (flags as seen) through the cache into a place.
Set copy_into(Set set, Lane source);

const char* name_of(Event event);

// The unasked events that are possible, a bit each: 1 << event, for the events up to written_elsewhere.
using Unasked = uint16_t;
inline constexpr Unasked unasked(Event event) { return static_cast<Unasked>(1u << static_cast<int>(event)); }
inline constexpr Unasked evictions =
    unasked(Event::drop_clean) | unasked(Event::write_back) | unasked(Event::write_back_drop);
inline constexpr int unasked_events = static_cast<int>(Event::written_elsewhere) + 1;

// `set` and all that any number of the unasked events makes of it.
Set closure(Set set, Unasked unasked);

}  // namespace dmafuzz
