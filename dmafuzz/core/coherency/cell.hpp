// SPDX-License-Identifier: GPL-2.0-only
// What the simulator keeps of one cell: its copies and the mappings over it.
// Source: docs/spec/coherency.md.
#pragma once

#include <vector>

#include "coherency/copies.hpp"
#include "coherency/cells.hpp"

namespace dmafuzz {

inline constexpr uint8_t no_index = 0xff;

// A place of the cell: its home memory, an old page, or a bounce slot; with the cacheline over it.
struct CellCopy {
    uint64_t set = 0;   // the set itself, or the automaton's state for it
    uint64_t phys = 0;  // of the cell's first byte
    uint16_t name = 0;  // among all copies of the program
    bool slot = false;
    bool single = false;          // a coherent device's slot: no cache of its own
    bool listed = false;          // an old page that a scatterlist names
    bool stray_beside = false;    // a coherent device that does not belong there writes in the same line
    uint8_t writer = no_mapping;  // a mapping whose device writes it
    Unasked own = 0;              // what entitled and wild writers do to this very copy
    Unasked alone = 0;            // all unasked events that it may see, but for those of neighbours
    Eyes eyes = 0;                // who may read it
    Unasked beside = 0;           // what those who read and write it do to the others in its line
};

// A piece over the cell.
struct CellCover {
    uint8_t piece;
    Direction direction;
    bool coherent;  // the device
    bool joint;     // CPU and device own it together
    bool owned;     // by the device
    bool live;
    bool lost;       // what its device does here comes to nothing; where there is a copy too: or it gets at that one
    bool elsewhere;  // its device gets at other memory
    bool pending;    // not handed over yet, though the map may have thrown away what the CPU had
    bool untold;     // the call that makes it has not returned: its device has not got the address
    bool no_read;    // the page that its device gets at forbids it: refused
    bool no_write;
    uint8_t copy;   // that its device gets at; none: void
    uint8_t slot;   // the copy that it has a slot for, or none
    Unasked write;  // what a write of the device does to the copy; nothing where it may not write
};

// Without branches: they cannot be predicted.
inline bool may_write(const CellCover& c) {
    return c.live & !c.untold & (c.owned | c.joint) & device_writes(c.direction);
}
inline bool may_read(const CellCover& c) {
    return c.live & !c.untold & (c.owned | c.joint) & device_reads(c.direction);
}
// Whether such an access may come to something, and whether it may come to nothing: of a translation that is to be
// flushed, both.
inline bool write_lands(const CellCover& c) { return (c.copy != no_index) & !c.no_write; }
inline bool read_lands(const CellCover& c) { return (c.copy != no_index) & !c.no_read; }
inline bool write_misses(const CellCover& c) { return c.lost | !write_lands(c); }
inline bool read_misses(const CellCover& c) { return c.lost | !read_lands(c); }

struct Cell {
    Span span{};
    uint16_t index = 0;
    bool live = false;
    bool image = false;        // kernel text or rodata
    bool uncached = false;     // CPU accesses bypass the cache
    bool shares_line = false;  // other cells have part of its line
    bool several = false;      // bytes: a write to one of them is a write beside the others
    bool surveyed = false;     // what follows, and the copies' writers, eyes and unasked events, are up to date
    bool cpu_reads = false, cpu_writes = false;
    bool lost_writer = false;  // a device writes into void
    bool lost_reader = false;  // or reads from it
    uint8_t reported = 0;      // corruption kinds, a bit each
    bool exposed = false;
    bool posted = false;     // by a device, and no call for the CPU has covered it since
    bool may_fault = false;  // or might: of some cover the device does not get at all that it should
    uint8_t home = no_index;
    uint32_t mappings = 0;
    std::vector<CellCopy> copies;   // in order of birth
    std::vector<CellCover> covers;  // live ones, and ended ones that still have a slot; in order of their maps

    uint64_t bytes() const { return static_cast<uint64_t>(span.size); }
    uint64_t home_phys() const { return copies[home].phys; }
    uint8_t cover_of(uint8_t piece) const {
        for (size_t i = 0; i < covers.size(); i++)
            if (covers[i].piece == piece) return static_cast<uint8_t>(i);
        return no_index;
    }
    // The memory copy at an address: home, or an old page; none: nothing of the cell is there.
    uint8_t memory_at(uint64_t phys) const {
        for (uint8_t k = 0; k < copies.size(); k++)
            if (!copies[k].slot && copies[k].phys == phys) return k;
        return no_index;
    }
    // Any copy, slots as well.
    uint8_t copy_at(uint64_t phys) const {
        for (uint8_t k = 0; k < copies.size(); k++)
            if (copies[k].phys == phys) return k;
        return no_index;
    }
    void drop_copy(uint8_t copy) {
        copies.erase(copies.begin() + copy);
        auto renumber = [&](uint8_t& known) {
            if (known == copy) known = no_index;
            else if (known != no_index && known > copy) known--;
        };
        for (CellCover& c : covers) {
            renumber(c.copy);
            renumber(c.slot);
        }
        renumber(home);
    }
    // As new, but for the memory that its lists hold: nothing is allocated for each program.
    void start_anew() {
        live = surveyed = exposed = posted = may_fault = false;
        reported = 0;
        home = no_index;
        mappings = 0;
        copies.clear();
        covers.clear();
    }
};

}  // namespace dmafuzz
