// SPDX-License-Identifier: GPL-2.0-only
#include "benchmark/planted_watch.hpp"

#include <algorithm>
#include <stdexcept>

#include "judge/change.hpp"

namespace dmafuzz {

namespace {

const Planted* planted_as(const std::string& name) {
    for (const Planted& p : planted())
        if (p.name == name) return &p;
    throw std::invalid_argument("no planted fault: " + name);
}

bool same(const Warning& a, const Warning& b) {
    return a.id == b.id && a.call == b.call && a.mappings == b.mappings && a.entry_op == b.entry_op;
}

}  // namespace

const char* name_of(Stage stage) {
    switch (stage) {
        case Stage::reached: return "reached";
        case Stage::triggered: return "triggered";
        default: return "found";
    }
}

PlantedWatch::PlantedWatch(const std::string& fault)
    : fault_(planted_as(fault)), sound_tracker_(make_tracker(planted_in())) {}

bool PlantedWatch::has_come_to(Stage stage, const Program& program, Judge& judge, size_t platform) {
    const std::vector<HookCall>& hooks = judge.analyse(platform).run.hooks;
    const bool reached = std::any_of(hooks.begin(), hooks.end(), [&](const HookCall& call) {
        return fault_->hooks >> static_cast<int>(call.kind) & 1;
    });
    if (stage == Stage::reached || !reached) return reached;
    if (!triggered(judge, platform)) return false;
    return stage == Stage::triggered || found(program, judge, platform);
}

bool PlantedWatch::triggered(Judge& judge, size_t platform) {
    const Analysis& a = judge.analyse(platform);
    sound_tracker_->watch(a.run.hooks, judge.platform(platform), watch_, nullptr);
    return !std::equal(watch_.warnings.begin(), watch_.warnings.end(), a.watch.warnings.begin(), a.watch.warnings.end(),
                       same);
}

bool PlantedWatch::found(const Program& program, Judge& judge, size_t platform) {
    if (!sound_) {
        std::vector<Platform> portfolio;
        for (size_t i = 0; i < judge.platforms(); i++) portfolio.push_back(judge.platform(i));
        sound_ = std::make_unique<Judge>(planted_in(), std::move(portfolio));
    }
    sound_->take_runs_from(judge);
    sound_->start(program);
    const std::vector<Change> changes = changes_between(*sound_, judge, platform);
    return std::any_of(changes.begin(), changes.end(), [](const Change& c) {
        return c.gained && (c.shown.label == Label::fn || c.shown.label == Label::fp || c.shown.label == Label::hazard);
    });
}

}  // namespace dmafuzz
