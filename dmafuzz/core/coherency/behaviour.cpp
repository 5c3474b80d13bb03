// SPDX-License-Identifier: GPL-2.0-only
#include "coherency/behaviour.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace dmafuzz {

namespace {

constexpr int given_up_both = 3;

// The joint state: for each copy of the cell one state of its place, as a set of one or two; empty: the copy is not
// there.
using Joint = std::vector<Set>;

Set with_given_up(bool given_up) {
    Set out = 0;
    for (int at = 0; at < lane::count; at++)
        out |= put(static_cast<Lane>(given_up ? lane::all & ~lane::expected : lane::expected), at);
    return out;
}

// Bit 0: some state of the set is not given up; bit 1: some is.
int given_up_of(Set set) { return (set & with_given_up(false) ? 1 : 0) | (set & with_given_up(true) ? 2 : 0); }

int given_up_of(const Joint& joint) {
    for (Set place : joint)
        if (place) return given_up_of(place);
    return given_up_both;
}

bool is_entitled_write(Event event) {
    return event == Event::cpu_write || event == Event::device_write || event == Event::device_write_coherent;
}

bool is_closure(const Trace& trace) { return trace.what == Trace::What::closure; }

// What happens between two looks: first what an operation does to the cell, then what may happen unasked after it.
struct Interval {
    uint8_t op = 0;
    std::vector<const Trace*> asked;
    std::vector<const Trace*> unasked;  // one for each copy that is there
};

struct Search {
    struct Node {
        Joint joint;
        int from;  // the node before; -1: nothing was there
        size_t interval;
        int cost;       // unasked steps so far
        Event event;    // unasked; count_: what the operation has done
        uint16_t copy;  // that it happens to, by its place in the joint state; none: to no copy
        uint8_t writer;
    };
    static constexpr size_t nodes_max = 200'000;
    static constexpr int cost_max = 12;
    static constexpr uint16_t no_copy = 0xffff;

    // Without a corruption: to the end, whatever comes of it.
    Search(const Walked& walked, uint16_t cell, const Corruption* corruption, bool aliases_hit)
        : walked_(walked), corruption_(corruption), aliases_hit_(aliases_hit) {
        const auto& births = walked.simulator.births();
        for (size_t i = 0; i < births.size(); i++)
            if (births[i].cell == cell) copies_.push_back(static_cast<uint16_t>(i));
    }

    size_t at(uint16_t copy) const {
        return static_cast<size_t>(std::find(copies_.begin(), copies_.end(), copy) - copies_.begin());
    }
    std::optional<size_t> end_of_traces() const;
    bool cut();
    std::vector<int> find();
    int within(int bound);
    bool start_interval(size_t number, const std::map<Joint, int>& before, std::map<Joint, int>& now);
    bool take_unasked(size_t number, std::map<Joint, int>& now, int bound);
    void take_step(int from, size_t trace, Event event, std::map<Joint, int>& now);
    void reach(Node node, std::map<Joint, int>& now);
    bool is_goal(const Joint& joint) const;
    std::vector<std::pair<Joint, std::vector<CopyChange>>> carry_out(const Joint& joint,
                                                                     const Interval& interval) const;
    void carry_out(const Trace& trace, Joint joint, const std::vector<CopyChange>& changes,
                   std::vector<std::pair<Joint, std::vector<CopyChange>>>& out) const;

