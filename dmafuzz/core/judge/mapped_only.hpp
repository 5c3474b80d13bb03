// SPDX-License-Identifier: GPL-2.0-only
// Programs made of a trace know the memory that was mapped, and nothing of what lies beside it: whose it is, and
// whether anybody cares. Here it is taken to hold nothing that matters, as what lies behind a slab object does.
#pragma once

#include "run/run.hpp"

namespace dmafuzz {

// Of the run's memory, leaves what some piece is over.
void leave_mapped_only(Run& run);

}  // namespace dmafuzz
