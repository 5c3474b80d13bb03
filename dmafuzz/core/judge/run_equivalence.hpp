// SPDX-License-Identifier: GPL-2.0-only
// Equivalent runs, on platforms with equal views (run/platform_view.hpp): for the tracker or for the
// simulator. Behind an IOMMU addresses are others, but memory mostly goes through the same.
#pragma once

#include "run/run.hpp"

namespace dmafuzz {

bool same_hooks(const Run& a, const Run& b);
bool same_memory(const Run& a, const Run& b);

}  // namespace dmafuzz