    const Walked& walked_;
    const Corruption* corruption_;
    bool aliases_hit_;
    std::vector<uint16_t> copies_;  // of the cell, in order of birth
    std::vector<Interval> intervals_;
    std::vector<Node> nodes_;
};

// How much was written down before the corruption was seen; nothing: it is not the walk's.
std::optional<size_t> Search::end_of_traces() const {
    if (!corruption_) return walked_.traces.size();
    const std::vector<Corruption>& seen = walked_.simulator.corruptions();
    for (size_t i = 0; i < seen.size(); i++) {
        const Corruption &a = seen[i], &b = *corruption_;
        if (a.kind == b.kind && a.op == b.op && a.cell == b.cell && a.copy == b.copy && a.reader == b.reader)
            return walked_.simulator.seen_after()[i];
    }
    return std::nullopt;
}

// Within an operation too: a copy that settles a second time does so under what has become of the mappings meanwhile.
bool begins_another(const Trace& trace, const Interval& interval) {
    if (interval.op != trace.op) return true;
    if (!is_closure(trace)) return !interval.unasked.empty();
    const auto is_of_its_copy = [&](const Trace* other) { return other->copy == trace.copy; };
    return std::any_of(interval.unasked.begin(), interval.unasked.end(), is_of_its_copy);
}

// Cuts what was written down into intervals, up to where the corruption is seen. False: it is not the walk's.
bool Search::cut() {
    const std::optional<size_t> end = end_of_traces();
    if (!end) return false;
    for (size_t i = 0; i < *end; i++) {
        const Trace& trace = walked_.traces[i];
        if (at(trace.copy) == copies_.size()) continue;
        if (intervals_.empty() || begins_another(trace, intervals_.back())) intervals_.push_back({trace.op, {}, {}});
        (is_closure(trace) ? intervals_.back().unasked : intervals_.back().asked).push_back(&trace);
    }
    return true;
}

// All that a trace of an operation can make of a joint state.
void Search::carry_out(const Trace& trace, Joint joint, const std::vector<CopyChange>& changes,
                       std::vector<std::pair<Joint, std::vector<CopyChange>>>& out) const {
    const size_t k = at(trace.copy);
    const DataPlace place = place_of(trace.copy, trace.op, walked_.simulator, walked_.run);
    auto become = [&](Set after, WitnessEvent event, std::optional<DataPlace> source = {}) {
        Joint next = joint;
        next[k] = after;
        std::vector<CopyChange> all = changes;
        if (after != joint[k] || event == WitnessEvent::copied) all.push_back({event, trace.copy, place, source});
        out.emplace_back(std::move(next), std::move(all));
    };
    if (trace.what == Trace::What::event) {
        become(apply(trace.event, joint[k]), static_cast<WitnessEvent>(trace.event));
        if (!trace.maybe) return;
        if (trace.instead == Event::count_) become(joint[k], WitnessEvent::born);
        else become(apply(trace.instead, joint[k]), static_cast<WitnessEvent>(trace.instead));
        return;
    }
    const int given_up = given_up_of(joint);
    if (trace.what == Trace::What::copied) {
        const Lane seen = cpu_view(joint[at(trace.source)]);
        const DataPlace source = place_of(trace.source, trace.op, walked_.simulator, walked_.run);
        if (walked_.simulator.births()[trace.copy].single)
            return become(put(seen, lane::memory_absent), WitnessEvent::copied, source);
        // A new page: its memory is an earlier owner's.
        const Set below = joint[k] ? joint[k] : put(lane::bit(Flag::foreign, given_up == 2), lane::memory_absent);
        return become(copy_into(below, seen), WitnessEvent::copied, source);
    }
    for (const bool up : {false, true})
        if (const Set born = trace.before & with_given_up(up); born && given_up >> up & 1)
            become(born, WitnessEvent::born);
}

std::vector<std::pair<Joint, std::vector<CopyChange>>> Search::carry_out(const Joint& joint,
                                                                         const Interval& interval) const {
    std::vector<std::pair<Joint, std::vector<CopyChange>>> ways{{joint, {}}};
    for (const Trace* trace : interval.asked) {
        std::vector<std::pair<Joint, std::vector<CopyChange>>> next;
        for (const auto& [from, changes] : ways) carry_out(*trace, from, changes, next);
        ways = std::move(next);
    }
    // What nobody settles any more has gone.
    if (!interval.unasked.empty())
        for (auto& [to, changes] : ways)
            for (size_t k = 0; k < to.size(); k++) {
                const auto is_its = [&](const Trace* t) { return at(t->copy) == k; };
                if (std::none_of(interval.unasked.begin(), interval.unasked.end(), is_its)) to[k] = 0;
            }
    return ways;
}

void Search::reach(Node node, std::map<Joint, int>& now) {
    auto [found, is_new] = now.try_emplace(node.joint, static_cast<int>(nodes_.size()));
    if (!is_new) {
        // As late as possible: of two ways of one length, the one that has just taken a step.
        if (nodes_[static_cast<size_t>(found->second)].cost < node.cost || node.event == Event::count_) return;
        if (nodes_[static_cast<size_t>(found->second)].event != Event::count_) return;
        found->second = static_cast<int>(nodes_.size());
    }
    nodes_.push_back(std::move(node));
}

bool Search::start_interval(size_t number, const std::map<Joint, int>& before, std::map<Joint, int>& now) {
    // The shorter ways first: they are the ones that are kept.
    std::vector<std::pair<int, int>> order;
    for (const auto& [joint, node] : before) order.emplace_back(nodes_[static_cast<size_t>(node)].cost, node);
    std::sort(order.begin(), order.end());
    for (auto [cost, node] : order) {
        const Joint joint = nodes_[static_cast<size_t>(node)].joint;
        for (auto& [to, changes] : carry_out(joint, intervals_[number]))
            reach({to, node, number, cost, Event::count_, no_copy, no_mapping}, now);
        if (nodes_.size() > nodes_max) return false;
    }
    return true;
}

// A step of the hardware or of whoever is entitled; what is written in one place leaves all others behind.
void Search::take_step(int from, size_t trace, Event event, std::map<Joint, int>& now) {
    const Node before = nodes_[static_cast<size_t>(from)];
    const Trace& closure = *intervals_[before.interval].unasked[trace];
    const size_t k = at(closure.copy);
    const bool lost = event == Event::written_elsewhere;
    Joint joint = before.joint;
    for (size_t other = 0; other < joint.size(); other++)
        if (other != k && (is_entitled_write(event) || lost))
            joint[other] = apply(Event::written_elsewhere, joint[other]);
    joint[k] = apply(event, joint[k]);
    if (joint == before.joint) return;
    const bool by_device =
        event >= Event::device_write && event <= Event::wild_write_coherent && event != Event::device_write_beside;
    const uint8_t writer = lost ? closure.lost_writer : by_device ? closure.writer : no_mapping;
    reach({joint, from, before.interval, before.cost + 1, event, lost ? no_copy : static_cast<uint16_t>(k), writer},
          now);
}

bool Search::take_unasked(size_t number, std::map<Joint, int>& now, int bound) {
    std::vector<std::vector<int>> by_cost(static_cast<size_t>(bound) + 1);
    for (const auto& [joint, node] : now)
        by_cost[static_cast<size_t>(nodes_[static_cast<size_t>(node)].cost)].push_back(node);
    for (size_t cost = 0; cost < static_cast<size_t>(bound); cost++) {
        for (size_t i = 0; i < by_cost[cost].size(); i++) {
            const int node = by_cost[cost][i];
            if (now[nodes_[static_cast<size_t>(node)].joint] != node) continue;  // there is a better way by now
            const size_t known = nodes_.size();
            for (size_t trace = 0; trace < intervals_[number].unasked.size(); trace++) {
                const Trace& closure = *intervals_[number].unasked[trace];
                for (int e = 0; e < unasked_events; e++) {
                    const Event event = static_cast<Event>(e);
                    const bool companion =
                        event == Event::written_elsewhere && (closure.lost_writer == no_mapping || trace > 0);
                    if (closure.unasked >> e & 1 && !companion) take_step(node, trace, event, now);
                }
            }
            for (size_t made = known; made < nodes_.size(); made++) by_cost[cost + 1].push_back(static_cast<int>(made));
            if (nodes_.size() > nodes_max) return false;
        }
    }
    return true;
}

// Does the reader see what is wrong?
bool Search::is_goal(const Joint& joint) const {
    if (!corruption_) return true;
    const Corruption& c = *corruption_;
    const Set place = joint[at(c.copy)];
    if (c.reads_void) return (given_up_of(joint) & 1) != 0;
    const bool by_cpu = c.reader == no_mapping;
    Lane seen = c.sees_cache ? cpu_view(place) : memory_view(place);
    if (by_cpu && !c.sees_cache && aliases_hit_)
        seen = static_cast<Lane>(seen | get(place, lane::cached_clean) | get(place, lane::cached_dirty));
    return (seen & c.wrong) != 0;
}

constexpr int not_found = -1, too_large = -2;

// The last node of a behaviour with so many unasked steps at most.
int Search::within(int bound) {
    nodes_.clear();
    nodes_.push_back({Joint(copies_.size(), 0), not_found, 0, 0, Event::count_, no_copy, no_mapping});
    std::map<Joint, int> now{{nodes_[0].joint, 0}};
    for (size_t number = 0; number < intervals_.size(); number++) {
        std::map<Joint, int> next;
        if (!start_interval(number, now, next) || !take_unasked(number, next, bound)) return too_large;
        now = std::move(next);
    }
    int best = not_found;
    for (const auto& [joint, node] : now) {
        const auto cost = [&](int n) { return nodes_[static_cast<size_t>(n)].cost; };
        if (is_goal(joint) && (best == not_found || cost(node) < cost(best))) best = node;
    }
    return best;
}

// The nodes of a shortest behaviour, first to last.
std::vector<int> Search::find() {
    std::vector<int> way;
    if (!cut()) return way;
    int last = not_found;
    for (int bound = 0; bound <= cost_max && last == not_found; bound++) last = within(bound);
    for (; last > 0; last = nodes_[static_cast<size_t>(last)].from) way.push_back(last);
    std::reverse(way.begin(), way.end());
    return way;
}

// ---- From a way to what can be shown

Flag flag_in(Set place, int first, int last) {
    for (int at = first; at <= last; at++)
        for (int flag = 0; flag < flags; flag++)
            if (get(place, at) >> (2 * flag) & 3) return static_cast<Flag>(flag);
    return Flag::foreign;
}

CopyState state_of(uint16_t copy, Set place, DataPlace where, bool single) {
    CopyState out{copy, where, LineState::absent, flag_in(place, lane::memory_absent, lane::memory_dirty), {}};
    if (single) {
        out.line.reset();
        return out;
    }
    if (!get(place, lane::memory_absent)) {
        out.line = get(place, lane::memory_dirty) ? LineState::dirty : LineState::clean;
        out.cached = flag_in(place, lane::cached_clean, lane::cached_dirty);
    }
    return out;
}

Actor actor_of(Event event, uint8_t writer) {
    switch (event) {
        case Event::count_: return Actor::program;
        case Event::drop_clean:
        case Event::write_back:
        case Event::write_back_drop:
        case Event::fill: return Actor::hardware;
        case Event::device_write: return writer == no_mapping ? Actor::cpu : Actor::device;
        case Event::cpu_write:
        case Event::cpu_write_beside: return Actor::cpu;
        default: return Actor::device;
    }
}

class Showing {
public:
    Showing(const Search& search, const Walked& walked, uint16_t cell)
        : search_(search), walked_(walked), cell_(cell) {}

