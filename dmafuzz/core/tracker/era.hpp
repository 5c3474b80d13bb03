// What differs between the eras of dma-debug, as data. Adding an era is adding a row to eras.cpp.
// Source: the specification's trackers.md, Eras.
#pragma once

#include <cstdint>
#include <vector>

namespace dmafuzz {

struct Era {
    const char* name;
    int year;
    const char* changed;                 // in a few words
    uint32_t hash_size;                  // buckets of H
    bool noncoherent_type;               // dma_alloc_pages has a type of its own (6.17; Debian's 6.12)
    bool kmalloc_bounce_exempt;          // no line-overlap where kmalloc bouncing is configured and swiotlb is active
};

const std::vector<Era>& eras();

}  // namespace dmafuzz
