// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "binding/record.hpp"
#include "exhaustive/expander.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

Tuple<uint64_t> as_tuple(const Order& o) {
    return nb::make_tuple(o.ops, o.cpus, o.splits, o.devices, o.buffers, o.sizes);
}

struct SmallestRecord {
    Tuple<uint64_t> order;
    nb::bytes records;
    nb::int_ platforms;
};

struct CauseRecord {
    Signature signature;
    uint64_t count;
    std::vector<uint64_t> on_platform;
    Tuple<SmallestRecord> smallest;
};

struct ChangedRecord {
    bool gained;
    CauseRecord cause;
};

struct HarvestRecord {
    uint64_t programs;
    Tuple<nb::typed<nb::dict, Label, uint64_t>> labels;
    Tuple<CauseRecord> causes;
};

// By platform: programs, by their labels on the two trackers.
using Moved = nb::typed<nb::dict, nb::typed<nb::tuple, Tuple<Label>, Tuple<Label>>, uint64_t>;

struct SideBySideRecord {
    HarvestRecord first, second;
    Tuple<ChangedRecord> changes;
    Tuple<Moved> moves;
};

CauseRecord record_of(const Cause& c) {
    std::vector<SmallestRecord> smallest;
    for (const Smallest& s : c.smallest) {
        const std::vector<uint8_t> records = encode(s.program);
        nb::list place;
        for (uint16_t letter : s.letters) place.append(letter);
        place.append(s.mirrored ? 1 : 0);
        smallest.push_back({Tuple<uint64_t>(as_tuple(s.order) + nb::tuple(place)),
                            nb::bytes(records.data(), records.size()), as_int(s.platforms)});
    }
    return {c.signature, c.count, c.on_platform, as_tuple_of(smallest)};
}

HarvestRecord record_of(const Harvest& h) {
    nb::list labels;
    for (const auto& counts : h.labels) {
        nb::dict of_platform;
        for (size_t i = 0; i < counts.size(); i++)
            if (counts[i]) of_platform[nb::cast(static_cast<Label>(i))] = counts[i];
        labels.append(of_platform);
    }
    std::vector<CauseRecord> causes;
    for (const Cause& c : h.causes) causes.push_back(record_of(c));
    return {h.programs, nb::tuple(labels), as_tuple_of(causes)};
}

nb::tuple names_of(Labels labels) { return as_tuple_of(members_of<Label>(labels, static_cast<int>(Label::count_))); }

SideBySideRecord record_of(const SideBySide& both) {
    std::vector<ChangedRecord> changes;
    for (const SideBySide::Changed& c : both.changes) changes.push_back({c.gained, record_of(c.cause)});
    nb::list moves;
    for (const SideBySide::Moves& of_platform : both.moves) {
        nb::dict counts;
        for (const auto& [labels, count] : of_platform)
            counts[nb::make_tuple(names_of(labels.first), names_of(labels.second))] = count;
        moves.append(counts);
    }
    return {record_of(both.first), record_of(both.second), as_tuple_of(changes), nb::tuple(moves)};
}

void bind_side_by_side(nb::module_& m) {
    using C = ChangedRecord;
    Record<C>(m, "ChangedCause", "What programs show on one of two trackers alone; TP: a warning that is justified.")
        .field("gained", &C::gained, "on the second tracker; else on the first")
        .field("cause", &C::cause);
    using S = SideBySideRecord;
    Record<S>(m, "SideBySide", "What a part of the exhaustive search has found on two trackers.")
        .field("first", &S::first)
        .field("second", &S::second)
        .field("changes", &S::changes)
        .field("moves", &S::moves, "by platform: programs, by their labels on the first tracker and on the second");
}

