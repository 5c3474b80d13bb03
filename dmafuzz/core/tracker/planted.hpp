// SPDX-License-Identifier: GPL-2.0-only
// Trackers with one fault each, planted: what a search is measured by, and whether its alarm works. `canary:NAME` names
// one. Each is the tracker of `planted_in` with one rule changed, one check lost, or one thing about its calls
// misheard.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tracker/era.hpp"
#include "tracker/tracker.hpp"

namespace dmafuzz {

struct Planted {
    std::string name;
    std::string fault;  // in words
    uint32_t hooks;     // the calls that reach it: a bit for each HookKind
    void (*change)(Era&) = nullptr;
    WarningId lost = WarningId::count_;
    // False: the call is not heard at all. With the device that is named first.
    bool (*hear)(HookCall&, uint8_t) = nullptr;
};

// The era whose tracker they are planted in.
const char* planted_in();
const std::vector<Planted>& planted();
// Nothing for an unknown name.
std::unique_ptr<Tracker> make_planted(const std::string& name);

}  // namespace dmafuzz
