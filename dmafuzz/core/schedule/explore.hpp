// SPDX-License-Identifier: GPL-2.0-only
// Judges the schedules of a program: with which of them a label shows, and with which it does not.
// Source: docs/spec/verdicts.md §3 (modality).
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "judge/cause.hpp"
#include "schedule/lattice.hpp"

namespace dmafuzz {

// How far a schedule is from what a person would try first. Fewest preemptions, then context switches, then split
// calls, then lower threads first.
struct Ranked {
    int preemptions = 0;
    int switches = 0;
    int cut_calls = 0;
    Order order;
    auto operator<=>(const Ranked&) const = default;
};

// What is asked of every schedule: does that label show, of that kind or any, there or anywhere?
struct Sight {
    static constexpr int any = -1;
    int platform = any;  // of the judge's portfolio
    Label label = Label::fn;
    int kind = any;
    auto operator<=>(const Sight&) const = default;
};

struct SightCounts {
    std::vector<uint64_t> shown;          // schedules within the bound, by preemptions
    std::optional<Ranked> with, without;  // the first that shows it, that does not; the order as written counts too
    bool written = false;                 // does it show in the order as written?
};

struct Exploration {
    Ranked written;
    uint64_t judged = 0;                           // schedules that stand for all
    std::map<Sight, SightCounts> counts_by_sight;  // of what shows at all
};

struct ExploreOptions {
    std::vector<size_t> platforms;
    // Prefixes of the same state are taken for one where at least so many schedules go on from each: to compare them
    // takes about as long as to judge a few dozen. 0: nowhere.
    uint64_t merge_from = 0;
    std::function<void(uint64_t)> progress;  // called with the number of schedules settled, in all
};

// All schedules of a complete lattice, and the order as written.
Exploration explore(Judge& judge, const Threads& threads, const Lattice& lattice, const ExploreOptions& options);

// Where a schedule goes from one thread to another.
struct Switch {
    int line = 0;  // of the schedule's program: the first one of the other thread
    uint8_t from = 0, to = 0;
    bool preempts = false;
    bool inside_call = false;  // which is split by it
};
std::vector<Switch> switches(const Threads& threads, const Order& order);

}  // namespace dmafuzz
