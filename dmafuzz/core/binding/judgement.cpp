// SPDX-License-Identifier: GPL-2.0-only
#include "binding/judgement.hpp"

#include "binding/binding.hpp"
#include "binding/record.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace dmafuzz {

namespace {

std::string buffer_name(uint8_t buffer) {
    return buffer == stack_buffer ? "stack" : std::string("b").append(std::to_string(buffer));
}

std::optional<Reason> reason_or_none(Reason reason) {
    return reason == Reason::none ? std::nullopt : std::optional(reason);
}

WarningRecord warning_of(Judge& judge, size_t platform, const JudgedWarning& judged, Print print) {
    const Warning& warning = judged.warning;
    WarningRecord out{warning, judged.justification, {}, {}, print, {}};
    if (judged.justification == Justification::hazard) out.hurts = judge.platform(judged.platform).name;
    if (!is_tracker_crash(warning.id)) out.reason = reason_or_none(judge.reason(platform, warning));
    if (warning.text) out.text = warning.text;
    return out;
}

nb::tuple warnings_of(const Analysis& a, Judge& judge, size_t platform) {
    std::vector<WarningRecord> out;
    const std::vector<Print> prints = judge.prints(a);
    for (size_t i = 0; i < a.warnings.size(); i++) out.push_back(warning_of(judge, platform, a.warnings[i], prints[i]));
    return as_tuple_of(out);
}

nb::tuple corruptions_of(const Analysis& a, Judge& judge, size_t platform) {
    std::vector<CorruptionRecord> out;
    for (const Corruption& c : a.corruptions) {
        CorruptionRecord record{c, {}, static_cast<int>(out.size())};
        if (!c.explained && !a.broken()) record.reason = reason_or_none(judge.reason(platform, c));
        out.push_back(record);
    }
    return as_tuple_of(out);
}

nb::tuple failed_of(const Run& run) {
    std::vector<int> out;
    for (int i = 0; i < mappings_max; i++)
        if (run.mappings[static_cast<size_t>(i)].defined && run.mappings[static_cast<size_t>(i)].failed)
            out.push_back(i);
    return as_tuple_of(out);
}

nb::tuple mappings_of(const Run& run, uint32_t unchecked) {
    std::vector<MappingRecord> out;
    for (int i = 0; i < mappings_max; i++) {
        const MappingFacts& facts = run.mappings[static_cast<size_t>(i)];
        if (!facts.defined) continue;
        MappingRecord mapping{i, facts, Via::nothing, false, !(unchecked >> i & 1)};
        for (const Piece& piece : run.pieces) {
            if (piece.mapping != i) continue;
            if (mapping.via != Via::slot && piece.via != Via::nothing) mapping.via = piece.via;
            mapping.iommu |= piece.iova_pages > 0;
        }
        out.push_back(mapping);
    }
    return as_tuple_of(out);
}

void bind_warning(nb::module_& m) {
    using W = WarningRecord;
    Record<W>(m, "Warning", "A tracker's warning, fired by an operation.")
        .field("id", [](const W& w) { return w.warning.id; })
        .field(
            "op", [](const W& w) { return static_cast<int>(w.warning.op); }, "the operation, by its number from 0")
        .field("justification", &W::justification, "the verdict on it on this platform")
        .field("hurts", &W::hurts, "of a hazard: the platform on which what it covers is corrupt")
        .field("reason", &W::reason,
               "what the entry that it was held against has to do with the call; None of a tracker that crashed")
        .field(
            "mappings",
            [](const W& w) { return Tuple<int>(as_tuple_of(members_of<int>(w.warning.mappings, mappings_max))); },
            "named by the call, or owners of an entry it is about")
        .field(
            "counted", [](const W& w) { return w.warning.counted; }, "in dma-debug's error_count")
        .field(
            "printed", [](const W& w) { return w.print.printed; },
            "by a kernel as shipped: by default it prints the first counted error, and what is not counted")
        .field(
            "stops", [](const W& w) { return w.print.stops; },
            "with panic_on_warn the machine stops there, and what follows never happens")
        .field(
            "entry_op",
            [](const W& w) {
                return w.warning.entry_op == no_op ? std::nullopt : std::optional<int>(w.warning.entry_op);
            },
            "the operation that made the entry it is about")
        .field(
            "line", [](const W& w) { return w.warning.line_bytes ? std::optional(w.warning.line) : std::nullopt; },
            "physical address of the cacheline, or page, that it is about")
        .field(
            "line_size", [](const W& w) { return w.warning.line_bytes; }, "in bytes; 0 if it is about none")
        .field("text", &W::text, "of a kernel's own code: its message, as printk's format");
}

void bind_corruption(nb::module_& m) {
    using C = CorruptionRecord;
    Record<C>(m, "Corruption", "Corruption of some bytes of a buffer, possible from an operation on.")
        .field("kind", [](const C& c) { return c.corruption.kind; })
        .field(
            "op", [](const C& c) { return static_cast<int>(c.corruption.op); }, "the operation, by its number from 0")
        .field(
            "buffer", [](const C& c) { return buffer_name(c.corruption.span.buffer); },
            "\"b0\" to \"b15\", or \"stack\" for the live data around a buffer on the stack")
        .field(
            "offset", [](const C& c) { return c.corruption.span.offset; }, "in the buffer, in bytes")
        .field(
            "size", [](const C& c) { return c.corruption.span.size; }, "in bytes")
        .field(
            "reader", [](const C& c) { return mapping_or_none(c.corruption.reader); },
            "of what a device may read: the mapping through which it may")
        .field(
            "explained", [](const C& c) { return c.corruption.explained; }, "a warning covers it")
        .field("reason", &C::reason, "why the tracker says nothing of it; None where it does")
        .field(
            "mappings",
            [](const C& c) { return Tuple<int>(as_tuple_of(members_of<int>(c.corruption.mappings, mappings_max))); },
            "those that share its cachelines")
        .field("index", &C::index, "among the corruptions of its judgement");
}

void bind_harm(nb::module_& m) {
    const auto span = [](auto get) {
        return [get](const Harm& h) { return h.kind == HarmKind::exposure ? std::optional(get(h)) : std::nullopt; };
    };
    Record<Harm>(m, "Harm",
                 "A harm that is no corruption. An exposure has a range of a buffer, others may have a mapping.")
        .field("kind", &Harm::kind)
        .field("op", &Harm::op, "the operation, by its number from 0")
        .field("mapping",
               [](const Harm& h) { return h.kind == HarmKind::exposure ? std::nullopt : mapping_or_none(h.mapping); })
        .field("buffer", span([](const Harm& h) { return buffer_name(h.span.buffer); }))
        .field("offset", span([](const Harm& h) { return h.span.offset; }), "in the buffer, in bytes")
        .field("size", span([](const Harm& h) { return h.span.size; }), "in bytes");
}

void bind_breach(nb::module_& m) {
    Record<Breach>(m, "Breach", "A rule of the contract that the program breaks: the first operation that does.")
        .field("rule", &Breach::rule)
        .field("op", &Breach::op, "the operation, by its number from 0")
        .field(
            "mapping", [](const Breach& b) { return mapping_or_none(b.mapping); },
            "the mapping it is about, if it is about one");
}

void bind_mapping(nb::module_& m) {
    using M = MappingRecord;
    bind_names<Via>(m, "Via", "How a device reaches the memory that is mapped.");
    Record<M>(m, "Mapping", "What a mapping of a program is on this platform.")
        .field("number", &M::number)
        .field("device", [](const M& m) { return static_cast<int>(m.facts.device); })
        .field("direction", [](const M& m) { return m.facts.direction; })
        .field(
            "failed", [](const M& m) { return m.facts.failed; }, "its map fails")
        .field("error_checked", &M::error_checked,
               "dma_mapping_error() is called for it in time; of a list: that it has 0 segments is noticed")
        .field("via", &M::via, "a bounce slot for any part of it counts for all")
        .field("iommu", &M::iommu, "its DMA addresses are an IOMMU's");
}

void bind_cost(nb::module_& m) {
    Record<Cost> cost(m, "Cost",
                      "What a tracker does: lock acquisitions by lock, entries looked at, operations on the tree of "
                      "active cachelines.");
    cost.field("bucket_locks", &Cost::bucket_locks, "of the hash's buckets")
        .field("tree_locks", &Cost::tree_locks, "radix_lock, one for the whole machine")
        .field("pool_locks", &Cost::pool_locks, "free_entries_lock")
        .field("other_locks", &Cost::other_locks)
        .field("lookup_steps", &Cost::lookup_steps, "entries looked at")
        .field("tree_operations", &Cost::tree_operations, "under a lock")
        .field("lockless_operations", &Cost::lockless_operations, "on the tree, without a lock");
    cost.bound()
        .def(
            "__init__",
            [](Cost* self, uint64_t bucket, uint64_t tree, uint64_t pool, uint64_t other, uint64_t steps,
               uint64_t operations,
               uint64_t lockless) { new (self) Cost{bucket, tree, pool, other, steps, operations, lockless}; },
            "bucket_locks"_a = 0, "tree_locks"_a = 0, "pool_locks"_a = 0, "other_locks"_a = 0, "lookup_steps"_a = 0,
            "tree_operations"_a = 0, "lockless_operations"_a = 0)
        .def("__add__", [](const Cost& a, const Cost& b) {
            return Cost{a.bucket_locks + b.bucket_locks,
                        a.tree_locks + b.tree_locks,
                        a.pool_locks + b.pool_locks,
                        a.other_locks + b.other_locks,
                        a.lookup_steps + b.lookup_steps,
                        a.tree_operations + b.tree_operations,
                        a.lockless_operations + b.lockless_operations};
        });
}

}  // namespace

