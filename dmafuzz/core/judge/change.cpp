// SPDX-License-Identifier: GPL-2.0-only
#include "judge/change.hpp"

#include <algorithm>

#include "check/check.hpp"

namespace dmafuzz {

namespace {

Label label_of(Justification justification) {
    switch (justification) {
        case Justification::justified: return Label::tp;
        case Justification::hazard: return Label::hazard;
        case Justification::bookkeeping: return Label::bookkeeping;
        case Justification::tracker_crash: return Label::broken;
        default: return Label::fp;
    }
}

bool alike(const Shown& a, const Shown& b) { return a.label == b.label && a.kind == b.kind; }

bool crashes(const std::vector<Shown>& shown) {
    return std::any_of(shown.begin(), shown.end(), [](const Shown& s) { return s.label == Label::broken; });
}

// Of one label and kind: has `some` all the reasons that `all` has?
bool has_all_reasons(const std::vector<Shown>& some, const std::vector<Shown>& all, const Shown& of) {
    return std::all_of(all.begin(), all.end(), [&](const Shown& s) {
        return !alike(s, of) || std::binary_search(some.begin(), some.end(), s);
    });
}

void add_what_only_one_shows(std::vector<Change>& out, const std::vector<Shown>& one, const std::vector<Shown>& other,
                             bool gained, bool only_crashes) {
    for (const Shown& s : one) {
        if (only_crashes && s.label != Label::broken) continue;
        if (!std::binary_search(other.begin(), other.end(), s) && has_all_reasons(one, other, s))
            out.push_back({gained, s});
    }
}

}  // namespace

std::vector<Shown> shown_on(Judge& judge, size_t platform) {
    const Analysis& a = judge.judge(platform);
    if (a.broken()) return {{Label::broken, static_cast<uint8_t>(a.watch.warnings.back().id), Reason::none}};
    std::vector<Shown> shown;
    for (const Corruption& c : a.corruptions)
        if (!c.explained) shown.push_back({Label::fn, static_cast<uint8_t>(c.kind), judge.reason(platform, c)});
    for (const JudgedWarning& w : a.warnings) {
        const Label label = label_of(w.justification);
        const Reason reason = label == Label::tp ? Reason::none : judge.reason(platform, w.warning);
        shown.push_back({label, static_cast<uint8_t>(w.warning.id), reason});
    }
    std::sort(shown.begin(), shown.end());
    shown.erase(std::unique(shown.begin(), shown.end()), shown.end());
    return shown;
}

std::vector<Change> changes_between(const std::vector<Shown>& first, const std::vector<Shown>& second) {
    DMAFUZZ_CHECK(std::is_sorted(first.begin(), first.end()) && std::is_sorted(second.begin(), second.end()));
    std::vector<Change> out;
    const bool only_crashes = crashes(first) || crashes(second);
    add_what_only_one_shows(out, first, second, false, only_crashes);
    add_what_only_one_shows(out, second, first, true, only_crashes);
    return out;
}

}  // namespace dmafuzz
