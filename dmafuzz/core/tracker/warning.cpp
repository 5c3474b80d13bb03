#include "tracker/tracker.hpp"

namespace dmafuzz {

const char* name_of(WarningId id) {
    static constexpr std::array<const char*, static_cast<size_t>(WarningId::count_)> names{
        "unknown",         "free-invalid",   "free-unallocated", "free-size",
        "free-wrong-function", "free-cpu-address", "free-sg-count", "free-direction",
        "free-unchecked",  "free-attributes", "sync-unallocated", "sync-range",
        "sync-direction",  "sync-read-only-for-cpu", "sync-write-only-for-device", "sync-sg-count",
        "map-stack",       "map-text-rodata", "map-invalid-area", "map-vmalloc",
        "sg-too-long",     "sg-boundary",    "line-overlap",     "overlap>7",
        "line-enomem",     "assert-idle",    "leak",             "resource-ram",   "crash",            "hang",
        "deadlock"};
    return names[static_cast<size_t>(id)];
}

}  // namespace dmafuzz
