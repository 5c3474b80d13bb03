// SPDX-License-Identifier: GPL-2.0-only
// The neighbourhood of a short program: what it becomes with one line more, or with one argument otherwise.
#pragma once

#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "judge/cause.hpp"

namespace dmafuzz {

// Some hundreds, each valid, each once, of at most `ops_limit` operations; none of a program that is longer. What is
// inserted acts on what is there, on the first CPU: calls on its mappings with right and wrong arguments, more mappings
// of its buffers (map_single, map_sg), touches, copy-on-write, free, unbind. Ranges are whole, or halves.
std::vector<Program> neighbours(const Program& program, int ops_limit);

// The neighbourhoods of minimal programs, one after the other: the simplest faults in the shortest programs first.
class Neighbourhoods {
public:
    // `minimal` shows the target. Of programs that differ in sizes alone one is enough, and so are a few of one
    // signature.
    void add(const Program& minimal, const PlatformSignature& target);
    // The next neighbour, of at most `ops_limit` operations; false where all are through.
    bool next(Program& program, int ops_limit);

private:
    struct Parent {
        Program program;
        uint32_t rank;  // rules broken, operations
        uint64_t number;
        bool operator<(const Parent& other) const {
            return std::tie(rank, number) < std::tie(other.rank, other.number);
        }
    };

    void add_parent(Program program, uint32_t rank);

    std::set<Parent> parents_;  // the simplest one first
    uint64_t count_ = 0;
    std::vector<Program> neighbours_;                  // of the one that is being gone through
    std::unordered_set<uint64_t> shapes_;              // signature, program without its sizes
    std::unordered_map<uint64_t, uint8_t> shapes_of_;  // how many of them have a signature
};

}  // namespace dmafuzz
