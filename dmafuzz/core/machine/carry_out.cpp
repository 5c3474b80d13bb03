// SPDX-License-Identifier: GPL-2.0-only
// A run from its start to its end, and from where another one has been kept.
#include "check/check.hpp"
#include "machine/machine.hpp"
#include "program/scope.hpp"
#include "run/consistent.hpp"

namespace dmafuzz {

void Machine::start(const Program& program, const Platform& platform, Run& run) {
    platform_.start(platform);
    program_ = &program;
    run_ = &run;
    run.clear();
    memory_.reset(platform_);
    if (slots_used_) slots_.reset();
    for (size_t i = 0; i < iovas_.size(); i++)
        if (iovas_used_ >> i & 1) iovas_[i].reset();
    slots_used_ = stopped_ = tidying_up_ = false;
    iovas_used_ = 0;
    waiting_.clear();
    has_pending_.fill(false);
    irqs_off_.fill(false);
    lists_.clear();
    named_.clear();
    latest_ = {};
    mappings_end_ = devices_seen_ = 0;
    made_.clear();
    named_devices_.clear();
}

void Machine::back_to(const Beginning& kept, const Platform& platform) {
    const Machine& was = kept.machine;
    platform_.start(platform, was.platform_.features_read());
    run_->back_to(kept.run);
    memory_.back_to(was.memory_, platform_);
    if (slots_used_ || was.slots_used_) slots_ = was.slots_;
    for (size_t i = 0; i < iovas_.size(); i++)
        if ((iovas_used_ | was.iovas_used_) >> i & 1) iovas_[i] = was.iovas_[i];
    slots_used_ = was.slots_used_;
    iovas_used_ = was.iovas_used_;
    stopped_ = was.stopped_;
    tidying_up_ = false;
    waiting_ = was.waiting_;
    allocated_with_irqs_on_ = was.allocated_with_irqs_on_;
    unmapped_ = was.unmapped_;
    allocated_for_ = was.allocated_for_;
    for (size_t cpu = 0; cpu < cpus_max; cpu++)
        if (was.has_pending_[cpu]) pending_[cpu] = was.pending_[cpu];
    has_pending_ = was.has_pending_;
    irqs_off_ = was.irqs_off_;
    lists_ = was.lists_;
    named_ = was.named_;
    latest_ = was.latest_;
    mappings_end_ = was.mappings_end_;
    devices_seen_ = was.devices_seen_;
    made_ = was.made_;
    named_devices_ = was.named_devices_;
}

void Machine::carry_out_lines(size_t from, size_t to) {
    for (size_t i = from; i < to; i++) carry_out_line(program_->ops[i], static_cast<uint8_t>(i));
}

void Machine::end_run(Digest* state) {
    run_->program_ops = static_cast<int>(program_->ops.size());
    run_->program_steps = run_->steps.size();
    run_->program_hooks = run_->hooks.size();
    if (state) digest(*state);
    tidy_up();
    collect_ranges();
    run_->features_read = platform_.features_read();
    DMAFUZZ_CHECK(consistent(*run_));
}

void Machine::carry_out(const Program& program, const Platform& platform, Run& run, Digest* state, Beginning* keep) {
    DMAFUZZ_CHECK(!check(program));
    start(program, platform, run);
    size_t done = 0;
    if (keep && !program.ops.empty()) {
        done = program.ops.size() - 1;
        carry_out_lines(0, done);
        keep->machine = *this;
        run.mark(keep->run);
    }
    carry_out_lines(done, program.ops.size());
    end_run(state);
}

void Machine::go_on(const Beginning& kept, const Program& program, const Platform& platform, Run& run, Digest* state) {
    DMAFUZZ_CHECK(!check(program) && kept.run.ops + 1 == program.ops.size());
    program_ = &program;
    run_ = &run;
    back_to(kept, platform);
    carry_out_lines(kept.run.ops, program.ops.size());
    end_run(state);
}

}  // namespace dmafuzz
