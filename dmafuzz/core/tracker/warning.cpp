// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/tracker.hpp"

namespace dmafuzz {

const char* name_of(WarningId id) {
    static constexpr std::array<const char*, static_cast<size_t>(WarningId::count_)> names{
#define DMAFUZZ_WARNING(id, core, name, tracker_crash) name,
        DK_WARNINGS(DMAFUZZ_WARNING)
#undef DMAFUZZ_WARNING
    };
    return names[static_cast<size_t>(id)];
}

bool is_tracker_crash(WarningId id) {
    switch (id) {
#define DMAFUZZ_WARNING(id, core, name, tracker_crash) \
    case WarningId::core: return tracker_crash;
        DK_WARNINGS(DMAFUZZ_WARNING)
#undef DMAFUZZ_WARNING
        case WarningId::count_: break;
    }
    return false;
}

// err_printk counts an error, and prints it while fewer than num_errors were. What is not counted goes past err_printk:
// it has its own rule (WARN_ONCE, WARN_ON_ONCE, or none), by which it has fired. Of a tracker crash dma-debug prints
// nothing.
std::vector<Print> as_printed(const std::vector<Warning>& warnings, uint32_t shown) {
    std::vector<Print> out;
    uint32_t counted = 0;
    bool stopped = false;
    for (const Warning& w : warnings) {
        Print print;
        print.printed = !is_tracker_crash(w.id) && (!w.counted || counted < shown);
        counted += w.counted;
        print.stops = print.printed && w.traced && !stopped;
        stopped |= print.stops;
        out.push_back(print);
    }
    return out;
}

}  // namespace dmafuzz
