// SPDX-License-Identifier: GPL-2.0-only
// State coverage: a small map of abstract transitions, one byte a cell, seen or not.
// The same map is what libFuzzer inside atheris looks at (libfuzzer.cpp).
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "coherency/simulator.hpp"
#include "tracker/tracker.hpp"

namespace dmafuzz {

inline constexpr size_t coverage_cells = 1u << 16;

// Page-aligned, since libFuzzer takes it as a module's counters. Each `Coverage` has its own; libFuzzer, which never
// gives one back, is an owner of each that it was given (libfuzzer.cpp).
struct alignas(4096) CoverageMap {
    std::array<uint8_t, coverage_cells> cells{};
};

class Coverage final : public TransitionSink, public PathSink {
public:
    // Forgets the last program's marks; what has ever been seen stays.
    void start() {
        for (uint32_t cell : touched_) map_->cells[cell] = 0;
        touched_.clear();
        program_++;
    }
    void transition(uint64_t hash) override { mark(hash); }
    void path(uint64_t hash) override { mark(hash); }
    void mark(uint64_t hash) {
        uint32_t cell = static_cast<uint32_t>((hash * 0x9e3779b97f4a7c15ull) >> 48);
        if (marked_in_[cell] == program_) return;
        marked_in_[cell] = program_;
        map_->cells[cell] = 1;
        touched_.push_back(cell);
    }
    // Were there marks that no program left before? They count as seen from now on.
    bool novel() {
        bool found = false;
        for (uint32_t cell : touched_) {
            if (seen_[cell]) continue;
            seen_[cell] = true;
            seen_count_++;
            found = true;
        }
        return found;
    }
    size_t seen() const { return seen_count_; }
    const std::shared_ptr<CoverageMap>& map() const { return map_; }

private:
    std::shared_ptr<CoverageMap> map_ = std::make_shared<CoverageMap>();
    std::vector<uint32_t> touched_;
    // libFuzzer clears the map too; no other record has which program marked a cell last.
    std::vector<uint32_t> marked_in_ = std::vector<uint32_t>(coverage_cells);
    uint32_t program_ = 1;
    std::vector<bool> seen_ = std::vector<bool>(coverage_cells);
    size_t seen_count_ = 0;
};

}  // namespace dmafuzz
