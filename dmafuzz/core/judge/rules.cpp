// SPDX-License-Identifier: GPL-2.0-only
// The contract's rules: ids and texts. Source: docs/spec/contract.md.
#include <array>

#include "judge/contract.hpp"

namespace dmafuzz {

namespace {

struct RuleText {
    const char* name;
    const char* text;
};

constexpr std::array<RuleText, static_cast<size_t>(Rule::count_)> rule_texts{{
    {"no-stack", "only linear, page-backed memory is mapped: no stack"},
    {"no-vmalloc", "no vmalloc, kmap or ioremap address is given to map_single"},
    {"no-kernel-image", "no kernel text, data or rodata is mapped"},
    {"mask", "the buffer is within the device's DMA mask"},
    {"whole-lines",
     "a FROM_DEVICE or BIDIRECTIONAL region begins and ends on a cacheline boundary, or shares its cachelines with "
     "no other data; the part that a sync covers begins and ends on a cacheline boundary or at an end of the mapping "
     "(other bytes of the same mapping in its first or last cacheline count as unrelated data)"},
    {"contiguous",
     "memory given to one map_single, map_page or list entry is physically contiguous: not two pages of "
     "which one has moved, not vmalloc across pages"},
    {"no-end-during-call",
     "a mapping is not ended, and its memory not freed, while another CPU is inside a call on it (before "
     "its second half)"},
    {"no-sharing", "data that a CPU writes during DMA does not share a cacheline with the buffer"},
    {"hands-off",
     "the device and the CPU each access a buffer only while they own it: from the call of map (for SKIP_CPU_SYNC and "
     "non-coherent allocations: of the first sync_for_device, "
     "or start), of a later sync_for_device or of start, to the return of unmap (or sync_for_cpu) the CPU "
     "does not access the buffer, nor syncs a BIDIRECTIONAL one for the device again; reading one mapped "
     "TO_DEVICE is allowed; from the call of sync_for_cpu on the device does not access it"},
    {"sync-before-read", "FROM_DEVICE or BIDIRECTIONAL: sync_for_cpu before the CPU reads"},
    {"sync-after-write",
     "TO_DEVICE or BIDIRECTIONAL: sync_for_device after the CPU writes, before the device reads again, the "
     "buffer is synced for the CPU once more, or the mapping ends; where the device is started, or "
     "the map's error is checked, after user space writes as well; BIDIRECTIONAL and synced for the CPU: "
     "sync_for_device before the device is started or "
     "goes on writing, whether or not the CPU has written"},
    {"from-device-read-only", "a buffer mapped FROM_DEVICE is only read by the CPU while mapped"},
    {"to-device-read-only", "a device does not write a buffer mapped TO_DEVICE"},
    {"same-size", "unmap with the size, direction, kind of call and device of the map"},
    {"same-direction", "unmap with the size, direction, kind of call and device of the map"},
    {"same-function",
     "unmap with the size, direction, kind of call and device of the map; the attributes MMIO and "
     "REQUIRE_COHERENT belong to the kind of call; registers are not synced"},
    {"same-device", "unmap with the size, direction, kind of call and device of the map"},
    {"same-nents", "unmap_sg and sync_sg get the number of entries given to map_sg"},
    {"no-remap", "a scatterlist is not mapped again before it is unmapped"},
    {"check-error",
     "dma_mapping_error() (or a zero return) is checked before that CPU does anything but map and check, "
     "and before the device gets the address"},
    {"same-address", "unmap and free get the address, and the CPU address, of the map or allocation"},
    {"unmap-all", "every mapping is unmapped, after the device is done"},
    {"unmap-once", "no mapping is unmapped twice"},
    {"inside", "a partial sync lies inside its mapping, and so does what the device accesses"},
    {"free-with-irqs-on", "dma_free_coherent is called with interrupts enabled"},
    {"no-streaming-of-coherent", "memory from dma_alloc_coherent() has no streaming mapping as well"},
    {"resource-is-mmio", "dma_map_resource and the attribute MMIO are for MMIO, never RAM"},
    {"segment-limits", "maximal mapping size, segment size and boundary are respected"},
    {"skip-sync-by-hand",
     "with SKIP_CPU_SYNC, and for non-coherent allocations, the caller does the syncs: one for the device "
     "before it is started, one for the CPU before it reads; and none for the CPU (nor an unmap that syncs) "
     "of memory that was never synced for the device"},
    {"no-conflicting-overlap",
     "live mappings of one region overlap only if all are TO_DEVICE (argued on the list in 2011), or, by "
     "later practice, if no device writes memory that another one reads or writes"},
    {"page-owner",
     "memory under DMA is not freed, nor moved by copy-on-write while a device may write it; what has moved from "
     "under a mapping is not synced for the device by that mapping, nor is a scatterlist mapped again once memory "
     "that it names has moved or been freed"},
}};

}  // namespace

const char* name_of(Rule rule) { return rule_texts[static_cast<size_t>(rule)].name; }
const char* text_of(Rule rule) { return rule_texts[static_cast<size_t>(rule)].text; }

}  // namespace dmafuzz
