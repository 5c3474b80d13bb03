// SPDX-License-Identifier: GPL-2.0-only
// The first program that shows each signature, and when, of an engine that minimizes nothing: what they come down to is
// for whoever reads the file.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "judge/judge.hpp"

namespace dmafuzz {

class SignatureLog {
public:
    // Programs that are looked into although they are alike as far as their own platform tells without asking any
    // other: the reasons of a tracker and the justification of warnings take long. None that breaks more rules: such a
    // program shows something new nearly always, and comes down to what others show.
    static constexpr int looks_max = 64;
    static constexpr int rules_max = 4;

    // What is kept before each program's records, in nanoseconds: `at` by the monotonic clock, and the processor time
    // that the looking has taken until then.
    struct Entry {
        int64_t at;
        int64_t aside;
        uint32_t platform;
        uint32_t bytes;
    };

    // Appends to a file, which is made if need be. Throws std::runtime_error.
    explicit SignatureLog(const std::string& path);
    ~SignatureLog();
    SignatureLog(const SignatureLog&) = delete;
    SignatureLog& operator=(const SignatureLog&) = delete;

    // The judge has covered the program on the platform.
    void look(const Program& program, Judge& judge, size_t platform, int64_t at, int64_t aside);

private:
    void write(const Program& program, Entry entry) const;

    int file_;
    std::unordered_map<uint64_t, int> looks_;
    std::unordered_set<uint64_t> kept_;
};

}  // namespace dmafuzz
