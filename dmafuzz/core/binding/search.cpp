// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "binding/record.hpp"
#include "benchmark/bench.hpp"
#include "fuzzing/cross_check.hpp"
#include "fuzzing/engine.hpp"
#include "fuzzing/equivalence.hpp"
#include "fuzzing/hash.hpp"
#include "fuzzing/libfuzzer.hpp"
#include "benchmark/cause_probe.hpp"
#include "fuzzing/mutate.hpp"
#include "fuzzing/layouts.hpp"
#include "fuzzing/neighbours.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

Comparison compare_trackers(const std::string& a, const std::string& b, const std::vector<Platform>& platforms,
                            uint64_t programs, uint64_t seed, int ops, size_t differences_max, bool costs, bool about) {
    auto first = make_tracker(a), second = make_tracker(b);
    if (!first) throw nb::value_error(("no tracker of that name: " + a).c_str());
    if (!second) throw nb::value_error(("no tracker of that name: " + b).c_str());
    nb::gil_scoped_release release;
    return compare(*first, *second, platforms, programs, seed, {ops, differences_max, about, costs});
}

// Programs, and of each model the programs on which the code departs from it.
std::pair<uint64_t, std::vector<uint64_t>> departures_of(const std::string& code,
                                                         const std::vector<std::string>& models,
                                                         const std::vector<Platform>& platforms, uint64_t programs_each,
                                                         uint64_t seed, int ops) {
    std::unique_ptr<Tracker> kernel = make_tracker(code);
    if (!kernel) throw nb::value_error(("no tracker of that name: " + code).c_str());
    std::vector<std::unique_ptr<Tracker>> made;
    for (const std::string& name : models) {
        made.push_back(make_tracker(name));
        if (!made.back()) throw nb::value_error(("no tracker of that name: " + name).c_str());
    }
    const Departures found = departures(*kernel, made, platforms, programs_each, seed, ops);
    return {found.programs, found.by_model};
}

struct FindingRecord {
    Finding finding;
    std::string platform;
};

std::vector<FindingRecord> findings_of(Engine& engine, bool finish) {
    std::vector<FindingRecord> out;
    for (const Finding& f : engine.take_findings(finish))
        out.push_back({f, engine.judge().platform(f.target.platform).name});
    return out;
}

struct GivenRecord {
    WarningId warning;
    std::string made_by;
    uint64_t count;
};

std::vector<GivenRecord> given_by(const Comparison& c) {
    std::vector<GivenRecord> out;
    for (size_t id = 0; id < c.by_map.size(); id++)
        for (size_t map = 0; map < c.by_map[id].size(); map++)
            if (const uint64_t count = c.by_map[id][map])
                out.push_back({static_cast<WarningId>(id), map < op_traits.size() ? op_traits[map].name : "", count});
    return out;
}

template <class T>
void bind_difference(nb::module_& m, const char* name, const char* doc) {
    Record<T>(m, name, doc)
        .field("ops", [](const T& d) { return Tuple<Op>(as_tuple_of(d.program.ops)); })
        .field("platform", &T::platform, "by its place among the platforms");
}

void bind_comparisons(nb::module_& m) {
    using A = AutomatonStats;
    Record<A>(m, "AutomatonStats", "The automaton that all programs of a process share.")
        .field("states", &A::states, "as of now")
        .field("transitions", &A::transitions, "as of now")
        .field("hits", &A::hits, "look-ups that were known")
        .field("misses", &A::misses, "look-ups that were not")
        .field("drops", &A::drops, "how often all was forgotten, for want of room")
        .field("bytes", &A::bytes);
    bind_difference<WalkDifference>(m, "WalkDifference", "A program on which two walks of the simulator differ.");
    using W = WalkComparison;
    Record<W>(m, "WalkComparison", "What two walks of the simulator over the same programs found.")
        .field("programs", &W::programs)
        .field("corruptions", &W::corruptions, "that both found")
        .field("harms", &W::harms, "that both found")
        .field("transitions", &W::transitions, "that both found")
        .field("automaton", &W::automaton)
        .field(
            "differences", [](const W& w) { return Tuple<WalkDifference>(as_tuple_of(w.differences)); },
            "at most as many as asked for");
    bind_difference<Difference>(m, "TrackerDifference", "A minimal program on which two trackers differ.");
    using G = GivenRecord;
    Record<G>(m, "Given", "How often a warning was given of mappings that one call made.")
        .field("warning", &G::warning)
        .field("made_by", &G::made_by, "the call's name; \"\": the warning names no mapping")
        .field("count", &G::count);
    using C = Comparison;
    Record<C>(m, "TrackerComparison", "What two trackers say of the same programs.")
        .field("programs", &C::programs)
        .field("differing", &C::differing, "programs on which they differ")
        .field("warnings", &C::warnings, "that both gave")
        .field(
            "by_map", [](const C& c) { return Tuple<GivenRecord>(as_tuple_of(given_by(c))); },
            "of these, by the call that made the mapping")
        .field(
            "differences", [](const C& c) { return Tuple<Difference>(as_tuple_of(c.differences)); },
            "at most as many as asked for");
}

