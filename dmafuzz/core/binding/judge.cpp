// SPDX-License-Identifier: GPL-2.0-only
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "binding/binding.hpp"
#include "coherency/witness.hpp"
#include "fuzzing/minimise.hpp"
#include "judge/contract.hpp"
#include "judge/judge.hpp"
#include "tracker/era.hpp"
#include "tracker/what_if.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

std::string buffer_name(uint8_t buffer) { return buffer == stack_buffer ? "stack" : std::string("b").append(std::to_string(buffer)); }

nb::object mapping_or_none(uint8_t mapping) { return mapping == no_mapping ? nb::none() : nb::cast(static_cast<int>(mapping)); }

nb::list bits(uint64_t set, int count) {
    nb::list out;
    for (int i = 0; i < count; i++)
        if (set >> i & 1) out.append(i);
    return out;
}

nb::list labels_of(const Analysis& a) {
    nb::list out;
    for (int i = 0; i < static_cast<int>(Label::count_); i++)
        if (a.labels >> i & 1) out.append(name_of(static_cast<Label>(i)));
    return out;
}

nb::object reason_or_none(Reason reason) { return reason == Reason::none ? nb::none() : nb::cast(name_of(reason)); }

nb::list warnings_of(const Analysis& a, Judge& judge, size_t platform) {
    static constexpr std::array<const char*, 5> worths{"justified", "hazard", "bookkeeping", "false", "breakdown"};
    nb::list out;
    const std::vector<Print> prints = judge.prints(a);
    for (size_t i = 0; i < a.warnings.size(); i++) {
        const JudgedWarning& w = a.warnings[i];
        nb::dict d;
        d["id"] = name_of(w.warning.id);
        d["op"] = static_cast<int>(w.warning.op);
        d["justified"] = w.worth == Worth::justified;
        d["worth"] = worths[static_cast<size_t>(w.worth)];
        if (w.worth == Worth::hazard) d["hurts"] = judge.platform(w.platform).name;
        d["reason"] = reason_or_none(is_breakdown(w.warning.id) ? Reason::none : judge.reason(platform, w.warning));
        d["mappings"] = bits(w.warning.mappings, mappings_max);
        d["counted"] = w.warning.counted;
        d["printed"] = prints[i].printed;
        d["stops"] = prints[i].stops;
        d["entry_op"] = w.warning.entry_op == no_op ? nb::none() : nb::cast(static_cast<int>(w.warning.entry_op));
        d["line"] = w.warning.line_bytes ? nb::cast(w.warning.line) : nb::none();
        d["line_size"] = w.warning.line_bytes;
        d["text"] = w.warning.text ? nb::cast(w.warning.text) : nb::none();
        out.append(d);
    }
    return out;
}

nb::list corruptions_of(const Analysis& a, Judge& judge, size_t platform) {
    nb::list out;
    for (size_t i = 0; i < a.corruptions.size(); i++) {
        const Corruption& c = a.corruptions[i];
        nb::dict d;
        d["kind"] = name_of(c.kind);
        d["op"] = static_cast<int>(c.op);
        d["buffer"] = buffer_name(c.span.buffer);
        d["offset"] = c.span.offset;
        d["size"] = c.span.size;
        d["explained"] = c.explained;
        d["reason"] = reason_or_none(c.explained || a.broken() ? Reason::none : judge.reason(platform, c));
        d["mappings"] = bits(c.mappings, mappings_max);
        d["index"] = i;
        out.append(d);
    }
    return out;
}

nb::list harms_of(const Analysis& a) {
    nb::list out;
    for (const Harm& h : a.harms) {
        nb::dict d;
        d["kind"] = name_of(h.kind);
        d["op"] = static_cast<int>(h.op);
        if (h.kind == HarmKind::exposure) {
            d["buffer"] = buffer_name(h.span.buffer);
            d["offset"] = h.span.offset;
            d["size"] = h.span.size;
        } else {
            d["mapping"] = mapping_or_none(h.mapping);
        }
        out.append(d);
    }
    return out;
}

nb::object cost_of(Judge& judge, size_t platform) {
    auto cost = judge.cost(platform);
    if (!cost) return nb::none();
    nb::dict d;
    d["bucket_locks"] = cost->bucket_locks;
    d["tree_locks"] = cost->tree_locks;
    d["pool_locks"] = cost->pool_locks;
    d["other_locks"] = cost->other_locks;
    d["lookup_steps"] = cost->lookup_steps;
    d["tree_operations"] = cost->tree_operations;
    d["lockless_operations"] = cost->lockless_operations;
    return d;
}

nb::object cost(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    judge.start(Program{ops});
    return cost_of(judge, platform);
}

