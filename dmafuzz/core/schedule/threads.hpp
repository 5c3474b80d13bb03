// SPDX-License-Identifier: GPL-2.0-only
// What of a program runs by itself: each CPU, and what each device does unasked, step by step. A schedule is an order
// of all steps. Source: docs/spec/verdicts.md §4 (Concurrency).
#pragma once

#include "program/scope.hpp"

namespace dmafuzz {

inline constexpr int threads_max = cpus_max + devices_max;
inline constexpr uint8_t no_thread = 0xff;

// For each step the thread that it is of. A thread's steps have one order, so this names them.
using Order = std::vector<uint8_t>;

struct Thread {
    bool is_device = false;
    uint8_t number = 0;     // cpu0 to cpu3, d0 to d3
    std::vector<Op> steps;  // a call is two: `split`, then `finish`
};

// How many steps of each thread have been taken, a byte each.
using Positions = uint64_t;
inline int position(Positions all, int thread) { return static_cast<int>(all >> (8 * thread) & 0xff); }
inline Positions advanced(Positions all, int thread) { return all + (Positions{1} << (8 * thread)); }

class Threads {
public:
    // `program` must be valid. CPUs come first, in the order of their numbers, then devices. A call that the program
    // leaves unfinished stays so: its second half is the tidy-up's.
    explicit Threads(const Program& program);

    int size() const { return static_cast<int>(threads_.size()); }
    const Thread& operator[](int thread) const { return threads_[static_cast<size_t>(thread)]; }
    int steps() const { return steps_; }
    int lines() const { return lines_; }  // of a schedule in which no call is interrupted
    int calls() const { return calls_; }  // that can be interrupted
    // The order of the program as it is written.
    const Order& written() const { return written_; }

    bool ended(Positions at, int thread) const {
        return position(at, thread) == static_cast<int>(threads_[static_cast<size_t>(thread)].steps.size());
    }
    bool all_ended(Positions at) const;
    // The step that a thread takes next; it must not have ended.
    const Op& next(Positions at, int thread) const {
        return threads_[static_cast<size_t>(thread)].steps[static_cast<size_t>(position(at, thread))];
    }
    // Is the thread between the two halves of a call?
    bool inside_call(Positions at, int thread) const {
        return !ended(at, thread) && next(at, thread).kind == OpKind::finish;
    }
    // The threads whose next step is possible there, a bit each.
    uint8_t possible(const Scope& scope, Positions at) const;

    // The program of an order, or of the beginning of one: whole calls where the halves follow one another.
    Program program(const Order& order) const;
    // For each operation of that program a name that does not depend on the order.
    std::vector<uint8_t> names(const Order& order) const;

private:
    Thread& thread_of(bool is_device, uint8_t number);
    template <class Visit>
    void walk(const Order& order, Visit visit) const;

    std::vector<Thread> threads_;
    Order written_;
    int steps_ = 0, lines_ = 0, calls_ = 0;
};

}  // namespace dmafuzz
