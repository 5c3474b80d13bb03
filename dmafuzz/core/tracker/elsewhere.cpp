// SPDX-License-Identifier: GPL-2.0-only
#include "tracker/elsewhere.hpp"

#include <map>

namespace dmafuzz {

namespace {

std::map<std::string, TrackerMaker>& makers() {
    static std::map<std::string, TrackerMaker> all;
    return all;
}

}  // namespace

void make_elsewhere(const std::string& prefix, TrackerMaker maker) { makers()[prefix] = std::move(maker); }

std::unique_ptr<Tracker> made_elsewhere(const std::string& name) {
    for (const auto& [prefix, maker] : makers())
        if (name.starts_with(prefix)) return maker(name.substr(prefix.size()));
    return nullptr;
}

}  // namespace dmafuzz
