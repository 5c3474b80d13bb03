// SPDX-License-Identifier: GPL-2.0-only
// What a program leaves behind, in numbers.
#include <algorithm>
#include <tuple>

#include "judge/judge.hpp"

namespace dmafuzz {

namespace {

// A corruption of bytes in a row, however they were cut: what it takes for warnings to cover it.
struct Corrupt {
    uint64_t phys_base;    // of the buffer's first byte, if all of it were in a row
    uint32_t involved;     // mappings
    uint32_t offset, end;  // bytes
    CorruptionKind kind;
    uint8_t buffer;
    auto place() const { return std::tuple(kind, buffer, involved, phys_base); }
};

std::vector<Corrupt> in_order(const Analysis& a, const Places& places) {
    std::vector<Corrupt> all;
    for (const Corruption& c : a.corruptions) {
        if (c.op >= a.run.program_ops) continue;
        const uint64_t before = uint64_t{c.span.offset};
        all.push_back({c.phys - before, places.involved(c), c.span.offset, c.span.offset + uint32_t{c.span.size},
                       c.kind, c.span.buffer});
    }
    std::sort(all.begin(), all.end(), [](const Corrupt& x, const Corrupt& y) {
        return std::tuple(x.place(), x.offset) < std::tuple(y.place(), y.offset);
    });
    std::vector<Corrupt> merged;
    for (const Corrupt& c : all) {
        if (!merged.empty() && merged.back().place() == c.place() && merged.back().end == c.offset)
            merged.back().end = c.end;
        else merged.push_back(c);
    }
    return merged;
}

// Operations by their names instead; those without one are left out.
Calls renamed(const Calls& calls, const std::vector<uint8_t>& names) {
    Calls out{0, calls.tidied, calls.unfinished};
    for (size_t op = 0; op < names.size(); op++)
        if (names[op] != Judge::no_name && calls.ops >> op & 1) out.ops |= uint64_t{1} << names[op];
    return out;
}

Claim renamed(Claim claim, const std::vector<uint8_t>& names) {
    claim.range = renamed(claim.range, names);
    claim.call = renamed(claim.call, names);
    return claim;
}

HarmFootprint renamed(HarmFootprint footprint, const std::vector<uint8_t>& names) {
    footprint.calls = renamed(footprint.calls, names);
    return footprint;
}

// Numbers in no order, each row of them once.
class Rows {
public:
    void add(const Digest& row) {
        if (std::find(seen_.begin(), seen_.end(), row) != seen_.end()) return;
        seen_.push_back(row);
        sum_.add_unordered(row);
    }
    void add(uint64_t a, uint64_t b, uint64_t c) {
        Digest row;
        row.add(a);
        row.add(b);
        row.add(c);
        add(row);
    }
    const Digest& sum() const { return sum_; }

private:
    std::vector<Digest> seen_;
    Digest sum_;
};

template <class T>
void sort_once(std::vector<T>& some) {
    std::sort(some.begin(), some.end());
    some.erase(std::unique(some.begin(), some.end()), some.end());
}

// By what an operation is known to warnings yet to come: its name, or the CPU whose call is not finished.
uint64_t known_as(const Run& run, uint8_t op, const std::vector<uint8_t>& names) {
    constexpr uint64_t nothing = ~uint64_t{0};
    const uint8_t other = run.ops[op].split ? other_half(run, op) : no_op;
    const bool unfinished = other != no_op && other >= run.program_ops;
    const uint64_t name = names[op];
    if (unfinished) return name << 8 | run.ops[op].cpu;
    return name == Judge::no_name ? nothing : name << 8 | 0xff;
}

// What calls that can still be warned about were about.
Digest ranges_of(const Run& run, const std::vector<uint8_t>& names) {
    Rows rows;
    auto add = [&](uint8_t op, uint64_t where, uint64_t size) {
        if (op >= run.program_ops) return;
        if (const uint64_t known = known_as(run, op, names); known != ~uint64_t{0}) rows.add(known, where, size);
    };
    for (const Touch& t : run.touches) add(t.op, t.phys, t.size);
    for (const Meant& m : run.meant)
        add(m.op, uint64_t{1} << 63 | static_cast<uint64_t>(m.part.buffer) << 32 | m.part.offset, m.part.size);
    return rows.sum();
}

}  // namespace

void Judge::add_observations(size_t platform, const std::vector<uint8_t>& names, Digest& into) {
    const Places& places = this->places(platform);
    const Analysis& a = analysis(platform);
    for (const Corrupt& c : in_order(a, places)) {
        into.add(static_cast<uint64_t>(c.kind) << 8 | c.buffer);
        into.add(static_cast<uint64_t>(c.offset) << 32 | c.end);
        into.add(c.phys_base);
        into.add(c.involved);
    }
    Rows harms, warnings, missing_warnings;
    for (const Harm& h : a.harms) {
        if (h.op >= a.run.program_ops || h.kind == HarmKind::exposure) continue;
        const Calls calls = renamed(call_of(a.run, h.op), names);
        harms.add(static_cast<uint64_t>(h.kind) << 8 | h.mapping, calls.ops, calls.unfinished);
    }
    for (const Warning& w : a.watch.warnings) {
        if (w.op >= a.run.program_ops) continue;
        Digest row;
        row.add(static_cast<uint64_t>(reason(platform, w)) << 16 | static_cast<uint64_t>(w.id) << 8 | names[w.op]);
        renamed(claim_of(w, a.run), names).digest(row);
        warnings.add(row);
    }
    for (const MissingWarning& u : a.watch.missing_warnings) {
        const Warning& w = u.warning;
        if (w.op >= a.run.program_ops) continue;
        Digest row;
        row.add(static_cast<uint64_t>(u.reason) << 16 | static_cast<uint64_t>(w.id) << 8 | names[w.op]);
        row.add(w.line);
        renamed(claim_of(w, a.run), names).digest(row);
        missing_warnings.add(row);
    }
    // What comes next gets the next name, also where nothing is left to be seen of those that have one.
    into.add(
        static_cast<uint64_t>(std::count_if(names.begin(), names.end(), [](uint8_t name) { return name != no_name; })));
    into.add(harms.sum());
    into.add(warnings.sum());
    into.add(missing_warnings.sum());
    into.add(ranges_of(a.run, names));
    places.digest(into);
}

bool Judge::same_outcome(size_t platform, size_t known) const {
    if (done_by_[platform] != done_by_[known]) return false;
    // Missing warnings may ask more of a platform than all the rest.
    return !missing_known_[known] || !(missing_[known].features_read & differing(platform, known));
}

Outcome Judge::outcome(size_t platform, const std::vector<uint8_t>& names) {
    const Analysis& a = cover(platform);
    Outcome out;
    out.corrupted = !a.corruptions.empty();
    const Corruption* last = nullptr;
    for (const Corruption& c : a.corruptions) {
        if (c.explained) continue;
        const bool same = last && places(platform).alike(c, *last);
        out.silent.emplace_back(static_cast<uint8_t>(c.kind), same ? out.silent.back().second : reason(platform, c));
        last = &c;
    }
    sort_once(out.silent);
    for (size_t i = 0; i < a.watch.warnings.size(); i++) {
        const Warning& w = a.watch.warnings[i];
        const uint8_t name = w.op < names.size() ? names[w.op] : no_name;
        const Reason why = a.justified_here[i] ? Reason::none : reason(platform, w);
        out.warnings.push_back(
            {static_cast<uint8_t>(w.id), name, a.justified_here[i], why, renamed(claim_of(w, a.run), names)});
    }
    sort_once(out.warnings);
    if (keeps_states_) {
        for (const MissingWarning& u : missing_warnings(platform).missing_warnings)
            if (u.warning.op < names.size()) out.missing_warnings.push_back(names[u.warning.op]);
        sort_once(out.missing_warnings);
    }
    out.corrupt = corrupt_footprint(platform);
    out.corrupt.ranges = renamed(out.corrupt.ranges, names);
    const Analysis& harms = find_harms(platform);
    out.harmed = renamed(harms.harmed, names);
    out.oopsed = renamed(harms.oopsed, names);
    if (a.broken()) out.tracker_crash = static_cast<uint8_t>(a.watch.warnings.back().id);
    return out;
}

Digest Judge::state(size_t platform, const std::vector<uint8_t>& names) {
    const Analysis& a = analyse(platform);
    Digest state;
    state.add(a.machine);
    state.add(a.tracker);
    state.add(a.memory);
    state.add(contract(platform).state);
    add_observations(platform, names, state);
    return state;
}

}  // namespace dmafuzz
