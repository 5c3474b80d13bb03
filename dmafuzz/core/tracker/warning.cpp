// SPDX-License-Identifier: GPL-2.0-only
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

// err_printk counts an error, and prints it while fewer than num_errors were. What is not counted goes past err_printk: it
// has its own rule (WARN_ONCE, WARN_ON_ONCE, or none), by which it has fired. Of a breakdown dma-debug prints nothing.
std::vector<Print> as_printed(const std::vector<Warning>& warnings, uint32_t shown) {
    std::vector<Print> out;
    uint32_t counted = 0;
    bool stopped = false;
    for (const Warning& w : warnings) {
        Print print;
        print.printed = !is_breakdown(w.id) && (!w.counted || counted < shown);
        counted += w.counted;
        print.stops = print.printed && w.traced && !stopped;
        stopped |= print.stops;
        out.push_back(print);
    }
    return out;
}

}  // namespace dmafuzz
