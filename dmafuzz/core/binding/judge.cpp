// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "binding/judgement.hpp"
#include "binding/record.hpp"
#include "coherency/witness.hpp"
#include "fuzzing/minimize.hpp"
#include "judge/contract.hpp"
#include "judge/judge.hpp"
#include "tracker/era.hpp"
#include "tracker/what_if.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

void start(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    if (platform >= judge.platforms()) {
        const std::string there = std::to_string(judge.platforms());
        throw nb::index_error(("platform " + std::to_string(platform) + " of a portfolio of " + there).c_str());
    }
    judge.start(Program{ops});
}

namespace {

struct StepRecord {
    WitnessStep step;
    StepPlaces places;
};

struct ShownRecord {
    Signature signature;
    Tuple<Rule> rules;
    nb::int_ platforms;
};

std::optional<Cost> cost(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    start(judge, ops, platform);
    return judge.cost(platform);
}

JudgementRecord judgement(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    start(judge, ops, platform);
    return judgement_of(judge, platform);
}

std::vector<JudgementRecord> judgements(Judge& judge, const std::vector<Op>& ops) {
    judge.start(Program{ops});
    std::vector<JudgementRecord> out;
    for (size_t platform = 0; platform < judge.platforms(); platform++) out.push_back(judgement_of(judge, platform));
    return out;
}

std::vector<HookCall> hooks_of(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    start(judge, ops, platform);
    return judge.analyse(platform).run.hooks;
}

std::vector<StepRecord> witness_of(Judge& judge, const std::vector<Op>& ops, size_t platform, size_t index) {
    start(judge, ops, platform);
    const Analysis& a = judge.judge(platform);
    if (index >= a.corruptions.size()) throw nb::index_error("no corruption of that index");
    const Corruption& c = a.corruptions[index];
    std::vector<Trace> traces;
    Simulator simulator;
    judge.retrace(platform, traces, simulator);
    bool by_cpu = c.kind == CorruptionKind::stale_cpu_data || c.kind == CorruptionKind::lost_cpu_write ||
                  c.kind == CorruptionKind::clobbered || c.kind == CorruptionKind::stale_cpu_read;
    std::vector<StepRecord> out;
    const std::vector<WitnessStep> steps = witness(traces, c, by_cpu, c.sees_cache);
    const std::vector<StepPlaces> where = places(steps, simulator, a.run, c.span);
    for (size_t i = 0; i < steps.size(); i++) out.push_back({steps[i], where[i]});
    return out;
}

std::vector<ShownRecord> shown(Judge& judge, const std::vector<Op>& ops) {
    if (judge.platforms() > platforms_max) throw nb::value_error("signatures are kept for at most 256 platforms");
    std::vector<ShownRecord> out;
    judge.start(Program{ops});
    for (const Signature& s : signatures_of(judge)) out.push_back({s, rule_tuple(s.rules), as_int(s.platforms)});
    return out;
}

// Label, kind, and the tracker's reason, "" of a tracker that crashed.
using NamedTarget = std::tuple<Label, std::string, std::string>;

std::vector<NamedTarget> targets_there(Judge& judge, size_t platform) {
    std::vector<NamedTarget> out;
    for (const PlatformSignature& t : signatures_on(judge, platform))
        out.emplace_back(t.label, kind_name(t), name_of(t.reason));
    return out;
}

std::vector<NamedTarget> targets(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    start(judge, ops, platform);
    return targets_there(judge, platform);
}

using NamedOutcome = std::pair<std::vector<Label>, std::vector<NamedTarget>>;

std::vector<NamedOutcome> outcomes(Judge& judge, const std::vector<Op>& ops) {
    judge.start(Program{ops});
    std::vector<NamedOutcome> out;
    for (size_t i = 0; i < judge.platforms(); i++) out.emplace_back(labels_of(judge.judge(i)), targets_there(judge, i));
    return out;
}

uint64_t platforms_with(Judge& judge, const std::vector<Op>& ops, const std::vector<Label>& labels) {
    Labels wanted = 0;
    for (Label label : labels) wanted |= bit(label);
    judge.start(Program{ops});
    uint64_t found = 0;
    for (size_t i = 0; i < judge.platforms(); i++)
        if (judge.judge(i).labels & wanted) found |= uint64_t{1} << i;
    return found;
}

Minimized minimized(Judge& judge, const std::vector<Op>& ops, size_t platform, const std::string& label,
                    const std::string& kind, const std::optional<std::string>& reason, bool written) {
    const Program program{ops};
    start(judge, ops, platform);
    for (PlatformSignature t : signatures_on(judge, platform)) {
        if (label != name_of(t.label) || kind != kind_name(t) || (reason && *reason != name_of(t.reason))) continue;
        t.rules = judge.rules(platform);
        return written ? minimize_written(judge, program, t) : minimize(judge, program, t);
    }
    throw nb::value_error(
        ("the program shows no " + label + " of kind " + kind + " on " + judge.platform(platform).name).c_str());
}

void bind_hook(nb::module_& m) {
    bind_names<HookKind>(m, "HookKind", "What the DMA API tells a tracker.");
    Record<HookEntry>(m, "HookEntry", "A scatterlist entry as it stands when the hook runs.")
        .field("phys", &HookEntry::phys, "physical address")
        .field("size", &HookEntry::size, "the CPU's length, in bytes")
        .field("dma", &HookEntry::dma, "DMA address")
        .field("dma_size", &HookEntry::dma_size, "the DMA length, in bytes");
    using H = HookCall;
    Record<H>(m, "HookCall", "One call of the DMA API to its tracker.")
        .field("hook", &H::kind)
        .field("op", &H::op, "the operation that it belongs to, by its number from 0")
        .field("cpu", &H::cpu)
        .field("device", &H::device)
        .field(
            "mapping", [](const H& h) { return mapping_or_none(h.mapping); }, "the one that the program names")
        .field("dma", &H::dma, "DMA address; 0: none")
        .field("phys", &H::phys, "physical address; 0: none")
        .field("size", &H::size, "in bytes")
        .field("direction", &H::direction)
        .field("attrs", &H::attrs, "a bit for each of ATTRS")
        .field("mapped", &H::mapped_count, "of map_sg: the DMA segments made")
        .field(
            "entries",
            [](const H& h) {
                return Tuple<HookEntry>(
                    as_tuple_of(std::vector<HookEntry>(h.entries.begin(), h.entries.begin() + h.entry_count)));
            },
            "of calls with a scatterlist");
}

void bind_witness(nb::module_& m) {
    bind_names<WitnessEvent>(m, "WitnessEvent", "What a step of a witness does to the data.");
    bind_names<PlaceKind>(m, "PlaceKind",
                          "Where data is; a page is old or new once copy-on-write has brought another one.");
    Record<DataPlace>(m, "Place", "Where data is, as it is called after some operation.")
        .field("kind", &DataPlace::kind)
        .field("mapping", [](const DataPlace& p) { return mapping_or_none(p.mapping); }, "whose slot it is");
    using S = StepRecord;
    Record<S>(m, "WitnessStep",
              "A step of one behaviour that reaches a corruption. Places are called as they are after its operation.")
        .field(
            "op", [](const S& s) { return static_cast<int>(s.step.op); },
            "the operation that takes it, or after which it is taken")
        .field("event", [](const S& s) { return event_of(s.step); })
        .field(
            "asked", [](const S& s) { return s.step.asked; },
            "the operation does it; else hardware, a device or a CPU, unasked")
        .field(
            "implied", [](const S& s) { return s.step.implied; },
            "the next step implies it or undoes it: a story leaves it out")
        .field(
            "place", [](const S& s) { return s.places.place; }, "where the data is after the step")
        .field(
            "before", [](const S& s) { return s.places.before; },
            "where it was after the step before; None: this is the first")
        .field(
            "writer", [](const S& s) { return mapping_or_none(s.step.writer); },
            "the mapping through which a device writes")
        .field(
            "into", [](const S& s) { return s.places.into; },
            "where that device writes instead, if it is memory or a slot of these bytes");
}

void bind_outcomes(nb::module_& m) {
    using R = ShownRecord;
    Record<R>(m, "Signature", "Something that a program shows, and where.")
        .field(
            "label", [](const R& s) { return s.signature.label; }, "FN, FP, hazard or broken")
        .field(
            "kind", [](const R& s) { return kind_name({s.signature.label, s.signature.kind}); },
            "of the corruption of an FN, the warning of the others")
        .field(
            "reason", [](const R& s) { return name_of(s.signature.reason); }, "the tracker's; \"\" of one that crashed")
        .field("rules", &R::rules, "of the contract, that the program breaks there")
        .field("platforms", &R::platforms, "by their places on the portfolio, a bit each");
    Record<Minimized>(m, "Minimized", "A 1-minimal program.")
        .field("ops", [](const Minimized& m) { return Tuple<Op>(as_tuple_of(m.program.ops)); })
        .field(
            "reason", [](const Minimized& m) { return name_of(m.reason); }, "the tracker's; \"\" of one that crashed")
        .field(
            "rules", [](const Minimized& m) { return rule_tuple(m.rules); }, "of the contract, that the program breaks")
        .field("tried", &Minimized::tried, "programs judged on the way");
}

void bind_trackers(nb::module_& m) {
    using T = TrackerFacts;
    Record<T>(m, "BuiltinTracker", "A tracker that is built in.")
        .field("name", &T::name)
        .field("kind", &T::kind, "\"era\", \"proposal\" or \"canary\"")
        .field("year", [](const T& t) { return t.year ? std::optional(t.year) : std::nullopt; })
        .field("changed", &T::changed, "since the era before, or the era that it was made for")
        .field("base", &T::base, "of a proposal or a canary: the era that it changes; \"\" of others")
        .field("vendor", &T::vendor, "of one distribution: its number stands for no other kernel");
    m.def("trackers", &trackers, "All trackers that are built in: newest era first, then proposals, then canaries.");
    m.def("newest_kernel", &newest_kernel, "The last kernel that the newest era is known to be right for.");
    m.def(
        "what_ifs",
        [] {
            std::vector<std::pair<std::string, std::string>> out;
            for (const WhatIf& w : what_ifs()) out.emplace_back(w.name, w.lacks);
            return out;
        },
        "Changes of one rule that a tracker's name may ask for, as ERA+NAME: (name, what the tracker lacks without "
        "it).");
    m.def(
        "reasons",
        [] {
            std::vector<std::tuple<Reason, std::string, std::string>> out;
            for (int i = 1; i < static_cast<int>(Reason::count_); i++) {
                const ReasonFacts& r = facts_of(static_cast<Reason>(i));
                out.emplace_back(static_cast<Reason>(i), r.words, r.change);
            }
            return out;
        },
        "Why a tracker is silent, or which entry its check used: (name, sentence, the changed rule with which it would "
        "warn).");
}

}  // namespace

