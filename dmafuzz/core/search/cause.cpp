#include "search/cause.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

bool has_kind(Judge& judge, const Target& t) {
    const Analysis& here = judge.cover(t.platform);
    if (t.label == Label::broken) return here.broken() && static_cast<uint8_t>(here.watch.warnings.back().id) == t.kind;
    if (here.broken()) return false;
    if (t.label == Label::fn)
        return std::any_of(here.corruptions.begin(), here.corruptions.end(),
                           [&](const Corruption& c) { return static_cast<uint8_t>(c.kind) == t.kind && !c.explained; });
    const Worth worth = t.label == Label::fp ? Worth::false_positive : Worth::hazard;
    for (size_t i = 0; i < here.watch.warnings.size(); i++) {
        const Warning& w = here.watch.warnings[i];
        if (static_cast<uint8_t>(w.id) == t.kind && !here.justified_here[i] && judge.has_worth(w, t.platform, worth)) return true;
    }
    return false;
}

}  // namespace

const char* kind_name(const Target& t) {
    return t.label == Label::fn ? name_of(static_cast<CorruptionKind>(t.kind)) : name_of(static_cast<WarningId>(t.kind));
}

std::vector<Target> targets_of(Judge& judge, size_t platform) {
    std::vector<Target> targets;
    auto add = [&](Label label, uint8_t kind) {
        Target t{label, kind, platform, 0};
        if (std::find(targets.begin(), targets.end(), t) == targets.end()) targets.push_back(t);
    };
    const Analysis& here = judge.cover(platform);
    if (here.broken()) {
        add(Label::broken, static_cast<uint8_t>(here.watch.warnings.back().id));
        return targets;
    }
    const Analysis& a = judge.judge(platform);
    for (const Corruption& c : a.corruptions)
        if (!c.explained) add(Label::fn, static_cast<uint8_t>(c.kind));
    for (const JudgedWarning& w : a.warnings) {
        if (w.worth == Worth::false_positive) add(Label::fp, static_cast<uint8_t>(w.warning.id));
        if (w.worth == Worth::hazard) add(Label::hazard, static_cast<uint8_t>(w.warning.id));
    }
    return targets;
}

bool shows(Judge& judge, const Target& target) {
    if (!has_kind(judge, target)) return false;
    return (judge.rules(target.platform) & ~target.rules) == 0;
}

void show(std::vector<Shown>& shown, Label label, uint8_t kind, Rules rules, size_t platform) {
    for (Shown& s : shown)
        if (s.label == label && s.kind == kind && s.rules == rules) {
            s.platforms.set(platform);
            return;
        }
    shown.push_back({label, kind, rules, {}});
    shown.back().platforms.set(platform);
}

std::vector<Shown> shown_by(Judge& judge) {
    std::vector<Shown> shown;
    for (size_t platform = 0; platform < judge.platforms(); platform++) {
        const std::vector<Target> targets = targets_of(judge, platform);
        if (targets.empty()) continue;
        const Rules rules = judge.rules(platform);
        for (const Target& t : targets) show(shown, t.label, t.kind, rules, platform);
    }
    return shown;
}

}  // namespace dmafuzz
