// SPDX-License-Identifier: GPL-2.0-only
// Trackers that are not of the core: whoever has some says how they are made.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tracker/tracker.hpp"

namespace dmafuzz {

using TrackerMaker = std::function<std::unique_ptr<Tracker>(const std::string& rest)>;

// `make_tracker` asks `maker` for each name that begins with `prefix`, and gives it the rest.
void make_elsewhere(const std::string& prefix, TrackerMaker maker);
// Nothing where no prefix fits.
std::unique_ptr<Tracker> made_elsewhere(const std::string& name);

}  // namespace dmafuzz