nb::dict describe(Judge& judge, size_t platform) {
    const Analysis& a = judge.judge(platform);
    nb::dict d;
    d["platform"] = judge.platform(platform).name;
    d["labels"] = labels_of(a);
    nb::list rules;
    for (const Breach& b : breaches(a.run, judge.platform(platform))) rules.append(nb::make_tuple(name_of(b.rule), static_cast<int>(b.op), mapping_or_none(b.mapping)));
    d["breaches"] = rules;
    d["warnings"] = warnings_of(a, judge, platform);
    d["corruptions"] = corruptions_of(a, judge, platform);
    d["harms"] = harms_of(a);
    d["ops"] = nb::cast(a.run.ops);
    d["program_ops"] = a.run.program_ops;
    nb::list failed;
    for (int i = 0; i < mappings_max; i++)
        if (a.run.mappings[i].defined && a.run.mappings[i].failed) failed.append(i);
    d["failed"] = failed;
    d["cost"] = cost_of(judge, platform);
    return d;
}

nb::dict judgement(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    judge.start(Program{ops});
    return describe(judge, platform);
}

nb::list judgements(Judge& judge, const std::vector<Op>& ops) {
    judge.start(Program{ops});
    nb::list out;
    for (size_t platform = 0; platform < judge.platforms(); platform++) out.append(describe(judge, platform));
    return out;
}

nb::list hooks_of(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    static constexpr std::array<const char*, static_cast<size_t>(HookKind::count_)> names{
        "map_single_area", "map_page", "map_resource", "map_sg", "alloc_coherent", "alloc_pages", "mapping_error",
        "sync_for_cpu", "sync_for_device", "sync_sg_for_cpu", "sync_sg_for_device", "unmap_page", "unmap_resource",
        "unmap_sg", "free_coherent", "free_pages", "unbind", "cow"};
    judge.start(Program{ops});
    nb::list out;
    for (const HookCall& h : judge.analyse(platform).run.hooks) {
        nb::dict d;
        d["hook"] = names[static_cast<size_t>(h.kind)];
        d["op"] = static_cast<int>(h.op);
        d["cpu"] = static_cast<int>(h.cpu);
        d["device"] = static_cast<int>(h.device);
        d["mapping"] = mapping_or_none(h.mapping);
        d["dma"] = h.dma;
        d["phys"] = h.phys;
        d["size"] = h.size;
        d["direction"] = name_of(h.direction);
        d["attrs"] = static_cast<int>(h.attrs);
        d["mapped"] = static_cast<int>(h.mapped_count);
        nb::list entries;
        for (int i = 0; i < h.entry_count; i++) {
            const HookEntry& e = h.entries[i];
            entries.append(nb::make_tuple(e.phys, e.size, e.dma, e.dma_size));
        }
        d["entries"] = entries;
        out.append(d);
    }
    return out;
}

const char* name_of_step(const WitnessStep& s) {
    if (s.what == Trace::What::born) return "born";
    return s.what == Trace::What::copied ? "copied" : name_of(s.event);
}

std::string place_of(const Simulator& simulator, const Run& run, uint16_t copy) {
    Simulator::CopyFacts facts = simulator.facts(copy);
    if (facts.slot) return "slot m" + std::to_string(run.pieces[facts.piece].mapping);
    return facts.home ? "memory" : "old page";
}

nb::list witness_of(Judge& judge, const std::vector<Op>& ops, size_t platform, size_t index) {
    judge.start(Program{ops});
    const Analysis& a = judge.judge(platform);
    if (index >= a.corruptions.size()) throw nb::index_error("no corruption of that index");
    const Corruption& c = a.corruptions[index];
    std::vector<Trace> traces;
    Simulator simulator;
    judge.retrace(platform, traces, simulator);
    bool by_cpu = c.kind == CorruptionKind::stale_cpu_data || c.kind == CorruptionKind::lost_cpu_write ||
                  c.kind == CorruptionKind::clobbered || c.kind == CorruptionKind::stale_cpu_read;
    nb::list out;
    for (const WitnessStep& s : witness(traces, c, by_cpu, c.sees_cache)) {
        nb::dict d;
        d["op"] = static_cast<int>(s.op);
        d["event"] = name_of_step(s);
        d["asked"] = s.asked;
        d["place"] = place_of(simulator, a.run, s.copy);
        d["writer"] = mapping_or_none(s.writer);
        out.append(d);
    }
    return out;
}

nb::list shown(Judge& judge, const std::vector<Op>& ops) {
    if (judge.platforms() > platforms_max) throw nb::value_error("what a program shows is told for at most 256 platforms");
    nb::list out;
    judge.start(Program{ops});
    for (const Shown& s : shown_by(judge))
        out.append(nb::make_tuple(name_of(s.label), kind_name({s.label, s.kind}), name_of(s.reason), names_of(s.rules), as_int(s.platforms)));
    return out;
}

