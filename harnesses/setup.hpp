// SPDX-License-Identifier: GPL-2.0-only
// What a native harness is to judge: written by dmafuzz.benchmark.harness from the platform files and the known causes.
#pragma once

#include <string>
#include <vector>

#include "benchmark/cause_probe.hpp"
#include "platform/platform.hpp"

namespace dmafuzz {

struct Setup {
    std::string tracker;
    std::vector<Platform> platforms;
    std::vector<Wanted> causes;
};

Setup setup();

// The file to count in, from the environment (DMAFUZZ_BOARD). Ends the process where it is not given.
std::string board_path();

// What else to do, from the environment: DMAFUZZ_DISTINCT, and DMAFUZZ_SIGNATURES, a file.
Asides asides();

}  // namespace dmafuzz
