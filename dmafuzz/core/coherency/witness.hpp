// SPDX-License-Identifier: GPL-2.0-only
// A witness: one behaviour that reaches a corruption, as the steps that one copy of the data took.
#pragma once

#include "coherency/simulator.hpp"

namespace dmafuzz {

struct WitnessStep {
    uint8_t op;
    bool asked;            // by the operation; else an unasked step after it
    Trace::What what;
    Event event;           // of born and copied: count_
    uint16_t copy;         // where the data is then
    uint8_t writer;        // a mapping whose device writes; no_mapping: the CPU, or nobody
};

// `traces` and `simulator` are of one walk with everything written down. In order of time.
std::vector<WitnessStep> witness(const std::vector<Trace>& traces, const Corruption& corruption, bool seen_by_cpu, bool sees_cache);

}  // namespace dmafuzz
