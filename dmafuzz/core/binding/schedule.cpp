// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "binding/record.hpp"
#include "schedule/explore.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

// A lattice of so many nodes takes a few hundred megabytes.
constexpr size_t nodes_max = 2'000'000;
constexpr uint64_t default_merge_from = 16;
// How many schedules are settled between two words of progress.
constexpr uint64_t told_every = 256;

std::string name_of_thread(const Thread& thread) {
    return (thread.is_device ? "d" : "cpu") + std::to_string(thread.number);
}

struct ThreadsRecord {
    Tuple<std::string> names;
    int steps, lines, calls;
};

struct CountRecord {
    bool complete;
    Tuple<uint64_t> schedules;
    uint64_t dropped;
};

struct SwitchRecord {
    Switch at;
    std::string leaves, enters;
};

struct ScheduleRecord {
    Tuple<Op> ops;
    int preemptions;
    Tuple<SwitchRecord> switches;
};

struct TallyRecord {
    std::optional<std::string> platform;
    Label label;
    std::optional<std::string> kind;
    Tuple<uint64_t> shown;
    bool written;
    std::optional<ScheduleRecord> shows, hides;
};

struct ExplorationRecord {
    CountRecord counted;
    uint64_t judged;
    ScheduleRecord written;
    Tuple<TallyRecord> counts_by_sight;
};

ThreadsRecord threads_of(const std::vector<Op>& ops) {
    Threads threads(Program{ops});
    std::vector<std::string> names;
    for (int t = 0; t < threads.size(); t++) names.push_back(name_of_thread(threads[t]));
    return {as_tuple_of(names), threads.steps(), threads.lines(), threads.calls()};
}

CountRecord counts_of(const Lattice& lattice) {
    return {lattice.complete(), as_tuple_of(lattice.schedules()), lattice.dropped()};
}

CountRecord count_schedules(const std::vector<Op>& ops, int preemptions) {
    Threads threads(Program{ops});
    return counts_of(Lattice(threads, preemptions, nodes_max));
}

ScheduleRecord schedule_of(const Threads& threads, const Ranked& schedule) {
    std::vector<SwitchRecord> all;
    for (const Switch& s : switches(threads, schedule.order))
        all.push_back({s, name_of_thread(threads[s.from]), name_of_thread(threads[s.to])});
    return {as_tuple_of(threads.program(schedule.order).ops), schedule.preemptions, as_tuple_of(all)};
}

std::optional<ScheduleRecord> schedule_or_none(const Threads& threads, const std::optional<Ranked>& schedule) {
    return schedule ? std::optional(schedule_of(threads, *schedule)) : std::nullopt;
}

TallyRecord tally_of(const Judge& judge, const Threads& threads, const Sight& sight, const SightCounts& counts) {
    TallyRecord out{{},
                    sight.label,
                    {},
                    as_tuple_of(counts.shown),
                    counts.written,
                    schedule_or_none(threads, counts.with),
                    schedule_or_none(threads, counts.without)};
    if (sight.platform != Sight::any) out.platform = judge.platform(static_cast<size_t>(sight.platform)).name;
    if (sight.kind != Sight::any) out.kind = kind_name({sight.label, static_cast<uint8_t>(sight.kind)});
    return out;
}

using Progress = nb::typed<nb::callable, nb::object(uint64_t)>;

ExplorationRecord explored(Judge& judge, const std::vector<Op>& ops, int preemptions,
                           const std::vector<size_t>& platforms, uint64_t merge_from,
                           const std::optional<Progress>& progress) {
    for (size_t platform : platforms)
        if (platform >= judge.platforms()) throw nb::index_error("no platform of that index");
    Threads threads(Program{ops});
    Lattice lattice(threads, preemptions, nodes_max);
    if (!lattice.complete()) throw nb::value_error("too many schedules");
    ExploreOptions options{platforms, merge_from, {}};
    uint64_t told = 0;
    if (progress)
        options.progress = [&](uint64_t settled) {
            if (settled < told + told_every) return;
            told = settled;
            (*progress)(settled);
        };
    Exploration e = explore(judge, threads, lattice, options);
    std::vector<TallyRecord> counts_by_sight;
    for (const auto& [sight, counts] : e.counts_by_sight)
        counts_by_sight.push_back(tally_of(judge, threads, sight, counts));
    return {counts_of(lattice), e.judged, schedule_of(threads, e.written), as_tuple_of(counts_by_sight)};
}

