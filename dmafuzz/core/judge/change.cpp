// SPDX-License-Identifier: GPL-2.0-only
#include "judge/change.hpp"

#include <algorithm>

#include "check/check.hpp"

namespace dmafuzz {

namespace {

uint8_t crash_of(const Analysis& a) { return a.broken() ? static_cast<uint8_t>(a.watch.warnings.back().id) : 0; }

Change crash(bool gained, uint8_t kind) { return {gained, {Label::broken, kind, Reason::none}}; }

bool gives(const Analysis& a, const Warning& wanted, const Claim& claim) {
    return std::any_of(a.watch.warnings.begin(), a.watch.warnings.end(), [&](const Warning& w) {
        return w.id == wanted.id && w.op == wanted.op && claim_of(w, a.run) == claim;
    });
}

// Of the warnings that `one` gives and `other` does not.
void add_warnings(Judge& one, const Analysis& other, size_t platform, bool gained, std::vector<Change>& out) {
    const Analysis& a = one.judge(platform);
    for (const JudgedWarning& w : a.warnings) {
        if (gives(other, w.warning, claim_of(w.warning, a.run))) continue;
        const Label label = label_of(w.justification);
        const Reason reason = label == Label::tp ? Reason::none : one.reason(platform, w.warning);
        out.push_back({gained, {label, static_cast<uint8_t>(w.warning.id), reason}});
    }
}

}  // namespace

Label label_of(Justification justification) {
    switch (justification) {
        case Justification::justified: return Label::tp;
        case Justification::hazard: return Label::hazard;
        case Justification::bookkeeping: return Label::bookkeeping;
        case Justification::tracker_crash: return Label::broken;
        default: return Label::fp;
    }
}

void settle(std::vector<Change>& changes) {
    std::sort(changes.begin(), changes.end());
    changes.erase(std::unique(changes.begin(), changes.end()), changes.end());
    const std::vector<Change> all = changes;
    std::erase_if(changes, [&](const Change& c) {
        return c.shown.label != Label::fn && std::any_of(all.begin(), all.end(), [&](const Change& other) {
                   return other.gained != c.gained && other.shown.label == c.shown.label &&
                          other.shown.kind == c.shown.kind;
               });
    });
}

std::vector<Change> explained_otherwise(Judge& first, Judge& second, size_t platform) {
    const std::vector<Corruption>&a = first.cover(platform).corruptions, &b = second.cover(platform).corruptions;
    DMAFUZZ_CHECK(a.size() == b.size());
    std::vector<Change> out;
    for (size_t i = 0; i < a.size(); i++) {
        if (a[i].explained == b[i].explained) continue;
        const bool gained = a[i].explained;
        const Reason reason = gained ? second.reason(platform, b[i]) : first.reason(platform, a[i]);
        out.push_back({gained, {Label::fn, static_cast<uint8_t>(a[i].kind), reason}});
    }
    settle(out);
    return out;
}

std::vector<Change> changes_between(Judge& first, Judge& second, size_t platform) {
    const Analysis &a = first.cover(platform), &b = second.cover(platform);
    std::vector<Change> out;
    if (crash_of(a) || crash_of(b)) {
        if (crash_of(a) == crash_of(b)) return out;
        if (crash_of(a)) out.push_back(crash(false, crash_of(a)));
        if (crash_of(b)) out.push_back(crash(true, crash_of(b)));
        return out;
    }
    out = explained_otherwise(first, second, platform);
    add_warnings(first, b, platform, false, out);
    add_warnings(second, a, platform, true, out);
    settle(out);
    return out;
}

}  // namespace dmafuzz
