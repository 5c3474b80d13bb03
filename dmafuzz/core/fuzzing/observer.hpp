// SPDX-License-Identifier: GPL-2.0-only
// An observer of an engine at work, such as a benchmark.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dmafuzz {

struct Program;
class Judge;

enum class Occasion : uint8_t {
    begins,  // the program is about to be judged; the judge still has the one before
    judged,  // where it is judged first, which counts
    again,   // covered on another platform, or made on the way to a minimal program: not counted
};

class Observer {
public:
    virtual ~Observer() = default;
    // But for `begins`, the judge has been started with the program and has covered it on the platform.
    virtual void observe(Occasion occasion, const Program& program, Judge& judge, size_t platform) = 0;
};

// Passes on to an observer, once there is one.
class Relay final : public Observer {
public:
    void to(Observer* observer) { to_ = observer; }
    explicit operator bool() const { return to_; }
    void observe(Occasion occasion, const Program& program, Judge& judge, size_t platform) override {
        if (to_) to_->observe(occasion, program, judge, platform);
    }

private:
    Observer* to_ = nullptr;
};

}  // namespace dmafuzz