void bind_judge(nb::module_& m) {
    bind_judgement(m);
    bind_hook(m);
    bind_witness(m);
    bind_outcomes(m);
    bind_trackers(m);
    m.def(
        "rules",
        [] {
            std::vector<std::pair<Rule, std::string>> out;
            for (int i = 0; i < static_cast<int>(Rule::count_); i++)
                out.emplace_back(static_cast<Rule>(i), text_of(static_cast<Rule>(i)));
            return out;
        },
        "The contract's rules: id and text.");
    nb::class_<Judge>(m, "Judge", "Judges programs: one tracker, the platforms of a portfolio.")
        .def(nb::init<const std::string&, std::vector<Platform>>(), "tracker"_a, "portfolio"_a)
        .def("judge_mapped_memory_only", &Judge::judge_mapped_memory_only,
             "From the next program on: memory that nothing maps holds nothing that matters.")
        .def("judge", &judgement, "ops"_a, "platform"_a, "The judgement on the portfolio's platform of that index.")
        .def("judge_all", &judgements, "ops"_a,
             "The judgements on all platforms of the portfolio, in order: worked out together.")
        .def("signatures", &shown, "ops"_a, "What the program shows on the portfolio.")
        .def("signatures_on", &targets, "ops"_a, "platform"_a,
             "What there is to find on one platform: (label, kind, reason) each.")
        .def("outcomes", &outcomes, "ops"_a,
             "The program's result on each platform, in order, worked out together: its labels and signatures.")
        .def("platforms_with", &platforms_with, "ops"_a, "labels"_a,
             "Where the program has any of some labels: platforms by their places on the portfolio, a bit each.")
        .def("minimize", &minimized, "ops"_a, "platform"_a, "label"_a, "kind"_a, "reason"_a = nb::none(),
             "written"_a = false,
             "The 1-minimal program that still shows it. `written`: a user's program, so that it keeps what it is "
             "about.")
        .def("witness", &witness_of, "ops"_a, "platform"_a, "corruption"_a,
             "One behaviour that reaches a corruption (its index in the judgement).")
        .def("cost", &cost, "ops"_a, "platform"_a, "What the program costs the tracker there; None if it does not say.")
        .def("hooks", &hooks_of, "ops"_a, "platform"_a, "The hook calls that the program makes there.");
}

}  // namespace dmafuzz
