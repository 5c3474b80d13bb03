// The alphabet of the exhaustive search: which operations can come next, a small and stated choice of all there are.
//
// Buffers: pages, page_cache, anonymous, stack, vmalloc, text and high pages of 128 bytes, kmalloc of 32 bytes, a coherent
// allocation of 128 bytes. Ranges: the whole; of pages also the first half [0, 64), the second half [64, 128), which is its
// neighbour, [0, 96), and [96, 128), which shares the line of its tail.
// Maps: map_single of each range in each direction by each device. Of whole pages also map_page and an unchecked map (FROM_DEVICE),
// map_resource (BIDIRECTIONAL), maps with SKIP_CPU_SYNC (each direction) and IGNORE_CACHELINES (FROM_DEVICE), and map_sg of both halves
// (each direction); of whole vmalloc pages also map_page (FROM_DEVICE); of coherent memory one map (BIDIRECTIONAL).
// On a live mapping: sync for CPU and for device of the whole, of the first half, in each other direction, and a sync for CPU
// of twice the size; unmap as mapped, of half the size, in each other direction, by the other function, by unmap_sg, by another
// device, half way into the mapping, and with SKIP_CPU_SYNC turned round; device reads and writes of the whole; forget; mapping_error if
// it was left out. Lists: syncs and unmaps with one entry, and the list mapped again. Coherent memory: free as allocated,
// of half the size, with another CPU address, and by unmap_single. On an ended mapping: the right end again, syncs of the whole,
// device reads and writes.
// CPU: write and read of whole buffers, write of [96, 128) of pages, dirty and cow of page cache and anonymous memory, free.
// With two CPUs: each of these by either of them, whole or in two halves.
#pragma once

#include <vector>

#include "program/scope.hpp"
#include "state/digest.hpp"

namespace dmafuzz {

struct Alphabet {
    int cpus = 1;
    int devices = 1;  // the first one named is d0
};

// What decides which operations can come next: the names and what they stand for.
class Context {
  public:
    // In order of what is plainest, then of names. CPUs, buffers and mappings have canonical names.
    std::vector<Op> letters(const Alphabet& alphabet) const;
    Context after(const Op& op) const;
    Digest digest() const;

    uint32_t cpus() const { return cpus_; }        // those used, a bit each
    uint32_t devices() const { return devices_; }  // those named, a bit each
    uint32_t splits() const { return splits_; }
    uint32_t buffers() const { return buffers_; }  // made so far

  private:
    struct Mapping {
        Op made;
        bool ended = false;
    };

    Scope scope_;
    std::vector<Op> allocations_;     // by buffer; of mappings that allocate, too
    std::vector<Mapping> mappings_;
    uint32_t cpus_ = 0, devices_ = 0, splits_ = 0, buffers_ = 0;

    friend class Letters;
};

}  // namespace dmafuzz