    Moment of(const Joint& joint, uint8_t op) const {
        Moment out;
        out.op = op;
        for (size_t k = 0; k < joint.size(); k++) {
            if (!joint[k]) continue;
            const uint16_t copy = search_.copies_[k];
            out.copies.push_back(state_of(copy, joint[k], place_of(copy, op, walked_.simulator, walked_.run),
                                          walked_.simulator.births()[copy].single));
        }
        out.given_up = given_up_of(joint) == 2;
        for (const Simulator::Holding& h : walked_.simulator.holdings())
            if (h.op == op && h.cell == cell_)
                out.owners.push_back({h.mapping, h.joint ? Owner::both : h.device ? Owner::device : Owner::cpu});
        return out;
    }

    Moment of(const Search::Node& node) const {
        const uint8_t op = search_.intervals_[node.interval].op;
        Moment out = of(node.joint, op);
        out.actor = actor_of(node.event, node.writer);
        out.writer = node.writer;
        if (node.event != Event::count_) {
            const WitnessEvent event = static_cast<WitnessEvent>(node.event);
            if (node.copy == Search::no_copy) return out;
            const uint16_t copy = search_.copies_[node.copy];
            out.changes.push_back({event, copy, place_of(copy, op, walked_.simulator, walked_.run), {}});
            return out;
        }
        const Joint& before = search_.nodes_[static_cast<size_t>(node.from)].joint;
        for (auto& [to, changes] : search_.carry_out(before, search_.intervals_[node.interval]))
            if (to == node.joint) {
                out.changes = changes;
                break;
            }
        return out;
    }

private:
    const Search& search_;
    const Walked& walked_;
    uint16_t cell_;
};

// The way that a search finds, moment by moment, to an operation.
std::vector<Moment> told(Search& search, const Showing& showing, uint8_t until) {
    std::vector<Moment> out;
    const std::vector<int> way = search.find();
    if (way.empty() && !search.intervals_.empty()) return out;
    const Joint nothing(search.copies_.size(), 0);
    const Joint* last = &nothing;
    int op = -1;
    // Operations are shown too while the bytes are nowhere: as long as they live, something settles after each.
    auto pass = [&](int to) {
        while (++op < to) out.push_back(showing.of(nothing, static_cast<uint8_t>(op)));
    };
    for (int number : way) {
        const Search::Node& node = search.nodes_[static_cast<size_t>(number)];
        const uint8_t at = search.intervals_[node.interval].op;
        // A second settling of one operation is no step of the program.
        const bool again = at == op && node.event == Event::count_ && search.intervals_[node.interval].asked.empty();
        if (again && node.joint == *last) continue;
        if (at != op) pass(at);
        out.push_back(showing.of(node));
        last = &node.joint;
    }
    if (op < until) {
        pass(until);
        out.push_back(showing.of(search.corruption_ ? *last : nothing, until));
    }
    return out;
}

}  // namespace

const char* name_of(LineState state) {
    static constexpr std::array<const char*, static_cast<size_t>(LineState::count_)> names{"absent", "clean", "dirty"};
    return names[static_cast<size_t>(state)];
}

const char* name_of(Actor actor) {
    static constexpr std::array<const char*, static_cast<size_t>(Actor::count_)> names{"program", "hardware", "cpu",
                                                                                       "device"};
    return names[static_cast<size_t>(actor)];
}

const char* name_of(Owner owner) {
    static constexpr std::array<const char*, static_cast<size_t>(Owner::count_)> names{"cpu", "device", "both"};
    return names[static_cast<size_t>(owner)];
}

std::vector<Moment> shortest_behaviour(const Walked& walked, const Corruption& corruption, bool aliases_hit) {
    Search search(walked, corruption.cell, &corruption, aliases_hit);
    return told(search, Showing(search, walked, corruption.cell), corruption.op);
}

std::vector<Moment> asked_course(const Walked& walked, uint16_t cell) {
    if (walked.run.ops.empty()) return {};
    Search search(walked, cell, nullptr, false);
    return told(search, Showing(search, walked, cell), static_cast<uint8_t>(walked.run.ops.size() - 1));
}

}  // namespace dmafuzz
