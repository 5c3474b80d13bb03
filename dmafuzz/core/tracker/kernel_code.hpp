// SPDX-License-Identifier: GPL-2.0-only
// A kernel's own dma-debug, built into a shared library by dmafuzz.kernel, as a tracker.
#pragma once

#include "tracker/tracker.hpp"

namespace dmafuzz {

// A library, or a folder of libraries of the same kernel for different L1 lines, of which each platform gets its own.
// `model`: of the era that the code is of, asked for reasons and for nothing else; none: why the code is silent is not
// known. Throws std::runtime_error if one cannot be loaded or speaks another ABI.
std::unique_ptr<Tracker> load_kernel_code(const std::string& path, std::unique_ptr<Tracker> model);

}  // namespace dmafuzz
