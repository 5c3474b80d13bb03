// SPDX-License-Identifier: GPL-2.0-only
// Equivalent runs, on platforms with equal views (run/platform_view.hpp): for the tracker, for the
// simulator or for the contract monitor. Behind an IOMMU addresses are others, but memory mostly goes through the same.
#pragma once

#include "run/run.hpp"

namespace dmafuzz {

bool same_hooks(const Run& a, const Run& b);
bool same_memory(const Run& a, const Run& b);
// For the contract monitor: of one program.
bool same_calls(const Run& a, const Run& b);

// All that the monitor asks of a DMA address: the bits in which an entry's first and last one differ, where its device
// gets there without a slot.
inline uint64_t reached_across(const Piece& p) {
    return p.via == Via::direct ? p.dma ^ (p.dma + uint64_t{p.size} - 1) : 0;
}

}  // namespace dmafuzz
