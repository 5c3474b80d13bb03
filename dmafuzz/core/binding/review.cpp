// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "binding/judgement.hpp"
#include "binding/record.hpp"
#include "review/call_costs.hpp"
#include "review/hunt.hpp"
#include "review/pair.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

struct ChangeRecord {
    PlatformChange change;
    PlatformSet platforms;
    std::vector<Op> ops;  // minimal; of what one program shows: none
    std::vector<Op> original;
};

// Each change of a program once, with its platforms.
std::vector<ChangeRecord> changes_of(PairJudge& pair, const std::vector<Op>& ops) {
    if (pair.platforms() > platforms_max) throw nb::value_error("changes are kept for at most 256 platforms");
    pair.start(Program{ops});
    std::vector<ChangeRecord> out;
    for (size_t p = 0; p < pair.platforms(); p++)
        for (const PlatformChange& c : pair.changes(p)) {
            auto known = std::find_if(out.begin(), out.end(), [&](const ChangeRecord& r) {
                return r.change.change == c.change && r.change.rules == c.rules;
            });
            if (known == out.end()) known = out.insert(out.end(), {c, {}, {}, {}});
            known->platforms.set(p);
        }
    return out;
}

ChangeRecord minimized(PairJudge& pair, const std::vector<Op>& ops, size_t platform, bool gained,
                       const std::string& label, const std::string& kind, const std::string& reason) {
    const Program program{ops};
    pair.start(program);
    for (const PlatformChange& c : pair.changes(platform)) {
        if (c.change.gained != gained || label != name_of(c.change.shown.label) || kind != kind_name(c.signature()) ||
            reason != name_of(c.change.shown.reason))
            continue;
        const MinimalChange found = pair.minimize(program, c);
        PlatformSet there;
        there.set(platform);
        return {found.change, there, found.program.ops, ops};
    }
    throw nb::value_error(("no such change: " + label + " of kind " + kind).c_str());
}

std::vector<ChangeRecord> found_by(Hunt& hunt) {
    std::vector<ChangeRecord> out;
    for (const Hunted& h : hunt.take())
        out.push_back({h.minimal.change, h.platforms, h.minimal.program.ops, h.original.ops});
    return out;
}

using CostsByCall = nb::typed<nb::dict, HookKind, nb::typed<nb::tuple, uint64_t, Cost>>;

// Of the kinds of calls that the programs have.
CostsByCall costs_by_call(const std::string& tracker, const std::vector<std::vector<Op>>& programs,
                          const Platform& platform) {
    std::vector<Program> all;
    for (const std::vector<Op>& ops : programs) all.push_back({ops});
    const CallCosts costs = call_costs(tracker, all, platform);
    nb::dict out;
    for (size_t kind = 0; kind < costs.size(); kind++)
        if (costs[kind].calls)
            out[nb::cast(static_cast<HookKind>(kind))] = nb::make_tuple(costs[kind].calls, costs[kind].cost);
    return CostsByCall(out);
}

void bind_change(nb::module_& m) {
    using C = ChangeRecord;
    Record<C>(m, "Change", "What a program shows on one of two trackers alone. TP: a warning that is justified.")
        .field(
            "gained", [](const C& c) { return c.change.change.gained; }, "on the second tracker; else on the first")
        .field("label", [](const C& c) { return c.change.change.shown.label; })
        .field(
            "kind", [](const C& c) { return kind_name(c.change.signature()); },
            "of the corruption of an FN, the warning of the others")
        .field(
            "reason", [](const C& c) { return name_of(c.change.change.shown.reason); },
            "of the tracker that shows it; \"\": there is none")
        .field(
            "rules", [](const C& c) { return rule_tuple(c.change.rules); }, "of the contract, that the program breaks")
        .field(
            "platforms", [](const C& c) { return as_int(c.platforms); }, "by their places on the portfolio, a bit each")
        .field(
            "ops", [](const C& c) { return Tuple<Op>(as_tuple_of(c.ops)); }, "minimal, where that was asked for")
        .field("original", [](const C& c) { return Tuple<Op>(as_tuple_of(c.original)); }, "what it was made of");
}

}  // namespace

void bind_review(nb::module_& m) {
    bind_change(m);
    nb::class_<PairJudge>(m, "PairJudge",
                          "Two trackers side by side, on one portfolio; machine and simulator run once.")
        .def(nb::init<const std::string&, const std::string&, std::vector<Platform>>(), "first"_a, "second"_a,
             "portfolio"_a)
        .def("changes", &changes_of, "ops"_a, "What one of the two shows alone; each once, with its platforms.")
        .def("minimize", &minimized, "ops"_a, "platform"_a, "gained"_a, "label"_a, "kind"_a, "reason"_a,
             "The smallest program around that still shows that change on the platform, breaking no other rule.");
    nb::class_<Hunt>(m, "Hunt", "Looks for programs on which two trackers differ; see core/review/hunt.hpp.")
        .def(nb::init<const std::string&, const std::string&, std::vector<Platform>, uint64_t, int>(), "first"_a,
             "second"_a, "portfolio"_a, "seed"_a = 0, "ops_limit"_a = 24)
        .def(
            "add", [](Hunt& h, const std::vector<Op>& ops) { h.add(Program{ops}); }, "ops"_a,
            nb::call_guard<nb::gil_scoped_release>(), "One program, on the whole portfolio.")
        .def("burst", &Hunt::burst, "milliseconds"_a, nb::call_guard<nb::gil_scoped_release>(),
             "Mutants and random programs, for about so long.")
        .def("take", &found_by, "Changes found since the last call: each signature once, with a minimal program.")
        .def_prop_ro("programs", &Hunt::programs)
        .def_prop_ro("differing", &Hunt::differing)
        .def_prop_ro("corpus", &Hunt::corpus);
    m.def(
        "is_tracker", [](const std::string& name) { return make_tracker(name) != nullptr; }, "name"_a,
        "Whether the core knows a tracker of that name: ERA+CHANGE, say, with a change that changes anything.");
    m.def("call_costs", &costs_by_call, "tracker"_a, "programs"_a, "platform"_a,
          "By kind of call: how many the programs have on the platform, and what they cost the tracker in all.");
}

}  // namespace dmafuzz
