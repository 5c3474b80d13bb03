// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/lattice.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace dmafuzz {

// The nodes that have taken the same number of steps, and what is possible where their threads stand.
class Lattice::Level {
public:
    struct Place {
        Scope scope;
        uint8_t possible = 0;  // threads, a bit each
    };

    const Place& place(Positions at) const { return places_.at(at); }

    // A place, and whether it is new here.
    Place& add(Positions at, bool& is_new) {
        auto [found, fresh] = places_.try_emplace(at);
        is_new = fresh;
        return found->second;
    }

    // The node that is there, or the one that is to be: `next`.
    uint32_t node(const Node& node, uint32_t next, bool& is_new) {
        auto [found, fresh] = nodes_.try_emplace({node.at, node.running, node.preemptions}, next);
        is_new = fresh;
        return found->second;
    }

private:
    std::unordered_map<Positions, Place> places_;
    std::map<std::tuple<Positions, uint8_t, uint8_t>, uint32_t> nodes_;
};

// A schedule has no more switches than steps.
Lattice::Lattice(const Threads& threads, int preemptions, size_t nodes_max)
    : threads_(threads),
      preemptions_(std::min(preemptions, threads.steps())),
      schedules_(static_cast<size_t>(preemptions_) + 1) {
    build(nodes_max);
    if (complete_) look_back();
}

uint64_t Lattice::total() const {
    uint64_t sum = 0;
    for (uint64_t some : schedules_) sum = saturated_sum(sum, some);
    return sum;
}

void Lattice::build(size_t nodes_max) {
    bool is_new;
    Level here;
    nodes_.push_back({});
    nodes_[0].prefixes = 1;
    here.add(0, is_new).possible = threads_.possible(Scope{}, 0);
    uint32_t begin = 0;
    for (int step = 0; step < threads_.steps(); step++) {
        Level next;
        auto end = static_cast<uint32_t>(nodes_.size());
        for (uint32_t node = begin; node < end; node++) {
            follow(node, here, next);
            complete_ = nodes_.size() <= nodes_max;
            if (!complete_) return;
        }
        begin = end;
        here = std::move(next);
    }
    for (size_t i = begin; i < nodes_.size(); i++) {
        uint64_t& some = schedules_[nodes_[i].preemptions];
        some = saturated_sum(some, nodes_[i].prefixes);
    }
}

// Takes every step that is possible from a node.
void Lattice::follow(uint32_t from, const Level& here, Level& next) {
    const Node node = nodes_[from];
    const Level::Place& place = here.place(node.at);
    if (!place.possible) dropped_ = saturated_sum(dropped_, node.prefixes);
    nodes_[from].edges = static_cast<uint32_t>(edges_.size());
    for (int t = 0; t < threads_.size(); t++) {
        if (!(place.possible >> t & 1)) continue;
        const bool switches = node.running != no_thread && node.running != t;
        const bool preempts = switches && place.possible >> node.running & 1;
        if (node.preemptions + preempts > preemptions_) continue;
        Node to;
        to.at = advanced(node.at, t);
        to.running = static_cast<uint8_t>(t);
        to.preemptions = static_cast<uint8_t>(node.preemptions + preempts);
        bool is_new;
        uint32_t index = next.node(to, static_cast<uint32_t>(nodes_.size()), is_new);
        if (is_new) nodes_.push_back(to);
        nodes_[index].prefixes = saturated_sum(nodes_[index].prefixes, node.prefixes);
        edges_.push_back({index, to.running, switches, switches && threads_.inside_call(node.at, node.running)});
        nodes_[from].edge_count++;

        Level::Place& there = next.add(to.at, is_new);
        if (!is_new) continue;
        there.scope = place.scope;
        there.scope.apply(threads_.next(node.at, t));
        there.possible = threads_.possible(there.scope, to.at);
    }
}

// From the last nodes on: in how many ways schedules go on.
void Lattice::look_back() {
    for (size_t i = nodes_.size(); i-- > 0;) {
        Node& node = nodes_[i];
        node.completions = threads_.all_ended(node.at);
        const Edge* first = edges(node);
        for (const Edge* edge = first; edge != first + node.edge_count; edge++)
            node.completions = saturated_sum(node.completions, nodes_[edge->to].completions);
        if (!node.completions) continue;
        for (const Edge* edge = first; edge != first + node.edge_count; edge++) nodes_[edge->to].ways_in++;
    }
}

}  // namespace dmafuzz