std::vector<Label> labels_of(const Analysis& analysis) {
    return members_of<Label>(analysis.labels, static_cast<int>(Label::count_));
}

Tuple<Rule> rule_tuple(Rules rules) { return as_tuple_of(members_of<Rule>(rules, static_cast<int>(Rule::count_))); }

JudgementRecord judgement_of(Judge& judge, size_t platform) {
    const Analysis& a = judge.judge(platform);
    const Platform& machine = judge.platform(platform);
    const ContractCheck& contract = judge.contract(platform);
    return {machine.name,
            as_tuple_of(labels_of(a)),
            as_tuple_of(contract.breaches),
            warnings_of(a, judge, platform),
            corruptions_of(a, judge, platform),
            as_tuple_of(a.harms),
            as_tuple_of(a.run.ops),
            a.run.program_ops,
            failed_of(a.run),
            mappings_of(a.run, contract.unchecked_in_time),
            judge.cost(platform)};
}

void bind_judgement(nb::module_& m) {
    bind_names<Label>(m, "Label", "The label of a program on one platform.");
    bind_names<Justification>(m, "Justification", "The verdict on a warning on one platform.");
    bind_names<WarningId>(m, "WarningId",
                          "dma-debug's warnings, and the ways in which a kernel's own code can break down.");
    bind_names<CorruptionKind>(m, "CorruptionKind", "How data can be lost or mixed up.");
    bind_names<HarmKind>(m, "HarmKind", "Harms that are no corruption.");
    bind_names<Rule>(m, "Rule", "The rules of the DMA API's contract.");
    bind_names<Reason>(m, "Reason", "Why a tracker says nothing, or what it looked at when it spoke.", 1);
    bind_warning(m);
    bind_corruption(m);
    bind_harm(m);
    bind_breach(m);
    bind_mapping(m);
    bind_cost(m);
    using J = JudgementRecord;
    Record<J>(m, "Judgement", "One program, one tracker, one platform.")
        .field("platform", &J::platform, "its name")
        .field("labels", &J::labels)
        .field("breaches", &J::breaches, "in order of operations, each rule's first only")
        .field("warnings", &J::warnings, "in the order in which they fire")
        .field("corruptions", &J::corruptions)
        .field("harms", &J::harms)
        .field("ops", &J::ops, "as carried out: the program's own, then its tidy-up")
        .field("program_ops", &J::program_ops, "how many of them are the program's own")
        .field("failed", &J::failed, "the mappings whose map fails on this platform")
        .field("mappings", &J::mappings, "that the program makes, by their numbers")
        .field("cost", &J::cost, "what the tracker did, if it counts");
}

}  // namespace dmafuzz
