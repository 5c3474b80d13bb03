// SPDX-License-Identifier: GPL-2.0-only
// How far a search has come with a planted fault: its calls are reached, the fault is triggered, and what it does to a
// verdict is found.
#pragma once

#include <memory>
#include <string>

#include "judge/judge.hpp"
#include "tracker/planted.hpp"

namespace dmafuzz {

enum class Stage : uint8_t { reached, triggered, found, count_ };
const char* name_of(Stage stage);

class PlantedWatch {
public:
    // Throws std::invalid_argument for an unknown fault.
    explicit PlantedWatch(const std::string& fault);

    // The judge, on the faulty tracker, has been started with the program and has covered it on the platform.
    // Reached: the program has a call that the fault is about. Triggered: the sound tracker warns otherwise. Found: the
    // faulty one misses lost data, warns without need or is harmless there, where the sound one does not.
    bool has_come_to(Stage stage, const Program& program, Judge& judge, size_t platform);

private:
    bool triggered(Judge& judge, size_t platform);
    bool found(const Program& program, Judge& judge, size_t platform);

    const Planted* fault_;
    std::unique_ptr<Tracker> sound_tracker_;
    std::unique_ptr<Judge> sound_;
    Watch watch_;
};

}  // namespace dmafuzz
