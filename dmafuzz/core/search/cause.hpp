// The cause of a finding: what makes two findings the same.
// Source: the specification's verdicts.md, The cause of a finding.
#pragma once

#include <bitset>

#include "judge/contract.hpp"
#include "judge/judge.hpp"

namespace dmafuzz {

// What is kept while a program shrinks: a label of one platform, one kind of corruption or warning, and no rule
// broken that was not broken before.
struct Target {
    Label label = Label::fn;    // fn, fp, hazard or broken
    uint8_t kind = 0;           // CorruptionKind of an fn, WarningId of the others
    size_t platform = 0;
    Rules rules = 0;
    bool operator==(const Target&) const = default;
};

// Label and kind; with the rules, a signature: what two findings of one cause have in common wherever they show.
inline uint32_t sort_of(Label label, uint8_t kind) { return static_cast<uint32_t>(label) << 8 | kind; }
inline uint64_t signature_of(const Target& t) { return static_cast<uint64_t>(sort_of(t.label, t.kind)) << 32 | t.rules; }
inline Rules rules_of(uint64_t signature) { return static_cast<Rules>(signature); }

const char* kind_name(const Target& target);

// All targets of the program that `judge` has started with, on one platform. Rules are left 0.
std::vector<Target> targets_of(Judge& judge, size_t platform);

// Does the started program show it, breaking no rule outside target.rules?
bool shows(Judge& judge, const Target& target);

// A bit for each platform of a portfolio: all that there are fit in.
inline constexpr size_t platforms_max = 256;
using PlatformSet = std::bitset<platforms_max>;

// What one program shows: label, kind, the rules that it breaks there, and where.
struct Shown {
    Label label;
    uint8_t kind;  // CorruptionKind of an FN, WarningId of the others
    Rules rules;
    PlatformSet platforms;
};

inline uint64_t signature_of(const Shown& s) { return signature_of(Target{s.label, s.kind, 0, s.rules}); }

// Of the program that the judge has been started with, on its whole portfolio of at most `platforms_max` platforms.
std::vector<Shown> shown_by(Judge& judge);
// Adds to what is shown, or to its platforms.
void show(std::vector<Shown>& shown, Label label, uint8_t kind, Rules rules, size_t platform);

}  // namespace dmafuzz