void bind_findings(nb::module_& m) {
    using F = FindingRecord;
    Record<F>(m, "Finding", "A program that shows something, on the platform on which it was found.")
        .field(
            "label", [](const F& f) { return f.finding.target.label; }, "FN, FP, hazard or broken")
        .field(
            "kind", [](const F& f) { return kind_name(f.finding.target); },
            "of the corruption of an FN, the warning of the others")
        .field(
            "reason", [](const F& f) { return name_of(f.finding.target.reason); },
            "the tracker's; \"\" of one that crashed")
        .field("platform", &F::platform, "its name")
        .field(
            "rules",
            [](const F& f) {
                return Tuple<Rule>(
                    as_tuple_of(members_of<Rule>(f.finding.target.rules, static_cast<int>(Rule::count_))));
            },
            "of the contract, that the program breaks there")
        .field(
            "ops", [](const F& f) { return Tuple<Op>(as_tuple_of(f.finding.program.ops)); }, "minimal")
        .field(
            "original", [](const F& f) { return Tuple<Op>(as_tuple_of(f.finding.original.ops)); },
            "the program in which it was found");
    using E = EngineStats;
    Record<E>(m, "EngineStats", "How an engine is doing.")
        .field("programs", &E::programs, "judged")
        .field("operations", &E::operations, "of all of them")
        .field("repeated", &E::repeated, "made once more, but for their names, and not judged again")
        .field("novel", &E::novel)
        .field("minimized", &E::minimized)
        .field("corpus", &E::corpus)
        .field("coverage", &E::coverage, "cells of the map that are not empty")
        .field("waiting", &E::waiting, "novel programs not yet judged on the whole portfolio")
        .field("leads", &E::candidates, "what short programs show and has not been followed")
        .field("followed", &E::followed)
        .field("automaton", &E::automaton);
}

