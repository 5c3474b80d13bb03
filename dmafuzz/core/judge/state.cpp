// What a program leaves behind, in numbers.
#include <algorithm>
#include <tuple>

#include "judge/judge.hpp"

namespace dmafuzz {

namespace {

// A corruption of bytes in a row, however they were cut: what it takes for warnings to cover it.
struct Corrupt {
    uint64_t phys_base;  // of the buffer's first byte, if all of it were in a row
    uint64_t mappings;
    uint32_t offset, end;  // bytes
    CorruptionKind kind;
    uint8_t buffer;
    auto place() const { return std::tuple(kind, buffer, mappings, phys_base); }
};

std::vector<Corrupt> in_order(const Analysis& a) {
    std::vector<Corrupt> all;
    for (const Corruption& c : a.corruptions) {
        if (c.op >= a.run.program_ops) continue;
        const uint64_t before = uint64_t{c.span.offset};
        all.push_back({c.phys - before, c.mappings, c.span.offset, c.span.offset + uint32_t{c.span.size}, c.kind, c.span.buffer});
    }
    std::sort(all.begin(), all.end(), [](const Corrupt& x, const Corrupt& y) {
        return std::tuple(x.place(), x.offset) < std::tuple(y.place(), y.offset);
    });
    std::vector<Corrupt> merged;
    for (const Corrupt& c : all) {
        if (!merged.empty() && merged.back().place() == c.place() && merged.back().end == c.offset) merged.back().end = c.end;
        else merged.push_back(c);
    }
    return merged;
}

}  // namespace

void Judge::add_observations(const Analysis& a, const std::vector<uint8_t>& names, Digest& into) const {
    for (const Corrupt& c : in_order(a)) {
        into.add(static_cast<uint64_t>(c.kind) << 8 | c.buffer);
        into.add(static_cast<uint64_t>(c.offset) << 32 | c.end);
        into.add(c.phys_base);
        into.add(c.mappings);
    }
    Digest harms, warnings, touches;
    std::vector<uint64_t> seen;
    auto first_time = [&](uint64_t what) {
        if (std::find(seen.begin(), seen.end(), what) != seen.end()) return false;
        seen.push_back(what);
        return true;
    };
    auto add_to = [](Digest& set, uint64_t a, uint64_t b, uint64_t c) {
        Digest one;
        one.add(a);
        one.add(b);
        one.add(c);
        set.add_unordered(one);
    };
    for (const Harm& h : a.harms)
        if (h.op < a.run.program_ops && h.kind != HarmKind::exposure) add_to(harms, static_cast<uint64_t>(h.kind), h.mapping, 0);
    for (const Warning& w : a.watch.warnings) {
        if (w.op >= a.run.program_ops) continue;
        const uint64_t which = static_cast<uint64_t>(w.id) << 40 | static_cast<uint64_t>(names[w.op]) << 32 | w.mappings;
        if (first_time(which)) add_to(warnings, which, 0, 0);
    }
    for (const Touch& t : a.run.touches)
        if (t.op < a.run.program_ops && names[t.op] != no_name) add_to(touches, names[t.op], t.phys, t.size);
    // What comes next gets the next name, also where nothing is left to be seen of those that have one.
    into.add(static_cast<uint64_t>(std::count_if(names.begin(), names.end(), [](uint8_t name) { return name != no_name; })));
    into.add(harms);
    into.add(warnings);
    into.add(touches);
}

namespace {

// Operations by their names instead.
Reach renamed(const Reach& reach, const std::vector<uint8_t>& names) {
    Reach out{reach.mappings, 0};
    for (size_t op = 0; op < names.size(); op++)
        if (names[op] != Judge::no_name && reach.ops >> op & 1) out.ops |= uint64_t{1} << names[op];
    return out;
}

}  // namespace

Outcome Judge::outcome(size_t platform, const std::vector<uint8_t>& names) {
    const Analysis& a = cover(platform);
    Outcome out;
    out.corrupted = !a.corruptions.empty();
    for (const Corruption& c : a.corruptions)
        if (!c.explained) out.silent |= static_cast<uint8_t>(1u << static_cast<int>(c.kind));
    for (size_t i = 0; i < a.watch.warnings.size(); i++) {
        const Warning& w = a.watch.warnings[i];
        const uint8_t name = w.op < names.size() ? names[w.op] : no_name;
        out.warnings.push_back({static_cast<uint8_t>(w.id), name, a.justified_here[i], w.mappings});
    }
    std::sort(out.warnings.begin(), out.warnings.end());
    out.warnings.erase(std::unique(out.warnings.begin(), out.warnings.end()), out.warnings.end());
    out.corrupt = renamed(corrupt_reach(platform), names);
    out.harmed = renamed(harmed_reach(platform), names);
    if (a.broken()) out.breakdown = static_cast<uint8_t>(a.watch.warnings.back().id);
    return out;
}

Digest Judge::state(size_t platform, const std::vector<uint8_t>& names) {
    const Analysis& a = analyse(platform);
    Digest state, monitor;
    broken_rules(a.run, platforms_[platform], &monitor);
    state.add(a.machine);
    state.add(a.tracker);
    state.add(a.memory);
    state.add(monitor);
    add_observations(a, names, state);
    return state;
}

}  // namespace dmafuzz
