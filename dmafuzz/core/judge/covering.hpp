// SPDX-License-Identifier: GPL-2.0-only
// Covering, seen from what is covered: what a warning would have to name to cover a corruption or a harm there. Lines
// are those of one platform, names those of the program. Source: docs/spec/verdicts.md §2 (Covering).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "coherency/simulator.hpp"
#include "judge/claim.hpp"
#include "run/run.hpp"

namespace dmafuzz {

// Corruption, by the names that its lines have.
struct Footprint {
    uint32_t mappings = 0;
    Calls ranges;  // of calls
    uint8_t devices = 0;
    std::array<uint32_t, mappings_max>
        together{};                     // by mapping: those that share its corrupt lines; itself, where two entries do
    std::vector<MappedPart> live_then;  // where every mapping involved was live when that one was made
    bool operator==(const Footprint&) const = default;
    Footprint& operator|=(const Footprint& o);
    void digest(Digest& into) const;
    bool covered_by(const Claim& claim) const;
};

// Other harms.
struct HarmFootprint {
    uint32_t mappings = 0;
    uint16_t buffers = 0;
    Calls calls;
    bool operator==(const HarmFootprint&) const = default;
    HarmFootprint& operator|=(const HarmFootprint& o);
    void digest(Digest& into) const {
        into.add(static_cast<uint64_t>(mappings) << 16 | buffers);
        calls.digest(into);
    }
    bool belongs_to(const Claim& claim) const {
        return (mappings & claim.concerned) != 0 || (buffers & claim.buffers) != 0 || calls.meet(claim.call);
    }
};
HarmFootprint footprint_of(const Run& run, const Harm& harm);

// Which lines of a platform's memory belong to which mapping, and to which call's range.
class Places {
public:
    // `involved` is asked of those found with times only.
    void find(const Run& run, int line, bool times);
    Footprint footprint_of(const Corruption& corruption) const;
    // Do they reach the same? False: perhaps.
    bool alike(const Corruption& a, const Corruption& b) const {
        return !many_entries_ && a.span == b.span && a.phys == b.phys;
    }
    // Of a corruption's mappings, those that had not come to their end before it became possible.
    uint32_t involved(const Corruption& corruption) const;
    // Which mappings were live when which one was made, as far as that can matter.
    void digest(Digest& into) const;

private:
    // Whole lines of a mapping's piece, or of an operation's range.
    struct Place {
        uint64_t from, to;
        uint8_t op;  // no_op: a mapping's
        uint8_t piece;
        bool operator==(const Place&) const = default;
    };
    struct Lines {
        uint64_t from, to;
        bool meet(const Place& p) const { return p.from < to && from < p.to; }
    };

    void add(uint64_t phys, uint64_t bytes, uint8_t op, uint8_t piece);
    void add_part(const BufferPart& part, uint8_t op, uint8_t piece, Lines known);
    void find_times();
    void meet(const Lines& lines, Footprint& footprint, uint32_t involved,
              std::array<uint8_t, mappings_max>& first) const;
    void add_live_then(const Lines& lines, const Piece& piece, uint32_t involved, Footprint& footprint) const;
    bool live_at(uint8_t mapping, uint8_t op) const { return begun_[mapping] <= op && op < ended_[mapping]; }

    const Run* run_ = nullptr;
    uint64_t line_mask_ = 63;
    bool many_entries_ = false;  // enough for a warning that is given once a boot
    std::vector<Place> places_;
    std::array<uint8_t, mappings_max> begun_{}, made_{},
        ended_{};  // operations: a mapping's first half, its second, its end
};

}  // namespace dmafuzz
