// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/minimize.hpp"

#include <algorithm>
#include <bit>

#include "fuzzing/about.hpp"
#include "program/order.hpp"

namespace dmafuzz {

namespace {

// Keeps the lines that are valid without the ones taken away: what named something that is gone goes too.
Program drop_invalid(const Program& program) {
    Program valid;
    Scope scope;
    for (const Op& op : program.ops) {
        if (scope.check(op)) continue;
        scope.apply(op);
        valid.ops.push_back(op);
    }
    return valid;
}

int devices_of(const Program& program) {
    uint32_t named = 0;
    for (const Op& op : program.ops)
        if (names_device(op)) named |= 1u << op.device;
    return std::popcount(named);
}

// Changes of one operation. Is it another one now?
template <auto Field>
bool given_up(Op& op) {
    const auto before = op.*Field;
    op.*Field = {};
    return before != op.*Field;
}
template <OpKind kind, OpKind plainer>
bool replaced(Op& op) {
    if (op.kind != kind) return false;
    op.kind = plainer;
    return true;
}

class Minimizer {
public:
    using Shows = std::function<bool(const Program&)>;

    Minimizer(Program program, const Shows& shows) : best_(std::move(program)), shows_(shows) {}

    Program run() {
        // From canonical names, so that what a program's names happen to be changes nothing.
        accept(canonical(best_));
        // Each pass makes the program smaller in the order of docs/spec/verdicts.md or leaves it alone, so this ends.
        for (bool changed = true; changed;) {
            changed = remove_lines();
            changed |= lower_cpus();
            changed |= join_calls();
            changed |= lower_devices();
            changed |= merge_buffers();
            changed |= shrink_ranges();
            changed |= plainer();
            // Renaming is part of the order (text); it changes no verdict, but what is tried next starts from it.
            Program renamed = canonical(best_);
            if (renamed != best_ && accept(renamed)) changed = true;
        }
        return best_;
    }
    uint64_t tried() const { return tried_; }

private:
    bool accept(const Program& candidate) {
        if (candidate.ops.empty() || candidate == best_) return false;
        if (check(candidate)) return false;
        tried_++;
        if (!shows_(candidate)) return false;
        best_ = candidate;
        return true;
    }

    bool accept_changed(size_t line, Op op) {
        clear_unused(op);
        if (op == best_.ops[line]) return false;
        Program candidate = best_;
        candidate.ops[line] = op;
        return accept(candidate);
    }

    bool without(size_t from, size_t count) {
        Program candidate = best_;
        auto at = candidate.ops.begin() + static_cast<std::ptrdiff_t>(from);
        candidate.ops.erase(at, at + static_cast<std::ptrdiff_t>(count));
        return accept(drop_invalid(candidate));
    }

    // Halves, quarters, ... single lines, from the end; and pairs of lines that only go together.
    bool remove_lines() {
        bool any = false;
        for (size_t chunk = best_.ops.size() / 2; chunk >= 1; chunk /= 2) {
            for (size_t end = best_.ops.size(); end >= chunk;) {
                if (without(end - chunk, chunk)) any = true;
                else end -= 1 + (chunk > 1 ? chunk - 1 : 0);
                end = std::min(end, best_.ops.size());
            }
        }
        for (size_t i = 0; i < best_.ops.size(); i++)
            for (size_t j = best_.ops.size(); j-- > i + 1;) {
                Program candidate = best_;
                candidate.ops.erase(candidate.ops.begin() + static_cast<std::ptrdiff_t>(j));
                candidate.ops.erase(candidate.ops.begin() + static_cast<std::ptrdiff_t>(i));
                if (!accept(drop_invalid(candidate))) continue;
                any = true;
                j = best_.ops.size();
                if (i >= j) break;
            }
        return any;
    }

    template <class Change>
    bool each_line(Change change) {
        bool any = false;
        for (size_t i = 0; i < best_.ops.size(); i++) any |= change(i);
        return any;
    }

    bool all_lines(void (*change)(Op&)) {
        Program candidate = best_;
        for (Op& op : candidate.ops) {
            change(op);
            clear_unused(op);
        }
        return accept(candidate);
    }

    // A name of CPUs or devices: the lowest on all lines, then each one a lower one wherever it stands.
    template <uint8_t Op::* name, int names>
    bool lower_everywhere() {
        bool any = all_lines([](Op& op) { op.*name = 0; });
        for (uint8_t from = names - 1; from > 0; from--)
            for (uint8_t to = 0; to < from; to++) {
                Program candidate = best_;
                for (Op& op : candidate.ops)
                    if (op.*name == from) op.*name = to;
                any |= accept(candidate);
            }
        return any;
    }

