// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/reason.hpp"

#include <array>
#include <cstddef>

namespace dmafuzz {

namespace {

// In the order of the enumeration.
constexpr std::array<ReasonFacts, static_cast<size_t>(Reason::count_)> facts{{
    {"", "", ""},
    {"departs", "this kernel's code departs from its era here, and why it is silent is not known", ""},
    {"other-entry", "the call's wrong arguments match the entry of another mapping", "own-entry"},
    {"error-elsewhere", "dma_mapping_error() of another mapping at the same address marks this one as checked",
     "own-error"},
    {"unknown-list", "a scatterlist whose first entry has no dma-debug entry, or one of another type, is not checked",
     "every-list"},
    {"saturated-counter",
     "the overlap counter of a cacheline saturates at seven, so a cacheline with more mappings is forgotten too early",
     "wide-counter"},
    {"flagged-exempt", "overlaps of mappings are exempt whose attributes declare their cachelines clean",
     "clean-not-exempt"},
    {"skip-exempt", "overlaps of mappings with DMA_ATTR_SKIP_CPU_SYNC are exempt", "skip-not-exempt"},
    {"legal-overlap", "some overlaps are treated as legal", "any-overlap"},
    {"merged-list", "only the first entries of a scatterlist that the IOMMU merges are tracked", "list-elements"},
    {"to-device-untracked", "cachelines of TO_DEVICE mappings are not tracked", "to-device"},
    {"first-line-only", "only the first cacheline of a mapping is tracked", "every-line"},
    {"l1-lines-only", "cachelines are tracked by L1_CACHE_SHIFT, although the DMA alignment is larger", "dma-lines"},
    {"bounce-exempt", "overlaps are exempt on platforms where swiotlb may bounce small kmalloc buffers",
     "bounce-not-exempt"},
    {"coherent-exempt", "overlaps are exempt on platforms where DMA needs no cacheline alignment",
     "coherent-not-exempt"},
    {"overlaps-untold", "overlapping mappings are counted, but not reported", "overlaps-told"},
    {"overlaps-untracked", "overlapping mappings are not tracked", "overlaps-told"},
    {"resources-untracked", "dma_map_resource() is not tracked", "resources"},
    {"bidirectional-syncs", "syncs of a BIDIRECTIONAL mapping are checked for their range only",
     "strict-bidirectional"},
    {"skip-uncompared", "DMA_ATTR_SKIP_CPU_SYNC of map and unmap is not compared", "skip-compared"},
    {"attributes-uncompared", "attributes of map and unmap are not compared", "attributes"},
    {"errors-untracked", "a missing dma_mapping_error() is not tracked", "map-errors"},
    {"page-start-only", "copy-on-write is checked at one cacheline of a page only", "assert-idle"},
    {"copy-unchecked", "copy-on-write of a page under DMA is not checked", "assert-idle"},
    {"once-per-boot", "the warning is printed once per boot, and was printed before", "resource-always"},
    {"reserved-pages", "dma_map_resource() of reserved pages is not checked", "resource-always"},
    {"resource-unchecked", "dma_map_resource() of RAM is not checked", "resource-ram"},
    {"image-unrecognised", "kernel text and rodata are recognised in the linear map only", "image-anywhere"},
    {"stack-unrecognised", "a stack in vmalloc space is not recognised", "vmalloc-stacks"},
    {"area-unchecked", "the kind of address given to dma_map_single() is not checked", "map-single-area"},
    {"segments-unchecked", "scatterlist entries are not checked against the device's segment limits", "segments"},
    {"bus-unregistered", "mappings leaked at driver unbind are reported on some buses only", "every-bus"},
    {"leaks-unchecked", "mappings leaked at driver unbind are not reported", "leaks"},
    {"ownership-untracked", "buffer ownership across dma_sync_*_for_cpu/for_device is not tracked", "ownership"},
    {"not-looked-at", "dma-debug has no check for it", ""},
    {"unknown", "why the tracker is silent is not known", ""},
    {"same-mapping", "the check used the entry of that mapping", ""},
    {"live-mapping", "the check used the entry of another live mapping", ""},
    {"stale-mapping", "the check used the stale entry of an ended mapping", ""},
    {"no-entry", "no entry was found", ""},
    {"missed-entry", "several entries match, or a wrong one was chosen", ""},
}};

}  // namespace

const ReasonFacts& facts_of(Reason reason) { return facts[static_cast<size_t>(reason)]; }

}  // namespace dmafuzz
