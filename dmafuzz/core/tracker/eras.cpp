#include "tracker/era.hpp"

namespace dmafuzz {

const std::vector<Era>& eras() {
    static const std::vector<Era> rows{
        // Read in Debian's linux-source packages of these versions, which carry later changes than their numbers say.
        {"6.12", 2024, "type for non-coherent allocations, no line-overlap where kmalloc buffers bounce (Debian's 6.12)", 16384, true, true},
        {"6.1", 2022, "syncs look further back; entries are freed outside the bucket's lock (Debian's 6.1)", 16384, false, false},
    };
    return rows;
}

}  // namespace dmafuzz
