// SPDX-License-Identifier: GPL-2.0-only
#include "coherency/witness.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

using Token = Set;  // a set of one

template <class Do>
void each_token(Set set, Do what) {
    for (; set; set &= set - 1) what(set & (~set + 1));
}

// A way from the set before a closure to a token in it, by unasked steps; shortest first.
bool unasked_way(const Trace& closure, Token goal, Token& start, std::vector<Event>& way) {
    struct Node {
        Token token;
        int from;
        Event event;
    };
    std::vector<Node> nodes;
    Set seen = 0;
    each_token(closure.before, [&](Token t) {
        nodes.push_back({t, -1, Event::count_});
        seen |= t;
    });
    for (size_t i = 0; i < nodes.size(); i++) {
        if (nodes[i].token == goal) {
            way.clear();
            int at = static_cast<int>(i);
            for (; nodes[static_cast<size_t>(at)].from >= 0; at = nodes[static_cast<size_t>(at)].from)
                way.push_back(nodes[static_cast<size_t>(at)].event);
            start = nodes[static_cast<size_t>(at)].token;
            std::reverse(way.begin(), way.end());
            return true;
        }
        for (int e = 0; e < unasked_events; e++) {
            if (!(closure.unasked >> e & 1)) continue;
            each_token(apply(static_cast<Event>(e), nodes[i].token) & ~seen, [&](Token t) {
                seen |= t;
                nodes.push_back({t, static_cast<int>(i), static_cast<Event>(e)});
            });
        }
    }
    return false;
}

// A token of the set before an event that the event makes into `goal`.
Token before_event(const Trace& trace, Token goal) {
    Token found = 0;
    auto by = [&](Event event) {
        each_token(trace.before, [&](Token t) {
            if (!found && apply(event, t) & goal) found = t;
        });
    };
    by(trace.event);
    if (trace.maybe) by(trace.instead);
    return found;
}

// The wrong token as the view has it.
Token wrong_token(Set set, Lane wrong, bool seen_by_cpu, bool sees_cache) {
    Set lanes = put(wrong, lane::memory_absent);
    if (seen_by_cpu || sees_cache) lanes |= put(wrong, lane::cached_clean) | put(wrong, lane::cached_dirty);
    if (!sees_cache) lanes |= put(wrong, lane::memory_clean) | put(wrong, lane::memory_dirty);
    Set candidates = set & lanes;
    return candidates & (~candidates + 1);
}

Set after(const Trace& t) {
    switch (t.what) {
        case Trace::What::born: return t.before;
        case Trace::What::event: return apply(t.event, t.before) | (t.maybe ? apply(t.instead, t.before) : 0);
        case Trace::What::closure: return closure(t.before, t.unasked);
        case Trace::What::copied: return 0;
    }
    return 0;
}

// A copy reads its source through the cache; a line that is filled and dropped again is as before.
void mark_implied(std::vector<WitnessStep>& steps) {
    std::vector<WitnessStep*> kept;  // of those so far that do something to the data
    for (WitnessStep& step : steps) {
        const WitnessEvent event = event_of(step);
        const bool dropped = event == WitnessEvent{static_cast<uint8_t>(Event::drop_clean)};
        if ((dropped || event == WitnessEvent::copied) && !kept.empty() && kept.back()->event == Event::fill) {
            kept.back()->implied = true;
            kept.pop_back();
            step.implied = dropped;
        }
        if (!step.implied && step.event != Event::give_up) kept.push_back(&step);
    }
}

}  // namespace

std::vector<WitnessStep> witness(const std::vector<Trace>& traces, const Corruption& corruption, bool seen_by_cpu,
                                 bool sees_cache) {
    std::vector<WitnessStep> steps;
    uint16_t copy = corruption.copy;
    // The last that happened to the copy before it was looked at.
    size_t end = traces.size();
    bool explicit_read = corruption.kind == CorruptionKind::stale_cpu_read;
    while (end > 0 && (traces[end - 1].copy != copy ||
                       (explicit_read ? traces[end - 1].op >= corruption.op : traces[end - 1].op > corruption.op)))
        end--;
    if (end == 0) return steps;
    Token token = wrong_token(after(traces[end - 1]), corruption.wrong, seen_by_cpu, sees_cache);
    for (size_t i = end; i-- > 0 && token;) {
        const Trace& t = traces[i];
        if (t.copy != copy) continue;
        if (t.what == Trace::What::closure) {
            std::vector<Event> way;
            Token start = token;
            if (!unasked_way(t, token, start, way)) break;
            for (size_t k = way.size(); k-- > 0;) {
                bool elsewhere = way[k] == Event::written_elsewhere;
                bool by_device = way[k] >= Event::device_write && way[k] <= Event::wild_write_coherent;
                uint8_t writer = elsewhere ? t.other_writer : by_device ? t.writer : no_mapping;
                steps.push_back({t.op, false, t.what, way[k], copy, writer});
            }
            token = start;
        } else if (t.what == Trace::What::event) {
            Token earlier = before_event(t, token);
            if (earlier != token || t.event == Event::give_up)
                steps.push_back({t.op, true, t.what, t.event, copy, t.writer});
            token = earlier;
        } else if (t.what == Trace::What::copied) {
            steps.push_back({t.op, true, t.what, Event::count_, copy, no_mapping});
            Lane flag = 0;
            for (int at = 0; at < lane::count; at++) flag |= get(token, at);
            bool from_source = (token & (put(lane::all, lane::cached_clean) | put(lane::all, lane::cached_dirty))) ||
                               t.before == 0 || !(t.before & token);
            if (!from_source) continue;
            Set view = put(flag, lane::memory_absent) | put(flag, lane::cached_clean) | put(flag, lane::cached_dirty);
            Set candidates = t.source_before & view;
            if (!candidates) continue;
            token = candidates & (~candidates + 1);
            copy = t.source;
        } else {
            steps.push_back({t.op, true, t.what, Event::count_, copy, no_mapping});
            break;
        }
    }
    std::reverse(steps.begin(), steps.end());
    mark_implied(steps);
    return steps;
}

}  // namespace dmafuzz
