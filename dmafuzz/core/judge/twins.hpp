// Platforms on which a program comes to the same, for the tracker or for the simulator: what has been worked out for one
// of them holds for the other. The platforms of a portfolio mostly differ in things that a given program never meets.
#pragma once

#include "machine/run.hpp"
#include "platform/platform.hpp"

namespace dmafuzz {

// Do trackers see no difference between the platforms, given equal hook calls?
bool same_to_trackers(const Platform& a, const Platform& b);
bool same_hooks(const Run& a, const Run& b);

// Does the simulator see none, given equal steps and memory?
bool same_to_simulator(const Platform& a, const Platform& b);
bool same_memory(const Run& a, const Run& b);

}  // namespace dmafuzz
