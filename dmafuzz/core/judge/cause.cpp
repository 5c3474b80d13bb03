// SPDX-License-Identifier: GPL-2.0-only
#include "judge/cause.hpp"

#include <algorithm>

#include "check/check.hpp"

namespace dmafuzz {

namespace {

// Is it shown, for the reason that is wanted? `other`: else for which, the first of them.
bool has_kind(Judge& judge, const PlatformSignature& t, Reason& other) {
    auto wanted = [&](Reason reason) {
        if (other == Reason::none || reason < other) other = reason;
        return reason == t.reason;
    };
    const Analysis& here = judge.cover(t.platform);
    if (t.label == Label::broken) return here.broken() && static_cast<uint8_t>(here.watch.warnings.back().id) == t.kind;
    if (here.broken()) return false;
    const bool any = t.reason == Reason::none;
    if (t.label == Label::fn)
        return std::any_of(here.corruptions.begin(), here.corruptions.end(), [&](const Corruption& c) {
            return static_cast<uint8_t>(c.kind) == t.kind && !c.explained &&
                   (any || wanted(judge.reason(t.platform, c)));
        });
    const Justification justification = t.label == Label::fp ? Justification::false_positive : Justification::hazard;
    for (size_t i = 0; i < here.watch.warnings.size(); i++) {
        const Warning& w = here.watch.warnings[i];
        if (static_cast<uint8_t>(w.id) != t.kind || here.justified_here[i] ||
            !judge.has_justification(w, t.platform, justification))
            continue;
        if (any || wanted(judge.reason(t.platform, w))) return true;
    }
    return false;
}

}  // namespace

const char* kind_name(const PlatformSignature& t) {
    return t.label == Label::fn ? name_of(static_cast<CorruptionKind>(t.kind))
                                : name_of(static_cast<WarningId>(t.kind));
}

std::vector<PlatformSignature> signatures_on(Judge& judge, size_t platform) {
    DMAFUZZ_CHECK(platform < judge.platforms());
    std::vector<PlatformSignature> targets;
    auto add = [&](Label label, uint8_t kind, Reason reason) {
        PlatformSignature t{label, kind, platform, 0, reason};
        if (std::find(targets.begin(), targets.end(), t) == targets.end()) targets.push_back(t);
    };
    const Analysis& here = judge.cover(platform);
    if (here.broken()) {
        add(Label::broken, static_cast<uint8_t>(here.watch.warnings.back().id), Reason::none);
        return targets;
    }
    const Analysis& a = judge.judge(platform);
    for (const Corruption& c : a.corruptions)
        if (!c.explained) add(Label::fn, static_cast<uint8_t>(c.kind), judge.reason(platform, c));
    for (const JudgedWarning& w : a.warnings) {
        if (w.justification == Justification::false_positive)
            add(Label::fp, static_cast<uint8_t>(w.warning.id), judge.reason(platform, w.warning));
        if (w.justification == Justification::hazard)
            add(Label::hazard, static_cast<uint8_t>(w.warning.id), judge.reason(platform, w.warning));
    }
    return targets;
}

std::optional<PlatformSignature> still_shown(Judge& judge, const PlatformSignature& target) {
    Reason other = Reason::none;
    const bool same = has_kind(judge, target, other);
    if (!same && other == Reason::none) return std::nullopt;
    PlatformSignature shown = target;
    shown.rules = judge.rules(target.platform);
    if (shown.rules & ~target.rules) return std::nullopt;
    if (same) return shown;
    if (shown.rules == target.rules) return std::nullopt;
    shown.reason = other;
    return shown;
}

uint32_t owners(const Run& run, const Span& span) {
    uint32_t found = 0;
    for (const Piece& p : run.pieces)
        if (p.buffer == span.buffer && p.offset < span.offset + span.size && p.offset + p.size > span.offset)
            found |= 1u << p.mapping;
    return found;
}

namespace {

// All of a kind; for the target's reason, if it has one.
std::vector<Loss> losses_of_kind(Judge& judge, const PlatformSignature& t, bool any_reason) {
    std::vector<Loss> found;
    const Analysis& here = judge.cover(t.platform);
    for (const Corruption& c : here.corruptions) {
        if (static_cast<uint8_t>(c.kind) != t.kind || c.explained) continue;
        if (!any_reason && judge.reason(t.platform, c) != t.reason) continue;
        found.push_back({c.span.buffer, c.span.offset, c.span.size, owners(here.run, c.span)});
    }
    return found;
}

// However the losses are cut.
bool among(const Loss& wanted, const std::vector<Loss>& losses) {
    const uint32_t end = wanted.offset + wanted.size;
    for (uint32_t at = wanted.offset; at < end;) {
        auto next = std::find_if(losses.begin(), losses.end(), [&](const Loss& l) {
            return l.buffer == wanted.buffer && l.mappings == wanted.mappings && l.offset <= at &&
                   at < l.offset + l.size;
        });
        if (next == losses.end()) return false;
        at = next->offset + next->size;
    }
    return true;
}

}  // namespace

std::vector<Loss> losses(Judge& judge, const PlatformSignature& target) { return losses_of_kind(judge, target, false); }

std::optional<PlatformSignature> loses_all_the_same(Judge& judge, const PlatformSignature& target,
                                                    const std::vector<Loss>& before) {
    if (target.label != Label::fn || target.reason == Reason::none) return std::nullopt;
    Reason other = Reason::none;
    if (has_kind(judge, target, other) || other == Reason::none) return std::nullopt;
    const std::vector<Loss> now = losses_of_kind(judge, target, true);
    if (!std::all_of(before.begin(), before.end(), [&](const Loss& l) { return among(l, now); })) return std::nullopt;
    if (judge.rules(target.platform) != target.rules) return std::nullopt;
    PlatformSignature shown = target;
    shown.reason = other;
    return shown;
}

void add_signature(std::vector<Signature>& shown, Label label, uint8_t kind, Reason reason, Rules rules,
                   size_t platform) {
    for (Signature& s : shown)
        if (s.label == label && s.kind == kind && s.reason == reason && s.rules == rules) {
            s.platforms.set(platform);
            return;
        }
    shown.push_back({label, kind, reason, rules, {}});
    shown.back().platforms.set(platform);
}

std::vector<Signature> signatures_of(Judge& judge) {
    std::vector<Signature> shown;
    for (size_t platform = 0; platform < judge.platforms(); platform++) {
        const std::vector<PlatformSignature> targets = signatures_on(judge, platform);
        if (targets.empty()) continue;
        const Rules rules = judge.rules(platform);
        for (const PlatformSignature& t : targets) add_signature(shown, t.label, t.kind, t.reason, rules, platform);
    }
    return shown;
}

}  // namespace dmafuzz