nb::list targets_there(Judge& judge, size_t platform) {
    nb::list out;
    for (const Target& t : targets_of(judge, platform)) out.append(nb::make_tuple(name_of(t.label), kind_name(t), name_of(t.reason)));
    return out;
}

nb::list targets(Judge& judge, const std::vector<Op>& ops, size_t platform) {
    judge.start(Program{ops});
    return targets_there(judge, platform);
}

nb::list outcomes(Judge& judge, const std::vector<Op>& ops) {
    judge.start(Program{ops});
    nb::list out;
    for (size_t i = 0; i < judge.platforms(); i++) out.append(nb::make_tuple(labels_of(judge.judge(i)), targets_there(judge, i)));
    return out;
}

nb::dict minimised(Judge& judge, const std::vector<Op>& ops, size_t platform, const std::string& label, const std::string& kind,
                   const std::optional<std::string>& reason, bool written) {
    Program program{ops};
    judge.start(program);
    for (Target t : targets_of(judge, platform)) {
        if (label != name_of(t.label) || kind != kind_name(t) || (reason && *reason != name_of(t.reason))) continue;
        t.rules = judge.rules(platform);
        Minimised m = written ? minimise_written(judge, program, t) : minimise(judge, program, t);
        nb::dict d;
        d["ops"] = nb::cast(m.program.ops);
        d["reason"] = name_of(m.reason);
        d["rules"] = names_of(m.rules);
        d["tried"] = m.tried;
        return d;
    }
    throw nb::value_error(("the program shows no " + label + " of kind " + kind + " on " + judge.platform(platform).name).c_str());
}

}  // namespace

void bind_judge(nb::module_& m) {
    m.def("what_ifs", [] {
        nb::list out;
        for (const WhatIf& w : what_ifs()) out.append(nb::make_tuple(w.name, w.lacks));
        return out;
    }, "Changes of one rule that a tracker's name may ask for, as ERA+NAME: (name, what the tracker lacks without it).");
    m.def("reasons", [] {
        nb::list out;
        for (int i = 1; i < static_cast<int>(Reason::count_); i++) {
            const ReasonFacts& r = facts_of(static_cast<Reason>(i));
            out.append(nb::make_tuple(r.name, r.words, r.change));
        }
        return out;
    }, "Why a tracker says nothing, or what it looked at when it spoke: (name, words, the change of a rule that would make it speak).");
    m.def("trackers", [] {
        nb::list out;
        for (const TrackerFacts& t : trackers()) {
            nb::dict d;
            d["name"] = t.name;
            d["kind"] = t.kind;
            d["year"] = t.year ? nb::cast(t.year) : nb::none();
            d["changed"] = t.changed;
            d["base"] = t.base;
            d["vendor"] = t.vendor;
            out.append(d);
        }
        return out;
    }, "All trackers that are built in: newest era first, then proposals, then canaries.");
    m.def("newest_kernel", &newest_kernel, "The last kernel that the newest era is known to be right for.");
    m.def("rules", [] {
        std::vector<std::pair<std::string, std::string>> out;
        for (int i = 0; i < static_cast<int>(Rule::count_); i++) out.emplace_back(name_of(static_cast<Rule>(i)), text_of(static_cast<Rule>(i)));
        return out;
    }, "The contract's rules: id and text.");
    nb::class_<Judge>(m, "Judge", "Judges programs: one tracker, the platforms of a portfolio.")
        .def(nb::init<const std::string&, std::vector<Platform>>(), "tracker"_a, "portfolio"_a)
        .def("judge", &judgement, "ops"_a, "platform"_a, "The judgement on the portfolio's platform of that index, as a dict.")
        .def("judge_all", &judgements, "ops"_a, "The judgements on all platforms of the portfolio, in order: worked out together.")
        .def("shown", &shown, "ops"_a,
             "What the program shows on the portfolio: (label, kind, reason, the rules it breaks there, platforms: a bit each).")
        .def("targets", &targets, "ops"_a, "platform"_a, "What there is to find on one platform: (label, kind, reason) each.")
        .def("outcomes", &outcomes, "ops"_a,
             "What the program comes to on each platform, in order, worked out together: its labels, and its targets.")
        .def("minimise", &minimised, "ops"_a, "platform"_a, "label"_a, "kind"_a, "reason"_a = nb::none(), "written"_a = false,
             "The 1-minimal program that still shows it: ops, reason, rules, tried. `written`: by somebody, so that it keeps what it is about.")
        .def("witness", &witness_of, "ops"_a, "platform"_a, "corruption"_a, "One behaviour that reaches a corruption (its index in the judgement).")
        .def("cost", &cost, "ops"_a, "platform"_a, "What the program costs the tracker there; None if it does not say.")
        .def("hooks", &hooks_of, "ops"_a, "platform"_a, "The hook calls that the program makes there.");
}

}  // namespace dmafuzz
