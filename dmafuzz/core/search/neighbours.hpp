// The neighbourhood of a short program: what it becomes with one line more, or with one argument otherwise.
#pragma once

#include <queue>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "search/cause.hpp"

namespace dmafuzz {

// All of them, some hundreds, each valid and of at most `ops_limit` operations. What is inserted acts on what is there: calls
// on its mappings with right and wrong arguments, more mappings of its buffers, touches. Ranges are whole, or halves.
std::vector<Program> neighbours(const Program& program, int ops_limit);

// The same program laid out otherwise: four times as large in buffers of eight times the size, and a granule further on in
// buffers with two lines more.
std::vector<Program> other_layouts(const Program& program);

// The neighbourhoods of minimal programs, one after the other: the simplest faults in the shortest programs first.
class Neighbourhoods {
  public:
    // `minimal` shows the target. Of programs that differ in sizes alone one is enough, and so are a few of one signature.
    void add(const Program& minimal, const Target& target);
    // The next neighbour, of at most `ops_limit` operations; false where all are through.
    bool next(Program& program, int ops_limit);

  private:
    struct Parent {
        Program program;
        uint32_t faults;  // rules broken, operations
        uint64_t number;
        bool operator<(const Parent& other) const { return std::tie(other.faults, other.number) < std::tie(faults, number); }
    };

    std::priority_queue<Parent> parents_;
    uint64_t count_ = 0;
    std::vector<Program> neighbours_;                   // of the one that is being gone through
    std::unordered_set<uint64_t> shapes_;               // signature, program without its sizes
    std::unordered_map<uint64_t, uint8_t> shapes_of_;   // how many of them have a signature
};

}  // namespace dmafuzz
