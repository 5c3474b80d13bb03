// SPDX-License-Identifier: GPL-2.0-only
// What a warning and a program come to: worths and labels, from who covers what on which platform.
// Source: docs/spec/verdicts.md §2 (Covering), §3 (Labels).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "judge/contract.hpp"
#include "judge/reach.hpp"
#include "tracker/reason.hpp"

namespace dmafuzz {

enum class Label : uint8_t { tn, tp, fn, fp, hazard, bookkeeping, broken, count_ };
const char* name_of(Label label);
using Labels = uint8_t;  // a bit each
inline constexpr Labels bit(Label label) { return static_cast<Labels>(1u << static_cast<int>(label)); }

// What a warning comes to on one platform.
enum class Worth : uint8_t { justified, hazard, bookkeeping, false_positive, breakdown, count_ };
const char* name_of(Worth worth);

// Of a warning that no corruption on its own platform justifies. `corrupt(i)`, `harmed(i)`: does it cover a corruption, or
// another harm, on platform i? Asked no further than it matters. `elsewhere`: for a hazard, where.
template <class Corrupt, class Harmed>
Worth worth_elsewhere(size_t platforms, size_t own, Corrupt corrupt, Harmed harmed, uint8_t& elsewhere) {
    for (size_t i = 0; i < platforms; i++) {
        if (i == own || !corrupt(i)) continue;
        elsewhere = static_cast<uint8_t>(i);
        return Worth::hazard;
    }
    for (size_t k = 0; k < platforms; k++)
        if (harmed((own + k) % platforms)) return Worth::bookkeeping;
    return Worth::false_positive;
}

// All that a verdict on the portfolio needs to know of one program on one platform. Operations have names of their own
// (Judge::state), so that programs of which only the same is known have the same outcome.
struct Outcome {
    struct Said {
        uint8_t id;    // WarningId
        uint8_t name;  // of the operation
        bool justified;
        Reason reason;
        Claim claim;   // its operations by name
        auto operator<=>(const Said&) const = default;
    };
    std::vector<Said> warnings;  // in order, each once
    Reach corrupt;               // operations by name
    HarmReach harmed, oopsed;
    Rules rules = 0;             // broken
    std::vector<std::pair<uint8_t, Reason>> silent;  // kinds of corruption that no warning explains, and why; in order, each once
    std::vector<uint8_t> unsaid;                     // names of the operations that the tracker could have warned about, in order
    bool corrupted = false;
    uint8_t breakdown = 0;       // WarningId; 0: none
    bool operator==(const Outcome&) const = default;
};

// The labels of one program on one platform, from its warnings' worths.
class Sum {
  public:
    void add(Worth worth) {
        warned_ = true;
        if (worth != Worth::breakdown) unjustified_ |= worth != Worth::justified && worth != Worth::bookkeeping;
        if (worth == Worth::hazard) labels_ |= bit(Label::hazard);
        if (worth == Worth::bookkeeping) labels_ |= bit(Label::bookkeeping);
        if (worth == Worth::false_positive) labels_ |= bit(Label::fp);
    }
    // `silent`: a corruption that no warning explains. Where every corruption is explained but not every warning is worth
    // it, the labels of the warnings say so.
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
