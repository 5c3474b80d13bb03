// SPDX-License-Identifier: GPL-2.0-only
// A shortest behaviour that reaches a corruption: fewest unasked steps, with the joint state of all copies of the bytes
// after each step.
//
// The simulator keeps the states of each copy apart (copies.hpp says why that is exact). Here they are put together
// again: a joint state has for each copy a set that is one state of its place (what is in memory, and what is in the
// cacheline over it, if that is present), and every event is the simulator's own (`apply`). A device that writes one
// copy leaves all others behind in the same step.
#pragma once

#include <optional>
#include <vector>

#include "coherency/witness.hpp"

namespace dmafuzz {

enum class LineState : uint8_t { absent, clean, dirty, count_ };
const char* name_of(LineState state);

// Who takes a step.
enum class Actor : uint8_t { program, hardware, cpu, device, count_ };
const char* name_of(Actor actor);

// One copy of the bytes at one moment: memory, an old page or a bounce slot, with the cacheline over it.
struct CopyState {
    uint16_t copy;  // among all copies of the run
    DataPlace place;
    std::optional<LineState> line;  // none: a coherent device's slot, which is seen as one
    Flag memory;
    std::optional<Flag> cached;  // where the line is present
    bool operator==(const CopyState&) const = default;
};

struct CopyChange {
    WitnessEvent event;
    uint16_t copy;
    DataPlace place;
    std::optional<DataPlace> source;  // of `copied`
};

// A live mapping of the bytes, and who owns them as far as it is concerned.
enum class Owner : uint8_t { cpu, device, both, count_ };
const char* name_of(Owner owner);

struct Ownership {
    uint8_t mapping;
    Owner owner;
    bool operator==(const Ownership&) const = default;
};

struct Moment {
    uint8_t op = 0;  // the operation that has been carried out, or after which an unasked step was taken
    Actor actor = Actor::program;
    uint8_t writer = no_mapping;      // the mapping through which a device writes, unasked
    std::vector<CopyChange> changes;  // that the step has made
    std::vector<CopyState> copies;    // after it
    bool given_up = false;            // no content is expected of the bytes
    std::vector<Ownership> owners;    // in order of their maps
};

// What of a walk with everything written down says how a corruption comes about: `traces`, and the corruption as that
// walk saw it.
struct Walked {
    const std::vector<Trace>& traces;
    const Simulator& simulator;
    const Run& run;
};

// From the start of the program to where the corruption is seen, in order of time; nothing if the search grows too
// large.
std::vector<Moment> shortest_behaviour(const Walked& walked, const Corruption& corruption, bool aliases_hit);

// What the operations alone do to a cell, to the end of the program and its tidy-up, with nothing that happens unasked:
// for a warning that no corruption belongs to.
std::vector<Moment> asked_course(const Walked& walked, uint16_t cell);

}  // namespace dmafuzz
