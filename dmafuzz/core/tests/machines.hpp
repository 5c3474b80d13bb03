// SPDX-License-Identifier: GPL-2.0-only
// A handful of machines for tests that need any: each way for data to get lost is on one of them.
#pragma once

#include <vector>

#include "platform/platform.hpp"

namespace dmafuzz::tests {

inline Platform coherent() {
    Platform p;
    p.name = "coherent";
    for (Device& device : p.devices) device.coherent = true;
    return p;
}

// Caches are looked after by hand, as on arm64.
inline Platform maintained() {
    Platform p;
    p.name = "maintained";
    p.for_device = {Maintenance::clean, Maintenance::clean, Maintenance::clean};
    p.for_cpu = {Maintenance::invalidate, Maintenance::none, Maintenance::invalidate};
    return p;
}

inline Platform bouncing() {
    Platform p = maintained();
    p.name = "bouncing";
    p.bounce_pool = p.bounce_always = p.bounce_areas = true;
    p.bounce_slots = 64;
    return p;
}

inline Platform behind_iommu(Iommu mode, IommuDriver driver) {
    Platform p = maintained();
    p.name = "behind-iommu";
    p.iommu = mode;
    p.iommu_driver = driver;
    p.bounce_pool = p.bounce_unaligned = true;
    p.bounce_slots = 64;
    return p;
}

inline Platform limited() {
    Platform p = coherent();
    p.name = "limited";
    p.devices[0].truncates = true;
    p.devices[0].segment_max = 4096;
    p.devices[1].wraps = true;
    p.devices[1].segment_boundary = 0xfff;
    p.devices[2].mask_bits = 32;
    p.vmalloc_high = p.stacks_in_vmalloc = true;
    return p;
}

inline std::vector<Platform> machines() {
    return {coherent(),
            maintained(),
            bouncing(),
            behind_iommu(Iommu::strict, IommuDriver::intel),
            behind_iommu(Iommu::lazy, IommuDriver::smmu),
            limited()};
}

}  // namespace dmafuzz::tests