    bool lower_cpus() {
        bool any = lower_everywhere<&Op::cpu, cpus_max>();
        any |= each_line([&](size_t i) {
            for (uint8_t cpu = 0; cpu < best_.ops[i].cpu; cpu++) {
                Op op = best_.ops[i];
                op.cpu = cpu;
                if (accept_changed(i, op)) return true;
            }
            return false;
        });
        return any;
    }

    // A split call and its finish become one line again, at either place.
    bool join_calls() {
        return each_line([&](size_t i) {
            if (!best_.ops[i].split) return false;
            size_t end = i + 1;
            while (end < best_.ops.size() &&
                   !(best_.ops[end].kind == OpKind::finish && best_.ops[end].cpu == best_.ops[i].cpu))
                end++;
            Program here = best_;
            here.ops[i].split = false;
            if (end < here.ops.size()) here.ops.erase(here.ops.begin() + static_cast<std::ptrdiff_t>(end));
            if (accept(here)) return true;
            if (end == best_.ops.size()) return false;
            Program there = best_;
            there.ops[end] = there.ops[i];
            there.ops[end].split = false;
            there.ops.erase(there.ops.begin() + static_cast<std::ptrdiff_t>(i));
            return accept(there);
        });
    }

    bool lower_devices() {
        bool any = lower_everywhere<&Op::device, devices_max>();
        any |= each_line([&](size_t i) {
            for (uint8_t device = 0; device < best_.ops[i].device; device++) {
                Program candidate = best_;
                candidate.ops[i].device = device;
                // A lower name is no gain where it is one more device.
                if (devices_of(candidate) <= devices_of(best_) && accept(candidate)) return true;
            }
            return false;
        });
        return any;
    }

    // One buffer instead of two: every line that names the later one names the earlier one.
    bool merge_buffers() {
        bool any = false;
        for (uint8_t from = buffers_max - 1; from > 0; from--)
            for (uint8_t to = 0; to < from; to++) {
                Program candidate = best_;
                bool named = false;
                for (Op& op : candidate.ops) {
                    if (traits(op.kind).names_buffer && op.buffer == from) op.buffer = to, named = true;
                    for (Entry& e : op.entries)
                        if (e.size && e.buffer == from) e.buffer = to, named = true;
                }
                if (named && accept(drop_invalid(candidate))) any = true;
            }
        return any;
    }

    // `least`: what the value must not go below.
    template <class Set>
    bool lower_value(size_t line, uint32_t now, uint32_t least, Set set) {
        static constexpr uint32_t candidates[] = {0,     16,     32,     48,   64,   80,   96,   112,  128,
                                                  192,   256,    512,    1024, 2048, 4096, 4112, 8192, 16384,
                                                  65536, 262144, 262160, 1,    2,    8,    42,   110,  1534};
        auto attempt = [&](uint32_t value) {
            if (value < least || size_order(value) >= size_order(now)) return false;
            Op op = best_.ops[line];
            set(op, value);
            if (!accept_changed(line, op)) return false;
            now = value;
            return true;
        };
        auto lower = [&] {
            for (uint32_t value : candidates)
                if (attempt(value)) return true;
            const uint32_t unit = now % preferred_bytes ? 1 : preferred_bytes;
            if (unit == 1 && (attempt(now / preferred_bytes * preferred_bytes) ||
                              attempt((now / preferred_bytes + 1) * preferred_bytes)))
                return true;
            for (uint32_t step = now > least ? (now - least) / 2 / unit * unit : 0; step > unit;
                 step = step / 2 / unit * unit)
                if (attempt(now - step)) return true;
            return now >= least + unit && attempt(now - unit);
        };
        bool any = false;
        while (lower()) any = true;
        return any;
    }

    bool shrink_line(size_t i) {
        const Op op = best_.ops[i];
        bool any = false;
        // A call's size of 0 is no smaller than others: it stays only where the cause needs it.
        if (op.size) any |= lower_value(i, op.size, 1, [](Op& o, uint32_t v) { o.size = v; });
        else if (op.given_size) any |= lower_value(i, ~uint32_t{0}, 1, [](Op& o, uint32_t v) { o.size = v; });
        if (op.offset) any |= lower_value(i, op.offset, 0, [](Op& o, uint32_t v) { o.offset = v; });
        if (op.cpu_offset) any |= lower_value(i, op.cpu_offset, 0, [](Op& o, uint32_t v) { o.cpu_offset = v; });
        for (int e = 0; e < op.entry_count; e++) {
            any |= lower_value(i, best_.ops[i].entries[e].size, 1, [e](Op& o, uint32_t v) { o.entries[e].size = v; });
            if (best_.ops[i].entries[e].offset)
                any |= lower_value(i, best_.ops[i].entries[e].offset, 0,
                                   [e](Op& o, uint32_t v) { o.entries[e].offset = v; });
        }
        return any;
    }