nb::bytes bytes_of(const Program& program) {
    std::vector<uint8_t> bytes = encode(program);
    return nb::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Program program_of(nb::bytes data) { return decode(reinterpret_cast<const uint8_t*>(data.c_str()), data.size()); }

// Label, kind, rules, the kinds of operations of the minimal program, platforms.
using NamedCause =
    std::tuple<std::string, std::string, std::vector<std::string>, std::vector<OpKind>, std::vector<std::string>>;

void bind_cause_probe(nb::module_& m) {
    m.attr("WANTED_MAX") = wanted_max;
    nb::class_<CauseProbe>(m, "CauseProbe",
                           "Looks for known causes while programs are judged; keeps what it counts and sees in a file.")
        .def(
            "__init__",
            [](CauseProbe* self, const std::vector<NamedCause>& causes, const std::string& board, bool count_distinct,
               const std::string& signatures) {
                std::vector<Wanted> all;
                for (const auto& [label, kind, rules, skeleton, platforms] : causes)
                    all.push_back(wanted(label, kind, rules, skeleton, platforms));
                new (self) CauseProbe(std::move(all), board, {count_distinct, signatures});
            },
            "causes"_a, "board"_a, "count_distinct"_a = false, "signatures"_a = "",
            "`count_distinct`: programs that differ after renaming, too. `signatures`: a file for the first programs "
            "that show each signature.");
    m.def(
        "platform_of", [](nb::bytes data, size_t platforms) { return platform_of(program_of(data), platforms); },
        "program"_a, "platforms"_a, "Where an engine judges a program first: the index of one of so many platforms.");
    nb::class_<Subject>(m, "Subject", "The core as others drive it: one program after the other, without feedback.")
        .def(nb::init<const std::string&, std::vector<Platform>, CauseProbe&>(), "tracker"_a, "portfolio"_a, "probe"_a,
             nb::keep_alive<1, 4>())
        .def(
            "run", [](Subject& s, nb::bytes data) { s.run(program_of(data)); }, "program"_a)
        .def(
            "roam",
            [](Subject& s, bool uniform, uint64_t seed, int ops_limit, int milliseconds) {
                roam(s, uniform, seed, ops_limit, milliseconds);
            },
            "uniform"_a, "seed"_a, "ops_limit"_a, "milliseconds"_a, nb::call_guard<nb::gil_scoped_release>(),
            "Random programs for that long: uniform ones, or those of the engine's own generator.");
}

void bind_engine(nb::module_& m) {
    m.attr("COVERAGE_CELLS") = coverage_cells;
    nb::class_<Engine>(
        m, "Engine",
        "The native loop: a corpus of programs, mutation, judging, findings. Programs are records (bytes).")
        .def(nb::init<const std::string&, std::vector<Platform>, uint64_t, int, bool, uint32_t, uint32_t>(),
             "tracker"_a, "portfolio"_a, "seed"_a = 0, "ops_limit"_a = 24, "repeatable"_a = false, "part"_a = 0,
             "parts"_a = 1,
             "Repeatable: the same seed and calls give the same findings; the shares of its work are not timed. "
             "`part` of `parts` engines, which share the short programs that all of them would go through.")
        .def(
            "record_to", [](Engine& e, nb::bytes path) { e.recorder().open(std::string(path.c_str(), path.size())); },
            "path"_a,
            "Keeps the current input in that file (os.fsencode of its path): a parent reads there which program a dead "
            "worker died on.")
        .def(
            "add", [](Engine& e, nb::bytes data) { return e.add(program_of(data)); }, "program"_a,
            "True if the program shows anything new.")
        .def(
            "run", [](Engine& e, nb::bytes data) { return e.run(program_of(data)); }, "program"_a,
            "Leaves the program's marks in the coverage map.")
        .def("burst", &Engine::burst, "children"_a, "milliseconds"_a = 50, nb::call_guard<nb::gil_scoped_release>(),
             "Up to so many mutants, for about so long; how many were novel.")
        .def(
            "take_novel",
            [](Engine& e) {
                std::vector<nb::bytes> out;
                for (const Program& p : e.take_novel()) out.push_back(bytes_of(p));
                return out;
            },
            "The novel programs since the last call, but for those that were added.")
        .def("take_findings", &findings_of, "finish"_a = false,
             "Findings since the last call, minimized, one for each cause.")
        .def("stats", &Engine::stats)
        .def(
            "look_with", [](Engine& e, CauseProbe& cause_probe) { e.observe_with(&cause_probe); }, "probe"_a,
            nb::keep_alive<1, 2>(), "Shows all that is judged from now on to the probe.")
        .def(
            "register_counters", [](Engine& e, const std::string& path) { register_counters(path, e.coverage_map()); },
            "module_path"_a, "Registers the engine's coverage map with the libFuzzer in a loaded extension module.")
        .def(
            "drive_libfuzzer", [](Engine& e, int children, int milliseconds) { drive(&e, children, milliseconds); },
            "children"_a, "milliseconds"_a, "Makes libFuzzer's custom mutator run bursts of this engine.");
    m.def("expose_mutator", &expose_mutator, "Shows libFuzzer the core's mutator; before atheris is imported.");
}

}  // namespace

