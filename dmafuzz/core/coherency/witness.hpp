// SPDX-License-Identifier: GPL-2.0-only
// A witness: one behaviour that reaches a corruption, as the steps that one copy of the data took.
#pragma once

#include <optional>

#include "coherency/simulator.hpp"

namespace dmafuzz {

struct WitnessStep {
    uint8_t op;
    bool asked;  // by the operation; else an unasked step after it
    Trace::What what;
    Event event;           // of born and copied: count_
    uint16_t copy;         // where the data is then
    uint8_t writer;        // a mapping whose device writes; no_mapping: the CPU, or no writer
    bool implied = false;  // by the next step, or undone by it: a story leaves it out
};

// What a step does to the data, by name: an event, or one of the two that have none.
enum class WitnessEvent : uint8_t { born = static_cast<uint8_t>(Event::count_), copied, count_ };
const char* name_of(WitnessEvent event);
WitnessEvent event_of(const WitnessStep& step);

// Where data is, as it is called after some operation. Copy-on-write brings a new page, and makes the one before an old
// one.
enum class PlaceKind : uint8_t { memory, old_page, new_page, slot, count_ };
const char* name_of(PlaceKind kind);

struct DataPlace {
    PlaceKind kind = PlaceKind::memory;
    uint8_t mapping = no_mapping;  // of a slot
    bool operator==(const DataPlace&) const = default;
};

// Where a copy is, as it is called after an operation.
DataPlace place_of(uint16_t copy, uint8_t op, const Simulator& simulator, const Run& run);

// Where a step happens, all as of its operation.
struct StepPlaces {
    DataPlace place;                  // where the data is after it
    std::optional<DataPlace> before;  // and where it was after the step before
    std::optional<DataPlace>
        into;  // where a device writes, if not there: what `writer` maps of these bytes; none: something else
};

// `simulator` is of the same walk as the steps.
std::vector<StepPlaces> places(const std::vector<WitnessStep>& steps, const Simulator& simulator, const Run& run,
                               const Span& span);

// `traces` and `simulator` are of one walk with everything written down. In order of time.
std::vector<WitnessStep> witness(const std::vector<Trace>& traces, const Corruption& corruption, bool seen_by_cpu,
                                 bool sees_cache);

}  // namespace dmafuzz
