// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
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

nb::dict counts_of(const Lattice& lattice) {
    nb::dict d;
    d["complete"] = lattice.complete();
    d["schedules"] = nb::cast(lattice.schedules());
    d["dropped"] = lattice.dropped();
    return d;
}

std::string name_of_thread(const Thread& thread) { return (thread.is_device ? "d" : "cpu") + std::to_string(thread.number); }

nb::dict threads_of(const std::vector<Op>& ops) {
    Threads threads(Program{ops});
    nb::list names;
    for (int t = 0; t < threads.size(); t++) names.append(name_of_thread(threads[t]));
    nb::dict d;
    d["names"] = names;
    d["steps"] = threads.steps();
    d["lines"] = threads.lines();
    d["calls"] = threads.calls();
    return d;
}

nb::dict count_schedules(const std::vector<Op>& ops, int preemptions) {
    Threads threads(Program{ops});
    return counts_of(Lattice(threads, preemptions, nodes_max));
}

nb::dict schedule_of(const Threads& threads, const Ranked& schedule) {
    nb::dict d;
    d["preemptions"] = schedule.preemptions;
    nb::list all;
    for (const Switch& s : switches(threads, schedule.order)) {
        nb::dict one;
        one["line"] = s.line;
        one["from"] = name_of_thread(threads[s.from]);
        one["to"] = name_of_thread(threads[s.to]);
        one["preempts"] = s.preempts;
        one["inside_call"] = s.inside_call;
        all.append(one);
    }
    d["switches"] = all;
    d["ops"] = nb::cast(threads.program(schedule.order).ops);
    return d;
}

nb::object schedule_or_none(const Threads& threads, const std::optional<Ranked>& schedule) {
    return schedule ? nb::object(schedule_of(threads, *schedule)) : nb::none();
}

nb::dict explored(Judge& judge, const std::vector<Op>& ops, int preemptions, const std::vector<size_t>& platforms, uint64_t merge_from,
                  const nb::object& progress) {
    for (size_t platform : platforms)
        if (platform >= judge.platforms()) throw nb::index_error("no platform of that index");
    Threads threads(Program{ops});
    Lattice lattice(threads, preemptions, nodes_max);
    if (!lattice.complete()) throw nb::value_error("too many schedules");
    ExploreOptions options{platforms, merge_from, {}};
    uint64_t told = 0;
    if (!progress.is_none())
        options.progress = [&](uint64_t settled) {
            if (settled < told + told_every) return;
            told = settled;
            progress(settled);
        };
    Exploration e = explore(judge, threads, lattice, options);
    nb::dict d = counts_of(lattice);
    d["judged"] = e.judged;
    d["written"] = schedule_of(threads, e.written);
    nb::list tallies;
    for (const auto& [sight, tally] : e.tallies) {
        nb::dict t;
        t["platform"] = sight.platform == Sight::any ? nb::none() : nb::cast(judge.platform(static_cast<size_t>(sight.platform)).name);
        t["label"] = name_of(sight.label);
        t["kind"] = sight.kind == Sight::any ? nb::none() : nb::cast(kind_name({sight.label, static_cast<uint8_t>(sight.kind)}));
        t["shown"] = nb::cast(tally.shown);
        t["written"] = tally.written;
        t["with"] = schedule_or_none(threads, tally.with);
        t["without"] = schedule_or_none(threads, tally.without);
        tallies.append(t);
    }
    d["tallies"] = tallies;
    return d;
}

}  // namespace

void bind_schedule(nb::module_& m) {
    m.def("threads", &threads_of, "ops"_a,
          "What of a program runs by itself: names of CPUs and devices; steps, lines without split calls, calls that can be split.");
    m.def("count_schedules", &count_schedules, "ops"_a, "preemptions"_a,
          "How many schedules there are: by preemptions; dropped orders; not complete where there are too many to count.");
    m.def("explore", &explored, "judge"_a, "ops"_a, "preemptions"_a, "platforms"_a, "merge_from"_a = default_merge_from, "progress"_a = nb::none(),
          "Judges every schedule within the bound: the counts, and for each label and kind that shows with which schedules it does. "
          "Prefixes of the same state are taken for one where at least `merge_from` schedules go on from each; 0: nowhere.");
    m.attr("MERGE_FROM") = default_merge_from;
}

}  // namespace dmafuzz
