#include "judge/reach.hpp"

namespace dmafuzz {

Reach reach_of(const Run& run, uint64_t phys, uint64_t bytes, int line) {
    const uint64_t mask = ~(static_cast<uint64_t>(line) - 1);
    const uint64_t first = phys & mask, last = (phys + bytes - 1) & mask;
    auto meets = [&](uint64_t at, uint64_t size) { return size && (at & mask) <= last && ((at + size - 1) & mask) >= first; };
    Reach reach;
    for (const Piece& p : run.pieces)
        if (meets(p.phys, uint64_t{p.size})) reach.mappings |= 1u << p.mapping;
    for (const Touch& t : run.touches)
        if (t.op < run.program_ops && meets(t.phys, t.size)) reach.ops |= uint64_t{1} << t.op;
    return reach;
}

}  // namespace dmafuzz
