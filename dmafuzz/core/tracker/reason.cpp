#include "tracker/reason.hpp"

#include <array>
#include <cstddef>

namespace dmafuzz {

namespace {

// In the order of the enumeration.
constexpr std::array<ReasonFacts, static_cast<size_t>(Reason::count_)> facts{{
    {"", "", ""},
    {"departs", "this kernel's code departs from its era here, and why it says nothing is not known", ""},
    {"other-entry", "wrong arguments are taken for right ones: the entry of another mapping fits them", "own-entry"},
    {"error-elsewhere", "a mapping's error counts as asked for where another mapping at the same address was asked about", "own-error"},
    {"unknown-list", "of a list whose first element is not known, or is no list's, nothing is checked", "every-list"},
    {"saturated-counter", "overlaps of a line are counted up to seven, and a line that has had more is forgotten too early", "wide-counter"},
    {"flagged-exempt", "overlaps of mappings flagged as clean are exempt", "clean-not-exempt"},
    {"skip-exempt", "overlaps of a mapping with SKIP_CPU_SYNC are exempt", "skip-not-exempt"},
    {"legal-overlap", "some overlaps are taken for legal", "any-overlap"},
    {"merged-list", "of a list that the IOMMU merges, only the first elements are tracked", "list-elements"},
    {"to-device-untracked", "mappings TO_DEVICE are not tracked", "to-device"},
    {"first-line-only", "only the first line of a mapping is tracked", "every-line"},
    {"l1-lines-only", "lines are the kernel's L1 lines, not as long as DMA needs", "dma-lines"},
    {"bounce-exempt", "overlaps are exempt where kmalloc memory may be bounced", "bounce-not-exempt"},
    {"coherent-exempt", "overlaps are exempt where DMA needs no alignment", "coherent-not-exempt"},
    {"overlaps-untold", "overlaps are counted, but not told of", "overlaps-told"},
    {"overlaps-untracked", "overlaps are not looked for", "overlaps-told"},
    {"resources-untracked", "map_resource is not tracked", "resources"},
    {"bidirectional-syncs", "syncs of a BIDIRECTIONAL mapping are not checked any further", "strict-bidirectional"},
    {"skip-uncompared", "whether map and unmap both have SKIP_CPU_SYNC is not compared", "skip-compared"},
    {"attributes-uncompared", "attributes are not compared at unmap", "attributes"},
    {"errors-untracked", "whether a map's error was asked for is not tracked", "map-errors"},
    {"page-start-only", "copy-on-write is checked at the first line of a page only", "assert-idle"},
    {"copy-unchecked", "copy-on-write of a page under DMA is not checked", "assert-idle"},
    {"once-per-boot", "it is said once per boot, and has been said", "resource-always"},
    {"reserved-pages", "map_resource of reserved pages is not checked", "resource-always"},
    {"resource-unchecked", "map_resource of RAM is not checked", "resource-ram"},
    {"image-unrecognised", "the kernel's image is not recognised where it is not in the linear map", "image-anywhere"},
    {"stack-unrecognised", "a stack in vmalloc space is not recognised", "vmalloc-stacks"},
    {"area-unchecked", "what kind of address map_single is given is not checked", "map-single-area"},
    {"segments-unchecked", "entries of a list are not held against the device's segment limits", "segments"},
    {"bus-unregistered", "mappings left at unbind are told of on some buses only", "every-bus"},
    {"leaks-unchecked", "mappings left at unbind are not told of", "leaks"},
    {"ownership-untracked", "whose turn it is, the CPU's or the device's, is not tracked through syncs", "ownership"},
    {"not-looked-at", "dma-debug does not look at such things", ""},
    {"unknown", "why the tracker says nothing is not known", ""},
    {"same-mapping", "it looked at the entry of that mapping", ""},
    {"live-mapping", "it looked at the entry of another live mapping", ""},
    {"stale-mapping", "it looked at the entry of a mapping that has ended", ""},
    {"no-entry", "there is no such entry", ""},
    {"missed-entry", "several entries fit, or the entry was taken for another one", ""},
}};

}  // namespace

const ReasonFacts& facts_of(Reason reason) { return facts[static_cast<size_t>(reason)]; }

}  // namespace dmafuzz