void bind_search(nb::module_& m) {
    bind_comparisons(m);
    bind_findings(m);
    bind_cause_probe(m);
    bind_engine(m);
    m.def(
        "seconds_a_program",
        [](const std::string& tracker, const Platform& platform, const std::vector<std::vector<Op>>& programs,
           int rounds) {
            std::vector<Program> all;
            for (const std::vector<Op>& ops : programs) all.push_back({ops});
            return seconds_a_program(tracker, platform, all, rounds);
        },
        "tracker"_a, "platform"_a, "programs"_a, "rounds"_a, "Seconds a program in the bare loop.");
    m.def(
        "stage_costs",
        [](const std::string& tracker, const Platform& platform, int ops, int programs, uint64_t seed) {
            StageCosts costs = stage_costs(tracker, platform, ops, programs, seed);
            return std::make_pair(costs.operations, costs.seconds);
        },
        "tracker"_a, "platform"_a, "ops"_a, "programs"_a, "seed"_a,
        "Operations of a program on average, and for each stage the seconds a program, with all stages before it.");
    m.def("clean_hooks_cost", &clean_hooks_cost, "tracker"_a, "platform"_a, "programs"_a,
          "Seconds that a tracker alone takes for 24 hook calls that it has nothing to say about.");
    m.def(
        "portfolio_costs",
        [](const std::string& tracker, const std::vector<Platform>& portfolio, int ops, int programs, uint64_t seed) {
            PortfolioCosts costs = portfolio_costs(tracker, portfolio, ops, programs, seed);
            return std::make_pair(costs.one, costs.all);
        },
        "tracker"_a, "portfolio"_a, "ops"_a, "programs"_a, "seed"_a,
        "Seconds a program: judged on one platform, on average over the portfolio, and on all of them.");
    m.def(
        "automaton_stats", [] { return Automaton::shared().stats(); },
        "Of the automaton that all programs of this process share.");
    m.def(
        "random_program",
        [](uint64_t seed, int ops) {
            Rng rng(seed);
            return random_program(rng, ops).ops;
        },
        "seed"_a, "ops"_a, "A valid random program of about that many operations.");
    m.def(
        "mutant",
        [](std::vector<Op> ops, std::vector<Op> other, uint64_t seed, int ops_limit) {
            Rng rng(seed);
            return mutate(rng, {std::move(ops)}, {std::move(other)}, ops_limit).ops;
        },
        "ops"_a, "other"_a, "seed"_a, "ops_limit"_a,
        "A valid program made of one by a few changes, some of them with lines of another one.");
    m.def(
        "neighbours",
        [](std::vector<Op> ops, int ops_limit) {
            std::vector<std::vector<Op>> found;
            for (Program& program : neighbours({std::move(ops)}, ops_limit)) found.push_back(std::move(program.ops));
            return found;
        },
        "ops"_a, "ops_limit"_a,
        "The valid programs one line or one argument away from a valid one, of at most `ops_limit` operations.");
    m.def(
        "other_layouts",
        [](std::vector<Op> ops) {
            std::vector<std::vector<Op>> found;
            for (Program& program : other_layouts({std::move(ops)})) found.push_back(std::move(program.ops));
            return found;
        },
        "ops"_a, "The same program with other sizes and offsets, and more room in its buffers.");
    m.attr("AUTOMATON_BYTES") = Automaton::default_budget;
    m.def("departures", &departures_of, "code"_a, "models"_a, "platforms"_a, "programs_each"_a, "seed"_a = 0,
          "ops"_a = 24,
          "Random programs, as many on each platform: how many, and on how many the code warns otherwise than each of "
          "the models.");
    m.def("compare_walks", &compare_walks, "platforms"_a, "programs"_a, "seed"_a = 0, "ops"_a = 24,
          "automaton_bytes"_a = Automaton::default_budget, "differences_max"_a = 10,
          nb::call_guard<nb::gil_scoped_release>(),
          "The simulator's look-ups against the sets themselves on random programs.");
    m.def("compare_trackers", &compare_trackers, "a"_a, "b"_a, "platforms"_a, "programs"_a, "seed"_a = 0, "ops"_a = 24,
          "differences_max"_a = 10, "costs"_a = false, "about"_a = false, "Two trackers on random programs.");
}

}  // namespace dmafuzz
