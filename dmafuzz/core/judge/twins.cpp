#include "judge/twins.hpp"

namespace dmafuzz {

// Everything must be equal but what only the machine or the simulator knows of: a tracker that comes to look at another field
// loses some speed then, never its answers.
bool same_to_trackers(const Platform& a, const Platform& b) {
    Platform copy = b;
    copy.name = a.name;
    // Caches: the simulator's.
    copy.line = a.line;
    copy.speculates = a.speculates;
    copy.edges = a.edges;
    copy.for_device = a.for_device;
    copy.for_cpu = a.for_cpu;
    copy.mismatched_aliases_hit = a.mismatched_aliases_hit;
    // Bounce buffers and failures: the hook calls say what came of them.
    copy.bounce_slots = a.bounce_slots;
    copy.bounce_always = a.bounce_always;
    copy.copy_in_from_device = a.copy_in_from_device;
    copy.sync_from_device_copies_in = a.sync_from_device_copies_in;
    copy.map_single_vmalloc_fails = a.map_single_vmalloc_fails;
    copy.coherent_remaps = a.coherent_remaps;
    copy.atomic_pool = a.atomic_pool;
    for (size_t i = 0; i < copy.devices.size(); i++) {
        copy.devices[i].coherent = a.devices[i].coherent;
        copy.devices[i].truncates = a.devices[i].truncates;
        copy.devices[i].wraps = a.devices[i].wraps;
    }
    return copy == a;
}

bool same_to_simulator(const Platform& a, const Platform& b) {
    bool same = a.line == b.line && a.speculates == b.speculates && a.edges == b.edges &&
                a.mismatched_aliases_hit == b.mismatched_aliases_hit && (a.iommu == Iommu::off) == (b.iommu == Iommu::off);
    for (size_t i = 0; i < a.devices.size(); i++)
        same = same && a.devices[i].coherent == b.devices[i].coherent && a.devices[i].iommu == b.devices[i].iommu;
    return same;
}

bool same_hooks(const Run& a, const Run& b) { return a.hooks == b.hooks; }

// All that the simulator reads of a run.
bool same_memory(const Run& a, const Run& b) {
    return a.steps == b.steps && a.pieces == b.pieces && a.extents == b.extents && a.touches == b.touches && a.cuts == b.cuts &&
           a.kinds == b.kinds && a.uncached == b.uncached;
}

}  // namespace dmafuzz
