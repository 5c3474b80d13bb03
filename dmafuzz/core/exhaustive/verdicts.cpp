// SPDX-License-Identifier: GPL-2.0-only
#include "exhaustive/verdicts.hpp"

#include <algorithm>

#include "check/check.hpp"

namespace dmafuzz {

namespace {

Digest digest_of(const Outcome& o) {
    Digest d;
    for (const Outcome::Warned& w : o.warnings)
        d.add(static_cast<uint64_t>(w.id) << 48 | static_cast<uint64_t>(w.name) << 40 |
              static_cast<uint64_t>(w.justified) << 32 | static_cast<uint64_t>(w.reason) << 56);
    for (const Outcome::Warned& w : o.warnings) w.claim.digest(d);
    d.add(o.warnings.size());
    for (auto [kind, reason] : o.silent) d.add(static_cast<uint64_t>(kind) << 8 | static_cast<uint64_t>(reason));
    d.add(o.silent.size());
    for (uint8_t name : o.missing_warnings) d.add(name);
    d.add(o.missing_warnings.size());
    o.corrupt.digest(d);
    o.harmed.digest(d);
    o.oopsed.digest(d);
    d.add(static_cast<uint64_t>(o.rules) << 32 | static_cast<uint64_t>(o.tracker_crash) << 16 |
          static_cast<uint64_t>(o.corrupted));
    return d;
}

}  // namespace

Verdicts::Id Verdicts::outcome(const Outcome& outcome) {
    auto [at, added] = outcome_ids_.try_emplace(digest_of(outcome), static_cast<Id>(outcomes_.size()));
    if (added) outcomes_.push_back(outcome);
    return at->second;
}

bool Verdicts::warned(Id outcome, uint8_t name) const {
    const Outcome& o = outcomes_[outcome];
    return std::binary_search(o.missing_warnings.begin(), o.missing_warnings.end(), name) ||
           std::any_of(o.warnings.begin(), o.warnings.end(), [&](const Outcome::Warned& w) { return w.name == name; });
}

Verdicts::Id Verdicts::verdict(std::span<const Id> outcomes) {
    DMAFUZZ_CHECK(!outcomes.empty() &&
                  std::all_of(outcomes.begin(), outcomes.end(), [&](Id id) { return id < outcomes_.size(); }));
    Digest key;
    for (Id id : outcomes) key.add(id);
    auto [at, added] = verdict_ids_.try_emplace(key, static_cast<Id>(verdicts_.size()));
    if (added) verdicts_.push_back(work_out(outcomes));
    return at->second;
}

Verdict Verdicts::work_out(std::span<const Id> outcomes) const {
    Verdict verdict;
    verdict.labels.resize(outcomes.size());
    for (size_t i = 0; i < outcomes.size(); i++) look(outcomes, i, verdict);
    return verdict;
}

Justification Verdicts::justification(std::span<const Id> outcomes, size_t platform, const Outcome::Warned& w) const {
    const Outcome& here = outcomes_[outcomes[platform]];
    if (w.justified) return Justification::justified;
    if (!here.corrupted && here.oopsed.belongs_to(w.claim)) return Justification::bookkeeping;
    uint8_t elsewhere = 0;
    return justification_elsewhere(
        outcomes.size(), platform, [&](size_t i) { return outcomes_[outcomes[i]].corrupt.covered_by(w.claim); },
        [&](size_t i) { return outcomes_[outcomes[i]].harmed.belongs_to(w.claim); }, elsewhere);
}

void Verdicts::look(std::span<const Id> outcomes, size_t platform, Verdict& verdict) const {
    const Outcome& here = outcomes_[outcomes[platform]];
    if (here.tracker_crash) {
        verdict.labels[platform] = bit(Label::broken);
        return add_signature(verdict.signatures, Label::broken, here.tracker_crash, Reason::none, here.rules, platform);
    }
    for (auto [kind, reason] : here.silent)
        add_signature(verdict.signatures, Label::fn, kind, reason, here.rules, platform);
    Sum sum;
    for (const Outcome::Warned& w : here.warnings) {
        const Justification found = justification(outcomes, platform, w);
        sum.add(found);
        if (found == Justification::false_positive)
            add_signature(verdict.signatures, Label::fp, w.id, w.reason, here.rules, platform);
        if (found == Justification::hazard)
            add_signature(verdict.signatures, Label::hazard, w.id, w.reason, here.rules, platform);
    }
    verdict.labels[platform] = sum.labels(here.corrupted, !here.silent.empty());
}

}  // namespace dmafuzz
