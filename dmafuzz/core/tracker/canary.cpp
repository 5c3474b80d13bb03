// SPDX-License-Identifier: GPL-2.0-only
// Canaries, to prove that the alarm works: a tracker that never warns, one that always does, and planted faults.
// And the list of all trackers by name.
#include "tracker/dma_debug.hpp"
#include "tracker/elsewhere.hpp"
#include "tracker/kernel_code.hpp"
#include "tracker/planted.hpp"
#include "tracker/what_if.hpp"

namespace dmafuzz {

namespace {

class Silent final : public Tracker {
public:
    void watch(const std::vector<HookCall>&, const Platform&, Watch& out, PathSink*) override { out.clear(); }
    // It looks at nothing.
    void explain(const std::vector<HookCall>& calls, const Platform& platform, Watch& out) override {
        watch(calls, platform, out, nullptr);
        out.explained = true;
    }
};

// Calls every map an overlap.
class Noisy final : public Tracker {
public:
    void watch(const std::vector<HookCall>& calls, const Platform&, Watch& out, PathSink*) override {
        out.clear();
        for (size_t i = 0; i < calls.size(); i++) {
            const HookCall& call = calls[i];
            bool maps = call.kind == HookKind::map_page || call.kind == HookKind::map_sg;
            if (!maps) continue;
            Warning warning;
            warning.id = WarningId::line_overlap;
            warning.op = call.op;
            warning.call = static_cast<uint16_t>(i);
            warning.mappings = 1u << call.mapping;
            out.warnings.push_back(warning);
        }
    }
    void explain(const std::vector<HookCall>& calls, const Platform& platform, Watch& out) override {
        watch(calls, platform, out, nullptr);
        out.explained = true;
    }
};

}  // namespace

std::vector<TrackerFacts> trackers() {
    std::vector<TrackerFacts> out;
    for (auto era = eras().rbegin(); era != eras().rend(); ++era)
        out.push_back({era->name, "era", era->year, era->changed, "", era->vendor});
    for (const Era& p : proposals()) out.push_back({p.name, "proposal", p.year, p.changed, p.base, false});
    out.push_back({"silent", "canary", 0, "never warns", "", false});
    out.push_back({"noisy", "canary", 0, "calls every map an overlap", "", false});
    out.push_back({"canary:never-warns", "canary", 0, "warns of nothing: the alarm has to find it", "", false});
    out.push_back({"canary:always-warns", "canary", 0, "warns of every map: the alarm has to find it", "", false});
    for (const Planted& p : planted()) out.push_back({"canary:" + p.name, "canary", 0, p.fault, planted_in(), false});
    return out;
}

namespace {

// `canary:NAME`: a planted fault, or one of the two that the alarm is tested by.
std::unique_ptr<Tracker> canary(const std::string& name) {
    if (name == "never-warns") return std::make_unique<Silent>();
    if (name == "always-warns") return std::make_unique<Noisy>();
    return make_planted(name);
}

// What follows "kernel": ":PATH", or "@ERA:PATH".
std::unique_ptr<Tracker> kernel_code(const std::string& rest) {
    const size_t colon = rest.find(':');
    if (colon == std::string::npos || (colon > 0 && rest[0] != '@')) return nullptr;
    const std::string path = rest.substr(colon + 1);
    if (colon == 0) return load_kernel_code(path, nullptr);
    std::optional<Era> era = changed_era(rest.substr(1, colon - 1));
    return era ? load_kernel_code(path, std::make_unique<DmaDebug>(*era)) : nullptr;
}

}  // namespace

std::unique_ptr<Tracker> make_tracker(const std::string& name) {
    constexpr std::string_view kernel = "kernel";
    if (name.starts_with(kernel)) return kernel_code(name.substr(kernel.size()));
    if (std::optional<Era> era = changed_era(name)) return std::make_unique<DmaDebug>(*era);
    if (name == "silent") return std::make_unique<Silent>();
    if (name == "noisy") return std::make_unique<Noisy>();
    constexpr std::string_view canaries = "canary:";
    if (name.starts_with(canaries)) return canary(name.substr(canaries.size()));
    return made_elsewhere(name);
}

}  // namespace dmafuzz
