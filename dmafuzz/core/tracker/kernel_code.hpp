// A kernel's own dma-debug, built into a shared library by dmafuzz.kernel, as a tracker.
#pragma once

#include "tracker/tracker.hpp"

namespace dmafuzz {

// Throws std::runtime_error if the library cannot be loaded or speaks another ABI.
std::unique_ptr<Tracker> load_kernel_code(const std::string& library);

}  // namespace dmafuzz