void bind_harvest(nb::module_& m) {
    using S = SmallestRecord;
    Record<S>(m, "SmallestProgram", "The smallest program that shows something on some platforms.")
        .field("order", &S::order,
               "as `order_of` has it, then the letters, each by its place in `successors` (of the program as it is "
               "with d0 "
               "named first), then 1 if the devices are exchanged, else 0")
        .field("records", &S::records, "the program, encoded")
        .field("platforms", &S::platforms, "by their places on the portfolio, a bit each");
    using C = CauseRecord;
    Record<C>(m, "Cause",
              "All programs that show the same, breaking the same rules, for the same reason of the tracker's.")
        .field(
            "label", [](const C& c) { return c.signature.label; }, "FN, FP, hazard or broken")
        .field(
            "kind", [](const C& c) { return kind_name({c.signature.label, c.signature.kind}); },
            "of the corruption of an FN, the warning of the others")
        .field(
            "reason", [](const C& c) { return name_of(c.signature.reason); }, "the tracker's; \"\" of one that crashed")
        .field("rules",
               [](const C& c) {
                   return Tuple<Rule>(as_tuple_of(members_of<Rule>(c.signature.rules, static_cast<int>(Rule::count_))));
               })
        .field(
            "platforms", [](const C& c) { return as_int(c.signature.platforms); },
            "by their places on the portfolio, a bit each")
        .field("count", &C::count, "programs")
        .field(
            "on_platform", [](const C& c) { return Tuple<uint64_t>(as_tuple_of(c.on_platform)); },
            "of these, those that show it on each platform")
        .field("smallest", &C::smallest);
    using H = HarvestRecord;
    Record<H>(m, "Harvest", "What a part of the exhaustive search has found.")
        .field("programs", &H::programs)
        .field("labels", &H::labels, "by platform: how many programs have each label")
        .field("causes", &H::causes);
}

// The operations that can follow a program, for enumerations without the walk.
std::vector<Op> successors(const std::vector<Op>& ops, int cpus, int devices) {
    return Context::of(ops).successors({cpus, devices});
}

}  // namespace

void bind_exhaustive(nb::module_& m) {
    bind_harvest(m);
    bind_side_by_side(m);
    m.def(
        "order_of", [](const std::vector<Op>& ops) { return as_tuple(order_of(Program{ops})); }, "ops"_a,
        "What comes before the text in the order of programs: operations, CPUs, split calls, devices, buffers, sizes "
        "and offsets.");
    m.attr("ALPHABET") = nb::cast(alphabet_text());
    m.def("successors", &successors, "ops"_a, "cpus"_a, "devices"_a,
          "The operations of the alphabet that can follow a program of it.");
    nb::class_<Walk>(m, "Walk", "The walk through all programs up to some length; see core/exhaustive/walk.hpp.")
        .def(nb::init<const std::string&, std::vector<Platform>, int, int, const std::string&>(), "tracker"_a,
             "platforms"_a, "cpus"_a, "devices"_a, "beside"_a = "",
             "`beside`: a second tracker, walked with the first.")
        .def_prop_ro("length", &Walk::length)
        .def_prop_ro("size", [](const Walk& w) { return w.last().size(); })
        .def_prop_ro("merged", [](const Walk& w) { return w.last().merged(); })
        .def("pairs", &Walk::pairs, "start"_a, "stop"_a,
             "How many pairs of a state and a letter there are in a part of the last layer.")
        .def(
            "part", [](const Walk& w, size_t from, size_t to) { return new Walk(w, from, to); }, "start"_a, "stop"_a,
            nb::rv_policy::take_ownership, nb::keep_alive<0, 1>(), nb::call_guard<nb::gil_scoped_release>(),
            "A walk that begins with a part of the last layer and goes on by itself. This one must not grow meanwhile.")
        .def("programs_after", &Walk::programs_after, "start"_a, "stop"_a,
             "How many programs of one more operation the states of a part stand for.")
        .def(
            "program", [](const Walk& w, size_t joint) { return w.program(joint).ops; }, "index"_a)
        .def("turn", &Walk::turn, nb::call_guard<nb::gil_scoped_release>());
    nb::class_<Expander>(m, "Expander", "Carries out and judges what follows a part of a walk's last layer.")
        .def(nb::init<const Walk&>(), "walk"_a, nb::keep_alive<1, 2>())
        .def("survey", &Expander::survey, "start"_a, "stop"_a, nb::call_guard<nb::gil_scoped_release>())
        .def("extend", &Expander::extend, "walk"_a, "start"_a, "stop"_a, nb::call_guard<nb::gil_scoped_release>())
        .def_prop_ro("carried_out", &Expander::carried_out)
        .def("harvest", [](Expander& e) { return record_of(e.harvest()); })
        .def(
            "harvest_both", [](Expander& e) { return record_of(e.harvest_both()); },
            "Of a walk with a second tracker: what both have found.");
}

}  // namespace dmafuzz