    // A buffer, and all ranges of it, become smaller together.
    bool shrink_buffer(size_t line) {
        const Op alloc = best_.ops[line];
        if (!traits(alloc.kind).defines_buffer) return false;
        static constexpr uint32_t sizes[] = {16, 32, 48, 64, 96, 128, 256, 4096, 4112};
        for (uint32_t size : sizes) {
            if (size_order(size) >= size_order(alloc.size)) break;
            Program candidate = best_;
            for (Op& op : candidate.ops) {
                bool names = (traits(op.kind).names_buffer || op.kind == alloc.kind) && op.buffer == alloc.buffer &&
                             traits(op.kind).has_range;
                if (names && op.offset >= size) op.offset = 0;
                if (names) op.size = std::min<uint32_t>(op.size, size - op.offset);
                for (Entry& e : op.entries) {
                    if (!e.size || e.buffer != alloc.buffer) continue;
                    if (e.offset >= size) e.offset = 0;
                    e.size = std::min<uint32_t>(e.size, size - e.offset);
                }
            }
            candidate.ops[line].size = size;
            if (accept(candidate)) return true;
        }
        return false;
    }

    // All ranges of a buffer move down together, by what the lowest of them leaves free.
    bool shift_buffer(size_t line) {
        const Op alloc = best_.ops[line];
        if (!traits(alloc.kind).defines_buffer) return false;
        auto each_offset = [&](Program& program, auto what) {
            for (Op& op : program.ops) {
                bool names = traits(op.kind).names_buffer && op.buffer == alloc.buffer &&
                             (traits(op.kind).has_range || op.kind == OpKind::cow);
                if (names) what(op.offset);
                for (Entry& e : op.entries)
                    if (e.size && e.buffer == alloc.buffer) what(e.offset);
            }
        };
        constexpr uint32_t none = ~uint32_t{0};
        uint32_t least = none;
        each_offset(best_, [&](uint32_t& offset) { least = std::min(least, offset); });
        if (least == 0 || least == none || least >= alloc.size) return false;
        Program candidate = best_;
        each_offset(candidate, [&](uint32_t& offset) { offset -= least; });
        candidate.ops[line].size = alloc.size - least;
        return accept(candidate);
    }

    bool shrink_ranges() {
        bool any = each_line([&](size_t i) { return shift_buffer(i) | shrink_buffer(i); });
        return any | each_line([&](size_t i) { return shrink_line(i); });
    }

    // Attributes and flags off, arguments as mapped, fewer entries, plainer kinds.
    bool plainer() {
        using Change = bool (*)(Op&);
        static constexpr Change changes[] = {
            &given_up<&Op::unchecked>,
            &given_up<&Op::high>,
            &given_up<&Op::private_copy>,
            &given_up<&Op::cpu_offset>,
            [](Op& op) {
                bool c = op.attrs != 0 || op.given_attrs;
                op.attrs = 0;
                op.given_attrs = false;
                return c;
            },
            [](Op& op) {
                bool c = op.given_attrs && op.attrs != 0;
                op.attrs = 0;
                return c;
            },
            &given_up<&Op::given_device>,
            &given_up<&Op::given_size>,
            &given_up<&Op::given_direction>,
            &given_up<&Op::given_count>,
            [](Op& op) {
                bool c = op.given_count && op.count > 1;
                op.count = 1;
                return c;
            },
            [](Op& op) {
                bool c = op.kind == OpKind::alloc && op.buffer_kind != BufferKind::pages;
                op.buffer_kind = BufferKind::pages;
                return c;
            },
            [](Op& op) {
                bool c = op.kind == OpKind::alloc && op.buffer_kind > BufferKind::kmalloc;
                op.buffer_kind = BufferKind::kmalloc;
                return c;
            },
            &replaced<OpKind::sync_range_for_cpu, OpKind::sync_single_for_cpu>,
            &replaced<OpKind::sync_range_for_device, OpKind::sync_single_for_device>,
            &replaced<OpKind::dirty, OpKind::write>,
        };
        bool any = each_line([&](size_t i) {
            bool changed = false;
            for (Change change : changes) {
                Op op = best_.ops[i];
                if (change(op)) changed |= accept_changed(i, op);
            }
            return changed;
        });
        any |= each_line([&](size_t i) { return fewer_attributes(i) | fewer_entries(i); });
        return any | plainer_maps();
    }

    bool fewer_attributes(size_t line) {
        bool any = false;
        for (uint8_t bit = 1; bit & attr::all; bit = static_cast<uint8_t>(bit << 1)) {
            Op op = best_.ops[line];
            if (!(op.attrs & bit)) continue;
            op.attrs = static_cast<uint8_t>(op.attrs & ~bit);
            any |= accept_changed(line, op);
        }
        return any;
    }

