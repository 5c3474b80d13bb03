// SPDX-License-Identifier: GPL-2.0-only
#include "judge/outcome.hpp"

#include <array>

namespace dmafuzz {

const char* name_of(Label label) {
    static constexpr std::array<const char*, static_cast<size_t>(Label::count_)> names{
        "TN", "TP", "FN", "FP", "hazard", "bookkeeping", "broken"};
    return names[static_cast<size_t>(label)];
}

const char* name_of(Justification justification) {
    static constexpr std::array<const char*, static_cast<size_t>(Justification::count_)> names{
        "justified", "hazard", "bookkeeping", "false", "broken"};
    return names[static_cast<size_t>(justification)];
}

}  // namespace dmafuzz
