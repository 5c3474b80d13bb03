// SPDX-License-Identifier: GPL-2.0-only
// What a program means by its calls, whatever a tracker makes of them: the live mappings, and the owner of their
// buffers. Kept only while a tracker is asked why it says nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "program/op.hpp"
#include "state/digest.hpp"
#include "tracker/reason.hpp"

namespace dmafuzz {

// Memory of a live mapping: all of it, or one entry of a list.
struct Region {
    uint64_t phys = 0, size = 0;
    uint64_t dma = 0, dma_size = 0;  // of a merged list: the first has all of it
    uint16_t slot = 0;               // of the tracker's entry, in its pool
    uint8_t op = 0;                  // that the entry was made by
    uint8_t mapping = 0, device = 0, attrs = 0;
    Direction direction = Direction::bidirectional;
    Reason without = Reason::none;  // why there is no entry
};

class Shadow {
public:
    void clear() {
        regions_.clear();
        turns_.clear();
    }
    const std::vector<Region>& regions() const { return regions_; }
    void add(const Region& region) { regions_.push_back(region); }
    void end(uint8_t mapping);

    // The CPU's turn, in a range of DMA addresses of a live mapping. False: it is all the CPU's already.
    bool to_cpu(uint8_t mapping, uint8_t device, uint64_t dma, uint64_t size);
    // The device's. False: nothing of it is the CPU's.
    bool to_device(uint8_t mapping, uint8_t device, uint64_t dma, uint64_t size);

    void digest(Digest& into) const;

private:
    // What is the CPU's.
    struct Turn {
        uint64_t from, to;
        uint8_t mapping;
    };
    template <class Do>
    void each_part(uint8_t mapping, uint8_t device, uint64_t dma, uint64_t size, Do what) const;
    uint64_t cut(uint8_t mapping, uint64_t from, uint64_t to);

    std::vector<Region> regions_;
    std::vector<Turn> turns_;  // apart from each other
};

}  // namespace dmafuzz
