// SPDX-License-Identifier: GPL-2.0-only
// A shortest behaviour that reaches a corruption, moment by moment, and what the tracker has entries for meanwhile.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "binding/judgement.hpp"
#include "binding/record.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

std::vector<Moment> behaviour_of(Judge& judge, const std::vector<Op>& ops, size_t platform, size_t index) {
    judge.start(Program{ops});
    const Analysis& a = judge.judge(platform);
    if (index >= a.corruptions.size()) throw nb::index_error("no corruption of that index");
    return judge.behaviour(platform, Corruption(a.corruptions[index]));
}

// Of the first bytes of a mapping.
std::vector<Moment> course_of(Judge& judge, const std::vector<Op>& ops, size_t platform, int mapping) {
    judge.start(Program{ops});
    std::vector<Trace> traces;
    Simulator simulator;
    judge.retrace(platform, traces, simulator);
    for (const Simulator::Holding& h : simulator.holdings())
        if (h.mapping == mapping) return asked_course({traces, simulator, judge.analyse(platform).run}, h.cell);
    return {};
}

std::vector<std::vector<TrackedEntry>> entries_of(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    judge.start(Program{ops});
    return judge.entries(platform);
}

void bind_copies(nb::module_& m) {
    bind_names<LineState>(m, "LineState", "What is cached of a place.");
    bind_names<Flag>(m, "Flag", "What a copy's content is, beside what was last written.");
    bind_names<Owner>(m, "Owner", "Who owns the bytes of a mapping.");
    bind_names<Actor>(m, "Actor", "Who takes a step: an operation of the program, or somebody unasked.");
    Record<CopyState>(m, "CopyState", "A copy of the bytes at one moment: a place, with the cacheline over it.")
        .field(
            "copy", [](const CopyState& c) { return static_cast<int>(c.copy); }, "which one, the same at all moments")
        .field("place", &CopyState::place)
        .field("line", &CopyState::line, "None: a coherent device's slot, which is seen as one")
        .field("memory", &CopyState::memory, "what is in the place itself")
        .field("cached", &CopyState::cached, "what is in the cacheline, where it is present");
    Record<CopyChange>(m, "CopyChange", "What a step does to a copy.")
        .field("event", &CopyChange::event)
        .field("copy", [](const CopyChange& c) { return static_cast<int>(c.copy); })
        .field("place", &CopyChange::place)
        .field("source", &CopyChange::source, "of what is copied there");
    Record<Ownership>(m, "Ownership", "Who owns the bytes, as far as one live mapping of them is concerned.")
        .field("mapping", [](const Ownership& o) { return static_cast<int>(o.mapping); })
        .field("owner", &Ownership::owner);
}

}  // namespace

void bind_behaviour(nb::module_& m) {
    bind_copies(m);
    using M = Moment;
    Record<M>(
        m, "Moment",
        "A step of a shortest behaviour that reaches a corruption, and the state of all copies of the bytes after it.")
        .field(
            "op", [](const M& s) { return static_cast<int>(s.op); },
            "the operation that takes it, or after which it is taken")
        .field("actor", &M::actor)
        .field(
            "writer", [](const M& s) { return mapping_or_none(s.writer); },
            "the mapping through which a device writes, unasked")
        .field(
            "changes", [](const M& s) { return Tuple<CopyChange>(as_tuple_of(s.changes)); },
            "what the step does to copies")
        .field(
            "copies", [](const M& s) { return Tuple<CopyState>(as_tuple_of(s.copies)); },
            "those that there are after it")
        .field("given_up", &M::given_up, "no content is expected of the bytes")
        .field(
            "owners", [](const M& s) { return Tuple<Ownership>(as_tuple_of(s.owners)); },
            "by live mappings of the bytes");
    using E = TrackedEntry;
    Record<E>(m, "TrackedEntry", "A live entry of dma-debug.")
        .field("mapping", [](const E& e) { return mapping_or_none(e.mapping); })
        .field(
            "op", [](const E& e) { return static_cast<int>(e.op); }, "the operation that made it")
        .field("device", [](const E& e) { return static_cast<int>(e.device); })
        .field("dma", &E::dma, "DMA address")
        .field("phys", &E::phys, "physical address")
        .field("size", &E::size, "in bytes")
        .field("direction", &E::direction)
        .field("type", [](const E& e) { return std::string(e.type); })
        .field("active", &E::active, "its cachelines are among the active ones")
        .field("unchecked", &E::unchecked, "dma_mapping_error() is still to be called for it");
    m.def("behaviour", &behaviour_of, "judge"_a, "ops"_a, "platform"_a, "corruption"_a,
          "A shortest behaviour that reaches a corruption (its index in the judgement): fewest unasked steps. Empty if "
          "looking for one takes too long.");
    m.def("asked_course", &course_of, "judge"_a, "ops"_a, "platform"_a, "mapping"_a,
          "What the operations alone, tidy-up included, do to the first bytes of a mapping; empty if it covers none.");
    m.def("tracked_entries", &entries_of, "judge"_a, "ops"_a, "platform"_a,
          "The tracker's live entries after each operation; empty for a tracker that cannot be looked into.");
}

}  // namespace dmafuzz
