// SPDX-License-Identifier: GPL-2.0-only
// A judgement as Python sees it: values, which outlive the judge.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>

#include "binding/names.hpp"
#include "judge/judge.hpp"

namespace dmafuzz {

struct WarningRecord {
    Warning warning;
    Justification justification;
    std::optional<std::string> hurts;
    std::optional<Reason> reason;
    Print print;
    std::optional<std::string> text;
};

struct CorruptionRecord {
    Corruption corruption;
    std::optional<Reason> reason;
    int index;
};

// What a mapping of a program is on this platform, whenever it lives.
struct MappingRecord {
    int number;
    MappingFacts facts;
    Via via;
    bool iommu;
    bool error_checked;
};

struct JudgementRecord {
    std::string platform;
    Tuple<Label> labels;
    Tuple<Breach> breaches;
    Tuple<WarningRecord> warnings;
    Tuple<CorruptionRecord> corruptions;
    Tuple<Harm> harms;
    Tuple<Op> ops;
    int program_ops;
    Tuple<int> failed;
    Tuple<MappingRecord> mappings;
    std::optional<Cost> cost;
};

// Places on the portfolio come from Python, and are trusted further in: raises IndexError.
void start(Judge& judge, const std::vector<Op>& ops, size_t platform);
// Of the program that the judge has been started with.
JudgementRecord judgement_of(Judge& judge, size_t platform);
std::vector<Label> labels_of(const Analysis& analysis);
Tuple<Rule> rule_tuple(Rules rules);

inline std::optional<int> mapping_or_none(uint8_t mapping) {
    return mapping == no_mapping ? std::nullopt : std::optional<int>(mapping);
}

}  // namespace dmafuzz