void bind_counts(nb::module_& m) {
    using T = ThreadsRecord;
    Record<T>(m, "Threads", "What of a program runs by itself.")
        .field("names", &T::names, "of its CPUs, and of the devices that have lines of their own")
        .field("steps", &T::steps)
        .field("lines", &T::lines, "without split calls")
        .field("calls", &T::calls, "that can be split");
    using C = CountRecord;
    Record<C> count(m, "ScheduleCount", "How many schedules a program has within a bound.");
    count.field("complete", &C::complete, "False where there are too many to count")
        .field("schedules", &C::schedules, "by the preemptions that they take, from 0")
        .field("dropped", &C::dropped,
               "orders that lead to a point where no thread can go on, say after a buffer was freed that another CPU "
               "still has to use");
    count.bound().def_prop_ro(
        "total",
        [](const C& c) {
            uint64_t total = 0;
            for (nb::handle schedules : c.schedules) total += nb::cast<uint64_t>(schedules);
            return total;
        },
        "schedules, whatever preemptions they take");
}

void bind_exploration(nb::module_& m) {
    using W = SwitchRecord;
    Record<W>(m, "Switch", "Where a schedule goes from one CPU or device to another.")
        .field(
            "line", [](const W& w) { return w.at.line; },
            "of the schedule's program, from 0: the first one of the other")
        .field("leaves", &W::leaves)
        .field("enters", &W::enters)
        .field(
            "preempts", [](const W& w) { return w.at.preempts; }, "the one it leaves could have gone on")
        .field("inside_call", [](const W& w) { return w.at.inside_call; }, "it is between the halves of a call");
    using S = ScheduleRecord;
    Record<S>(m, "Schedule",
              "One order of a program's steps, as a program: calls are split only where something runs in between.")
        .field("ops", &S::ops)
        .field("preemptions", &S::preemptions)
        .field("switches", &S::switches);
    using T = TallyRecord;
    Record<T>(m, "SightCounts",
              "A label, of one kind or of any, on one platform or on any of those asked about, over all schedules.")
        .field("platform", &T::platform, "its name; None: any")
        .field("label", &T::label)
        .field("kind", &T::kind, "None: any")
        .field("shown", &T::shown, "schedules within the bound that show it, by their preemptions")
        .field("written", &T::written, "the order as written shows it")
        .field("shows", &T::shows,
               "the first schedule that does: by fewest preemptions, then switches, then split calls")
        .field("hides", &T::hides, "the first schedule that does not");
    using E = ExplorationRecord;
    Record<E>(m, "Exploration", "What came of all schedules of a program within a bound.")
        .field("counted", &E::counted)
        .field("judged", &E::judged, "schedules that stood for all")
        .field("written", &E::written, "the order as written, judged even where it is beyond the bound")
        .field("counts_by_sight", &E::counts_by_sight, "of what shows at all");
}

}  // namespace

void bind_schedule(nb::module_& m) {
    bind_counts(m);
    bind_exploration(m);
    m.def("threads", &threads_of, "ops"_a, "What of a program runs by itself.");
    m.def("count_schedules", &count_schedules, "ops"_a, "preemptions"_a,
          "How many schedules there are, without judging any.");
    m.def("explore", &explored, "judge"_a, "ops"_a, "preemptions"_a, "platforms"_a, "merge_from"_a = default_merge_from,
          "progress"_a = nb::none(),
          "Judges every schedule within the bound. `progress` is called, now and then, with the number settled. "
          "Prefixes of the same state are taken for one where at least `merge_from` schedules go on from each; 0: "
          "nowhere.");
    m.attr("MERGE_FROM") = default_merge_from;
}

}  // namespace dmafuzz
