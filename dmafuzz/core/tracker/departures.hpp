// SPDX-License-Identifier: GPL-2.0-only
// A kernel's own code beside the model of the era that it is of: what the model says of its silence counts for the code
// wherever both say the same of a call. Source: docs/spec/verdicts.md §5 (The cause of a finding).
#pragma once

#include "tracker/tracker.hpp"

namespace dmafuzz {

// `code` gets the model's missing warnings. Of a call of which the two do not say the same, the reason is that the code
// departs from its era; so it is for a warning that the model gives there and the code does not.
void take_reasons(Watch& code, const Watch& model);

}  // namespace dmafuzz
