// SPDX-License-Identifier: GPL-2.0-only
#include "schedule/threads.hpp"

#include <algorithm>

namespace dmafuzz {

Threads::Threads(const Program& program) {
    std::array<uint8_t, mappings_max> device_of{};
    for (const Op& op : program.ops) {
        if (traits(op.kind).defines_mapping) device_of[op.mapping] = op.device;
        bool device = is_device_access(op.kind);
        thread_of(device, device ? device_of[op.mapping] : op.cpu);
    }
    std::sort(threads_.begin(), threads_.end(), [](const Thread& a, const Thread& b) {
        return a.is_device != b.is_device ? b.is_device : a.number < b.number;
    });
    auto add = [&](Thread& thread, const Op& op) {
        thread.steps.push_back(op);
        written_.push_back(static_cast<uint8_t>(&thread - threads_.data()));
        steps_++;
        lines_ += op.kind != OpKind::finish;
        calls_ += op.kind == OpKind::finish;
    };
    for (const Op& op : program.ops) {
        bool device = is_device_access(op.kind);
        Thread& thread = thread_of(device, device ? device_of[op.mapping] : op.cpu);
        bool whole = traits(op.kind).is_call && !op.split;
        Op first = op;
        first.split |= whole;
        add(thread, first);
        if (!whole) continue;
        Op second;
        second.kind = OpKind::finish;
        second.cpu = op.cpu;
        add(thread, second);
    }
}

Thread& Threads::thread_of(bool is_device, uint8_t number) {
    for (Thread& thread : threads_)
        if (thread.is_device == is_device && thread.number == number) return thread;
    threads_.push_back({is_device, number, {}});
    return threads_.back();
}

bool Threads::all_ended(Positions at) const {
    for (int t = 0; t < size(); t++)
        if (!ended(at, t)) return false;
    return true;
}

uint8_t Threads::possible(const Scope& scope, Positions at) const {
    uint8_t threads = 0;
    for (int t = 0; t < size(); t++)
        if (!ended(at, t) && !scope.check(next(at, t))) threads |= static_cast<uint8_t>(1u << t);
    return threads;
}

// Gives `take` each operation of the order's program, and its name: the number of its first step, thread by thread.
template <class Visit>
void Threads::walk(const Order& order, Visit visit) const {
    std::array<size_t, threads_max> base{};
    for (size_t t = 1; t < threads_.size(); t++) base[t] = base[t - 1] + threads_[t - 1].steps.size();
    Positions at = 0;
    for (size_t i = 0; i < order.size(); i++) {
        int thread = order[i];
        Op op = next(at, thread);
        auto name = static_cast<uint8_t>(base[order[i]] + static_cast<size_t>(position(at, thread)));
        at = advanced(at, thread);
        if (op.split && inside_call(at, thread) && i + 1 < order.size() && order[i + 1] == order[i]) {
            op.split = false;
            at = advanced(at, thread);
            i++;
        }
        visit(op, name);
    }
}

Program Threads::program(const Order& order) const {
    Program program;
    walk(order, [&](const Op& op, uint8_t) { program.ops.push_back(op); });
    return program;
}

std::vector<uint8_t> Threads::names(const Order& order) const {
    std::vector<uint8_t> names;
    walk(order, [&](const Op&, uint8_t name) { names.push_back(name); });
    return names;
}

}  // namespace dmafuzz
