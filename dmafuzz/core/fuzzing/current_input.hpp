// SPDX-License-Identifier: GPL-2.0-only
// What a worker is at, in memory that outlives it: a parent reads there what a dead worker died on.
#pragma once

#include <string>

#include "program/scope.hpp"

namespace dmafuzz {

class CurrentInput {
public:
    CurrentInput() = default;
    ~CurrentInput();
    CurrentInput(const CurrentInput&) = delete;
    CurrentInput& operator=(const CurrentInput&) = delete;
    // Throws std::runtime_error if the file cannot be mapped.
    void open(const std::string& path);
    void record(const Program& program);

    // The file: a count that grows, the length, then the records.
    struct Page {
        uint64_t count;
        uint64_t bytes;
        uint8_t records[ops_max * record_bytes];
    };

private:
    Page* page_ = nullptr;
};

}  // namespace dmafuzz
