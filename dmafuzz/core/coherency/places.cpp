// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>

#include "coherency/witness.hpp"

namespace dmafuzz {

namespace {

// The places of one cell's copies.
class Places {
public:
    Places(const Simulator& simulator, const Run& run) : births_(simulator.births()), run_(run) {}

    DataPlace of(uint16_t copy, uint8_t op) const {
        const Simulator::CopyFacts& birth = births_[copy];
        if (birth.slot) return {PlaceKind::slot, run_.pieces[birth.piece].mapping};
        const auto pages = pages_of(birth.cell, op);
        if (pages.size() < 2) return {PlaceKind::memory};
        return {pages.back() == copy ? PlaceKind::new_page : PlaceKind::old_page};
    }

    // What a mapping has of a cell's bytes: its slot, or the page that it was mapped from.
    std::optional<DataPlace> mapped_by(uint8_t mapping, uint16_t cell, const Span& span, uint8_t op) const {
        for (const Piece& piece : run_.pieces) {
            const bool covers =
                piece.buffer == span.buffer && piece.offset <= span.offset && span.offset < piece.offset + piece.size;
            if (piece.mapping != mapping || !covers || piece.via == Via::nothing) continue;
            if (piece.via == Via::slot) return DataPlace{PlaceKind::slot, mapping};
            for (uint16_t copy : pages_of(cell, op))
                if (births_[copy].phys == piece.phys + (span.offset - piece.offset)) return of(copy, op);
        }
        return std::nullopt;
    }

private:
    // The memory that a cell has had until after an operation, oldest first.
    std::vector<uint16_t> pages_of(uint16_t cell, uint8_t op) const {
        std::vector<uint16_t> out;
        for (size_t i = 0; i < births_.size(); i++)
            if (births_[i].cell == cell && !births_[i].slot && births_[i].op <= op)
                out.push_back(static_cast<uint16_t>(i));
        return out;
    }

    const std::vector<Simulator::CopyFacts>& births_;
    const Run& run_;
};

}  // namespace

const char* name_of(PlaceKind kind) {
    static constexpr std::array<const char*, static_cast<size_t>(PlaceKind::count_)> names{"memory", "old-page",
                                                                                           "new-page", "slot"};
    return names[static_cast<size_t>(kind)];
}

const char* name_of(WitnessEvent event) {
    if (event == WitnessEvent::born) return "born";
    return event == WitnessEvent::copied ? "copied" : name_of(static_cast<Event>(event));
}

WitnessEvent event_of(const WitnessStep& step) {
    if (step.what == Trace::What::born) return WitnessEvent::born;
    return step.what == Trace::What::copied ? WitnessEvent::copied : static_cast<WitnessEvent>(step.event);
}

DataPlace place_of(uint16_t copy, uint8_t op, const Simulator& simulator, const Run& run) {
    return Places(simulator, run).of(copy, op);
}

std::vector<StepPlaces> places(const std::vector<WitnessStep>& steps, const Simulator& simulator, const Run& run,
                               const Span& span) {
    const Places places(simulator, run);
    std::vector<StepPlaces> out;
    for (size_t i = 0; i < steps.size(); i++) {
        const WitnessStep& step = steps[i];
        StepPlaces found{places.of(step.copy, step.op), {}, {}};
        if (i > 0) found.before = places.of(steps[i - 1].copy, step.op);
        if (step.writer != no_mapping && step.what == Trace::What::closure && step.event == Event::written_elsewhere)
            found.into = places.mapped_by(step.writer, simulator.births()[step.copy].cell, span, step.op);
        out.push_back(found);
    }
    return out;
}

}  // namespace dmafuzz
