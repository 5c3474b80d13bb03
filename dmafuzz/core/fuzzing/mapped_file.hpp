// SPDX-License-Identifier: GPL-2.0-only
// A record in a file that other processes read while it is written, and after its writer has died.
#pragma once

#include <string>

namespace dmafuzz {

// A file of `bytes` bytes, mapped; created where it is not there. Throws std::runtime_error: `what` cannot be opened or
// mapped.
void* map_file(const std::string& path, size_t bytes, const std::string& what);
void unmap_file(void* at, size_t bytes);

}  // namespace dmafuzz