    bool fewer_entries(size_t line) {
        bool any = false;
        for (int e = best_.ops[line].entry_count; e-- > 0 && best_.ops[line].entry_count > 1;) {
            Op op = best_.ops[line];
            for (int k = e + 1; k < op.entry_count; k++) op.entries[k - 1] = op.entries[k];
            op.entries[--op.entry_count] = {};
            any |= accept_changed(line, op);
        }
        return any;
    }

    // map_page and its unmap become map_single and its unmap; a list of one entry too.
    bool plainer_maps() {
        return each_line([&](size_t i) {
            const Op& map = best_.ops[i];
            bool page = map.kind == OpKind::map_page, list = map.kind == OpKind::map_sg && map.entry_count == 1;
            if (!page && !list) return false;
            Program candidate = best_;
            Op& single = candidate.ops[i];
            single.kind = OpKind::map_single;
            if (list) {
                single.buffer = map.entries[0].buffer;
                single.offset = map.entries[0].offset;
                single.size = map.entries[0].size;
            }
            clear_unused(single);
            for (Op& op : candidate.ops) {
                if (!traits(op.kind).names_mapping || op.mapping != map.mapping) continue;
                if (op.kind == matching_end(map.kind)) op.kind = OpKind::unmap_single;
                if (op.kind == OpKind::sync_sg_for_cpu) op.kind = OpKind::sync_single_for_cpu;
                if (op.kind == OpKind::sync_sg_for_device) op.kind = OpKind::sync_single_for_device;
                clear_unused(op);
            }
            return accept(candidate);
        });
    }

    Program best_;
    const Shows& shows_;
    uint64_t tried_ = 0;
};

// `keeps` leads `target` along: it is what the smallest program shows.
Minimized minimized_while(const std::function<bool(const Program&)>& keeps, const Program& program,
                          const PlatformSignature& target) {
    Minimizer minimizer(program, keeps);
    Minimized done;
    done.program = minimizer.run();
    done.tried = minimizer.tried();
    done.rules = target.rules;
    done.reason = target.reason;
    return done;
}

}  // namespace

Minimized minimize(Judge& judge, const Program& program, PlatformSignature target) {
    judge.start(program);
    std::vector<Loss> lost = losses(judge, target);
    auto shows_target = [&](const Program& candidate) {
        judge.start(candidate);
        std::optional<PlatformSignature> shown = still_shown(judge, target);
        if (!shown) shown = loses_all_the_same(judge, target, lost);
        if (!shown) return false;
        target = *shown;
        lost = losses(judge, target);
        return true;
    };
    const std::function<bool(const Program&)> keeps = shows_target;
    return minimized_while(keeps, program, target);
}

Minimized minimize_written(Judge& judge, const Program& program, PlatformSignature target) {
    judge.start(program);
    const About wanted = abouts(judge, target).at(0);
    const std::function<bool(const Program&)> keeps = [&](const Program& candidate) {
        judge.start(candidate);
        const std::optional<PlatformSignature> shown = still_shown(judge, target);
        if (!shown || shown->reason != target.reason) return false;
        const std::vector<About> found = abouts(judge, target);
        if (std::find(found.begin(), found.end(), wanted) == found.end()) return false;
        target.rules = shown->rules;
        return true;
    };
    return minimized_while(keeps, program, target);
}

Program minimize(const Program& program, const std::function<bool(const Program&)>& shows) {
    return Minimizer(program, shows).run();
}

Program without_line(const Program& program, size_t line) {
    Program rest = program;
    rest.ops.erase(rest.ops.begin() + static_cast<std::ptrdiff_t>(line));
    return drop_invalid(rest);
}

Program canonical(const Program& program) {
    std::array<int, buffers_max> buffers;
    std::array<int, mappings_max> mappings;
    std::array<int, cpus_max> cpus;
    buffers.fill(-1);
    mappings.fill(-1);
    cpus.fill(-1);
    int next_buffer = 0, next_mapping = 0, next_cpu = 0;
    auto rename = [](auto& names, uint8_t& name, int& next) {
        if (names[name] < 0) names[name] = next++;
        name = static_cast<uint8_t>(names[name]);
    };
    Program out = program;
    for (Op& op : out.ops) {
        const OpTraits& t = traits(op.kind);
        if (!is_device_access(op.kind)) rename(cpus, op.cpu, next_cpu);
        if (t.defines_buffer || t.names_buffer) rename(buffers, op.buffer, next_buffer);
        for (int i = 0; i < op.entry_count; i++) rename(buffers, op.entries[i].buffer, next_buffer);
        if (t.defines_mapping || t.names_mapping) rename(mappings, op.mapping, next_mapping);
        if (op.reuse_list) rename(mappings, op.list, next_mapping);
    }
    return out;
}

}  // namespace dmafuzz
