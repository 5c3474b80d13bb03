// SPDX-License-Identifier: GPL-2.0-only
// Names of what a run is made of.
#include "run/run.hpp"

namespace dmafuzz {

const char* name_of(Via via) {
    static constexpr std::array<const char*, static_cast<size_t>(Via::count_)> names{"direct", "slot", "nothing"};
    return names[static_cast<size_t>(via)];
}

const char* name_of(StepKind kind) {
    static constexpr std::array<const char*, static_cast<size_t>(StepKind::count_)> names{
        "alloc",        "appear",      "die",         "move",        "cpu-read",  "cpu-write",  "cpu-dirty",
        "begin",        "told",        "end",         "to-device",   "to-cpu",    "maintain",   "maintain-slot",
        "copy-in",      "copy-back",   "slot-gone",   "cut-off",     "redirect",  "stray-copy", "not-theirs",
        "device-write", "device-post", "device-read", "wild-memory", "wild-slot", "fault",      "sleep",
        "oops",         "wrong-free",  "settle"};
    return names[static_cast<size_t>(kind)];
}

const char* name_of(HookKind kind) {
    static constexpr std::array<const char*, static_cast<size_t>(HookKind::count_)> names{"map_single_area",
                                                                                          "map_page",
                                                                                          "map_resource",
                                                                                          "map_sg",
                                                                                          "alloc_coherent",
                                                                                          "alloc_pages",
                                                                                          "mapping_error",
                                                                                          "sync_for_cpu",
                                                                                          "sync_for_device",
                                                                                          "sync_sg_for_cpu",
                                                                                          "sync_sg_for_device",
                                                                                          "unmap_page",
                                                                                          "unmap_resource",
                                                                                          "unmap_sg",
                                                                                          "free_coherent",
                                                                                          "free_pages",
                                                                                          "unbind",
                                                                                          "cow"};
    return names[static_cast<size_t>(kind)];
}

}  // namespace dmafuzz
