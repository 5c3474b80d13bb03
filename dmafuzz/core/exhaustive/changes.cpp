// SPDX-License-Identifier: GPL-2.0-only
#include "exhaustive/changes.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

using Outcomes = std::span<const Verdicts::Id>;

bool gives(const Outcome& o, const Outcome::Warned& wanted) {
    return std::any_of(o.warnings.begin(), o.warnings.end(), [&](const Outcome::Warned& w) {
        return w.id == wanted.id && w.name == wanted.name && w.claim == wanted.claim;
    });
}

void add_warnings(const Verdicts& verdicts, Outcomes one, Outcomes other, size_t platform, bool gained,
                  std::vector<Change>& out) {
    for (const Outcome::Warned& w : verdicts.outcome_at(one[platform]).warnings) {
        if (gives(verdicts.outcome_at(other[platform]), w)) continue;
        const Label label = label_of(verdicts.justification(one, platform, w));
        out.push_back({gained, {label, w.id, label == Label::tp ? Reason::none : w.reason}});
    }
}

// As `changes_between` has it, of what is known of one platform.
std::vector<Change> changes_on(const Verdicts& verdicts, Outcomes first, Outcomes second, size_t platform,
                               const std::vector<Change>& turned) {
    const uint8_t a = verdicts.outcome_at(first[platform]).tracker_crash;
    const uint8_t b = verdicts.outcome_at(second[platform]).tracker_crash;
    std::vector<Change> out;
    if (a != b && a) out.push_back({false, {Label::broken, a, Reason::none}});
    if (a != b && b) out.push_back({true, {Label::broken, b, Reason::none}});
    if (a || b) return out;
    out = turned;
    add_warnings(verdicts, first, second, platform, false, out);
    add_warnings(verdicts, second, first, platform, true, out);
    settle(out);
    return out;
}

}  // namespace

Changes::Id Changes::turned(const std::vector<Change>& corruptions) {
    if (corruptions.empty()) return 0;
    Digest key;
    for (const Change& c : corruptions)
        key.add(static_cast<uint64_t>(c.gained) << 16 | static_cast<uint64_t>(c.shown.kind) << 8 |
                static_cast<uint64_t>(c.shown.reason));
    auto [at, added] = turned_ids_.try_emplace(key, static_cast<Id>(turned_.size()));
    if (added) turned_.push_back(corruptions);
    return at->second;
}

Changes::Id Changes::between(const Verdicts& verdicts, Outcomes first, Outcomes second, std::span<const Id> turned) {
    const bool none = std::all_of(turned.begin(), turned.end(), [](Id id) { return id == 0; });
    if (none && std::equal(first.begin(), first.end(), second.begin())) return 0;
    Digest key;
    for (size_t p = 0; p < first.size(); p++) {
        key.add(static_cast<uint64_t>(first[p]) << 32 | second[p]);
        key.add(turned[p]);
    }
    auto [at, added] = ids_.try_emplace(key, 0);
    if (!added) return at->second;
    std::vector<Signature> ended, gained;
    for (size_t p = 0; p < first.size(); p++) {
        const Rules rules = verdicts.outcome_at(first[p]).rules | verdicts.outcome_at(second[p]).rules;
        for (const auto& [is_gained, s] : changes_on(verdicts, first, second, p, turned_[turned[p]]))
            add_signature(is_gained ? gained : ended, s.label, s.kind, s.reason, rules, p);
    }
    if (ended.empty() && gained.empty()) return 0;
    at->second = static_cast<Id>(changes_.size());
    changes_.emplace_back();
    for (const Signature& s : ended) changes_.back().push_back({false, s});
    for (const Signature& s : gained) changes_.back().push_back({true, s});
    return at->second;
}

}  // namespace dmafuzz
