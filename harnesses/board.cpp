// SPDX-License-Identifier: GPL-2.0-only
#include <cstdio>
#include <cstdlib>

#include "setup.hpp"

namespace dmafuzz {

std::string board_path() {
    const char* path = std::getenv("DMAFUZZ_BOARD");
    if (path) return path;
    std::fputs("DMAFUZZ_BOARD: expected the path of the file to count in\n", stderr);
    std::exit(2);
}

Asides asides() {
    const char* signatures = std::getenv("DMAFUZZ_SIGNATURES");
    return {std::getenv("DMAFUZZ_DISTINCT") != nullptr, signatures ? signatures : ""};
}

}  // namespace dmafuzz
