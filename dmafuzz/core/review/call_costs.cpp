// SPDX-License-Identifier: GPL-2.0-only
#include "review/call_costs.hpp"

#include <stdexcept>

#include "machine/machine.hpp"

namespace dmafuzz {

namespace {

void add_difference(Cost& to, const Cost& after, const Cost& before) {
    to.bucket_locks += after.bucket_locks - before.bucket_locks;
    to.tree_locks += after.tree_locks - before.tree_locks;
    to.pool_locks += after.pool_locks - before.pool_locks;
    to.other_locks += after.other_locks - before.other_locks;
    to.lookup_steps += after.lookup_steps - before.lookup_steps;
    to.tree_operations += after.tree_operations - before.tree_operations;
    to.lockless_operations += after.lockless_operations - before.lockless_operations;
}

}  // namespace

// What a call costs is what its program costs with it, less what it costs up to it.
CallCosts call_costs(const std::string& tracker, const std::vector<Program>& programs, const Platform& platform) {
    const std::unique_ptr<Tracker> asked = make_tracker(tracker);
    if (!asked) throw std::invalid_argument("no tracker of that name: " + tracker);
    CallCosts out{};
    Machine machine;
    Run run;
    Watch watch;
    std::vector<HookCall> calls;
    for (const Program& program : programs) {
        machine.carry_out(program, platform, run);
        calls.clear();
        Cost before;
        for (const HookCall& call : run.hooks) {
            calls.push_back(call);
            asked->watch(calls, platform, watch, nullptr);
            Cost after;
            if (!asked->cost(after) || (!watch.warnings.empty() && is_tracker_crash(watch.warnings.back().id))) break;
            CallCost& of_kind = out[static_cast<size_t>(call.kind)];
            of_kind.calls++;
            add_difference(of_kind.cost, after, before);
            before = after;
        }
    }
    return out;
}

}  // namespace dmafuzz
