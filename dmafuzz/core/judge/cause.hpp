// SPDX-License-Identifier: GPL-2.0-only
// The cause of a finding: what makes two findings the same.
// Source: docs/spec/verdicts.md §5 (The cause of a finding).
#pragma once

#include <bitset>
#include <optional>
#include <vector>

#include "judge/contract.hpp"
#include "judge/judge.hpp"

namespace dmafuzz {

// What is kept while a program shrinks: a label of one platform, one kind of corruption or warning, the tracker's
// reason, and no rule broken that was not broken before.
struct PlatformSignature {
    Label label = Label::fn;  // fn, fp, hazard or broken
    uint8_t kind = 0;         // CorruptionKind of an fn, WarningId of the others
    size_t platform = 0;
    Rules rules = 0;
    Reason reason = Reason::none;  // none: any
    bool operator==(const PlatformSignature&) const = default;
};

// Label, kind and reason; with the rules, a signature: what two findings of one cause have in common wherever they
// show.
inline uint32_t key_without_rules(Label label, uint8_t kind, Reason reason) {
    return static_cast<uint32_t>(label) << 16 | static_cast<uint32_t>(reason) << 8 | kind;
}
inline uint64_t signature_key(const PlatformSignature& t) {
    return static_cast<uint64_t>(key_without_rules(t.label, t.kind, t.reason)) << 32 | t.rules;
}
inline Rules rules_of(uint64_t signature) { return static_cast<Rules>(signature); }

const char* kind_name(const PlatformSignature& target);

// All targets of the program that `judge` has started with, on one platform. Rules are left 0.
std::vector<PlatformSignature> signatures_on(Judge& judge, size_t platform);

// Does the started program show it, breaking no rule outside target.rules? For another reason only where it breaks
// fewer: then what the target says is two faults in one program. With the rules and the reason that the program has.
std::optional<PlatformSignature> still_shown(Judge& judge, const PlatformSignature& target);
inline bool shows(Judge& judge, const PlatformSignature& target) { return still_shown(judge, target).has_value(); }

// Bytes of a buffer that are lost, in one kind and for one reason, and the mappings that they belong to.
struct Loss {
    uint8_t buffer;
    uint32_t offset, size;
    uint32_t mappings;
};
// The mappings that have bytes of a buffer.
uint32_t owners(const Run& run, const Span& span);
// What the started program loses as the target of a false negative says.
std::vector<Loss> losses(Judge& judge, const PlatformSignature& target);
// For another reason and with the same rules broken, it loses all of that: what the reason was about had nothing to do
// with it.
std::optional<PlatformSignature> loses_all_the_same(Judge& judge, const PlatformSignature& target,
                                                    const std::vector<Loss>& losses);

// A bit for each platform of a portfolio: all that there are fit in.
inline constexpr size_t platforms_max = 256;
using PlatformSet = std::bitset<platforms_max>;

// What one program shows: label, kind, the tracker's reason, the rules that it breaks there, and where.
struct Signature {
    Label label;
    uint8_t kind;  // CorruptionKind of an FN, WarningId of the others
    Reason reason;
    Rules rules;
    PlatformSet platforms;
};

inline uint64_t signature_key(const Signature& s) {
    return signature_key(PlatformSignature{s.label, s.kind, 0, s.rules, s.reason});
}

// Of the program that the judge has been started with, on its whole portfolio of at most `platforms_max` platforms.
std::vector<Signature> signatures_of(Judge& judge);
// Adds to what is shown, or to its platforms.
void add_signature(std::vector<Signature>& shown, Label label, uint8_t kind, Reason reason, Rules rules,
                   size_t platform);

}  // namespace dmafuzz
