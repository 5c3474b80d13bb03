// SPDX-License-Identifier: GPL-2.0-only
// How the schedules of a program hang together, without judging any: where threads can stand, which of them runs, and
// how many preemptions that took. Which steps are possible depends on where the threads stand alone, not on how they
// came there, so that this is small where schedules are many, and counts them exactly.
//
// A preemption is a switch away from a thread whose next step is possible, be it the second half of a call. A switch
// away from a thread that has ended or is blocked costs nothing. (Musuvathi and Qadeer, PLDI 2007.)
#pragma once

#include <cstddef>

#include "schedule/threads.hpp"

namespace dmafuzz {

class Lattice {
public:
    struct Edge {
        uint32_t to;
        uint8_t thread;
        bool switches;   // the thread that ran before is another one
        bool cuts_call;  // and was inside a call
    };
    struct Node {
        Positions at = 0;
        uint8_t running = no_thread;
        uint8_t preemptions = 0;
        uint8_t ways_in = 0;       // edges from nodes, of which schedules go through
        uint64_t prefixes = 0;     // that lead here
        uint64_t completions = 0;  // that make schedules of each of them
        uint32_t edges = 0;        // the first of them
        uint8_t edge_count = 0;
    };

    // `threads` must outlive it. Stops where it would become larger than `nodes_max`, and is not `complete` then.
    Lattice(const Threads& threads, int preemptions, size_t nodes_max);

    bool complete() const { return complete_; }
    // By the preemptions that they take.
    const std::vector<uint64_t>& schedules() const { return schedules_; }
    uint64_t total() const;
    // Orders that lead to a point where no thread can go on: no schedules of the program.
    uint64_t dropped() const { return dropped_; }
    // In an order in which each comes after those that lead to it; the first is the beginning.
    const std::vector<Node>& nodes() const { return nodes_; }
    const Edge* edges(const Node& node) const { return edges_.data() + node.edges; }

private:
    class Level;
    void build(size_t nodes_max);
    void follow(uint32_t from, const Level& here, Level& next);
    void look_back();

    const Threads& threads_;
    int preemptions_;
    bool complete_ = true;
    std::vector<Node> nodes_;
    std::vector<Edge> edges_;
    std::vector<uint64_t> schedules_;
    uint64_t dropped_ = 0;
};

// More than can be counted stays at the largest number.
inline uint64_t saturated_sum(uint64_t a, uint64_t b) { return a + b < a ? ~uint64_t{0} : a + b; }

}  // namespace dmafuzz
