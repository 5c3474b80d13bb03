// SPDX-License-Identifier: GPL-2.0-only
// Justifications of warnings and labels of programs, from who covers what on which platform.
// Source: docs/spec/verdicts.md §2 (Covering), §3 (Labels).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "judge/contract.hpp"
#include "judge/covering.hpp"
#include "tracker/reason.hpp"

namespace dmafuzz {

enum class Label : uint8_t { tn, tp, fn, fp, hazard, bookkeeping, broken, count_ };
const char* name_of(Label label);
using Labels = uint8_t;  // a bit each
inline constexpr Labels bit(Label label) { return static_cast<Labels>(1u << static_cast<int>(label)); }

// The verdict on a warning on one platform.
enum class Justification : uint8_t { justified, hazard, bookkeeping, false_positive, tracker_crash, count_ };
const char* name_of(Justification justification);

// Of a warning that no corruption on its own platform justifies. `corrupt(i)`, `harmed(i)`: does it cover a corruption,
// or another harm, on platform i? Asked no further than it matters. `elsewhere`: for a hazard, where.
template <class Corrupt, class Harmed>
Justification justification_elsewhere(size_t platforms, size_t own, Corrupt corrupt, Harmed harmed,
                                      uint8_t& elsewhere) {
    for (size_t i = 0; i < platforms; i++) {
        if (i == own || !corrupt(i)) continue;
        elsewhere = static_cast<uint8_t>(i);
        return Justification::hazard;
    }
    for (size_t k = 0; k < platforms; k++)
        if (harmed((own + k) % platforms)) return Justification::bookkeeping;
    return Justification::false_positive;
}

// All that a verdict on the portfolio needs to know of one program on one platform. Operations have names of their own
// (Judge::state), so that programs of which only the same is known have the same outcome.
struct Outcome {
    struct Warned {
        uint8_t id;    // WarningId
        uint8_t name;  // of the operation
        bool justified;
        Reason reason;
        Claim claim;  // its operations by name
        auto operator<=>(const Warned&) const = default;
    };
    std::vector<Warned> warnings;  // in order, each once
    Footprint corrupt;             // operations by name
    HarmFootprint harmed, oopsed;
    Rules rules = 0;  // broken
    std::vector<std::pair<uint8_t, Reason>>
        silent;  // kinds of corruption that no warning explains, and why; in order, each once
    std::vector<uint8_t>
        missing_warnings;  // names of the operations that the tracker could have warned about, in order
    bool corrupted = false;
    uint8_t tracker_crash = 0;  // WarningId; 0: none
    bool operator==(const Outcome&) const = default;
};

// The labels of one program on one platform, from its warnings' justifications.
class Sum {
public:
    void add(Justification justification) {
        warned_ = true;
        if (justification != Justification::tracker_crash)
            unjustified_ |= justification != Justification::justified && justification != Justification::bookkeeping;
        if (justification == Justification::hazard) labels_ |= bit(Label::hazard);
        if (justification == Justification::bookkeeping) labels_ |= bit(Label::bookkeeping);
        if (justification == Justification::false_positive) labels_ |= bit(Label::fp);
    }
    // `silent`: a corruption that no warning explains. Where every corruption is explained but not every warning is
    // worth it, the labels of the warnings say so.
    Labels labels(bool corrupt, bool silent) const {
        Labels labels = labels_;
        if (silent) labels |= bit(Label::fn);
        if (!silent && corrupt && !unjustified_) labels |= bit(Label::tp);
        if (!corrupt && !warned_) labels |= bit(Label::tn);
        return labels;
    }

private:
    Labels labels_ = 0;
    bool warned_ = false, unjustified_ = false;
};

}  // namespace dmafuzz
