// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "exhaustive/walk.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

nb::tuple as_tuple(const Order& o) { return nb::make_tuple(o.ops, o.cpus, o.splits, o.devices, o.buffers, o.sizes); }

nb::dict as_dict(const Cause& c) {
    nb::dict d;
    d["label"] = name_of(c.shown.label);
    d["kind"] = kind_name({c.shown.label, c.shown.kind});
    d["reason"] = name_of(c.shown.reason);
    d["rules"] = names_of(c.shown.rules);
    d["platforms"] = as_int(c.shown.platforms);
    d["count"] = c.count;
    nb::list smallest;
    for (const Smallest& s : c.smallest) {
        const std::vector<uint8_t> records = encode(s.program);
        const nb::tuple place = nb::make_tuple(s.place.joint, s.place.letter, s.place.mirrored);
        smallest.append(nb::make_tuple(as_tuple(s.order) + place, nb::bytes(records.data(), records.size()), as_int(s.platforms)));
    }
    d["smallest"] = smallest;
    return d;
}

nb::dict as_dict(const Harvest& h) {
    nb::dict d;
    d["programs"] = h.programs;
    nb::list labels;
    for (const auto& counts : h.labels) {
        nb::dict of_platform;
        for (size_t i = 0; i < counts.size(); i++)
            if (counts[i]) of_platform[name_of(static_cast<Label>(i))] = counts[i];
        labels.append(of_platform);
    }
    d["labels"] = labels;
    nb::list causes;
    for (const Cause& c : h.causes) causes.append(as_dict(c));
    d["causes"] = causes;
    return d;
}

// The letters that can follow a program, for those who enumerate without the walk.
std::vector<Op> letters(const std::vector<Op>& ops, int cpus, int devices) {
    Context context;
    for (const Op& op : ops) context = context.after(op);
    return context.letters({cpus, devices});
}

}  // namespace

void bind_exhaustive(nb::module_& m) {
    m.def("order_of", [](const std::vector<Op>& ops) { return as_tuple(order_of(Program{ops})); }, "ops"_a,
          "What comes before the text in the order of programs: operations, CPUs, split calls, devices, buffers, sizes and offsets.");
    m.attr("ALPHABET") = nb::cast(alphabet_text());
    m.def("letters", &letters, "ops"_a, "cpus"_a, "devices"_a, "The operations of the alphabet that can follow a program of it.");
    nb::class_<Walk>(m, "Walk", "The walk through all programs up to some length; see core/exhaustive/walk.hpp.")
        .def(nb::init<const std::string&, std::vector<Platform>, int, int>(), "tracker"_a, "platforms"_a, "cpus"_a, "devices"_a)
        .def_prop_ro("length", &Walk::length)
        .def_prop_ro("size", [](const Walk& w) { return w.last().size(); })
        .def_prop_ro("merged", [](const Walk& w) { return w.last().merged(); })
        .def("pairs", &Walk::pairs, "start"_a, "stop"_a, "How many pairs of a state and a letter there are in a part of the last layer.")
        .def("states", &Walk::states, "platform"_a)
        .def("program", [](const Walk& w, size_t joint) { return w.program(joint).ops; }, "index"_a)
        .def("turn", &Walk::turn, nb::call_guard<nb::gil_scoped_release>());
    nb::class_<Expander>(m, "Expander", "Carries out and judges what follows a part of a walk's last layer.")
        .def(nb::init<const Walk&>(), "walk"_a, nb::keep_alive<1, 2>())
        .def("survey", &Expander::survey, "start"_a, "stop"_a, nb::call_guard<nb::gil_scoped_release>())
        .def("extend", &Expander::extend, "walk"_a, "start"_a, "stop"_a, nb::call_guard<nb::gil_scoped_release>())
        .def_prop_ro("carried_out", &Expander::carried_out)
        .def("harvest", [](Expander& e) { return as_dict(e.harvest()); });
}

}  // namespace dmafuzz
