// SPDX-License-Identifier: GPL-2.0-only
// The checks between rooms: what does not hold ends the process, and what a run must hold is seen where it does not.
#include "check/check.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "fuzzing/candidate_queue.hpp"
#include "fuzzing/mutate.hpp"
#include "machine/machine.hpp"
#include "run/consistent.hpp"
#include "tests/machines.hpp"
#include "tests/test.hpp"

namespace dmafuzz {

namespace {

#ifdef DMAFUZZ_CHECKS
// In a process of its own, which says nothing.
template <class Do>
bool aborts(Do what) {
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        if (!std::freopen("/dev/null", "w", stderr)) _exit(1);
        what();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
#endif

Run some_run() {
    Machine machine;
    Run run;
    Rng rng(12);
    while (run.pieces.empty() || run.hooks.empty())
        machine.carry_out(random_program(rng, 20), tests::maintained(), run);
    return run;
}

}  // namespace

#ifdef DMAFUZZ_CHECKS
TEST(checks_end_the_process_where_one_does_not_hold) {
    EXPECT(aborts([] { Rng(1).below(0); }));
    EXPECT(aborts([] { CandidateQueue().pop(); }));
    EXPECT(aborts([] { Automaton().set(1'000'000); }));
    EXPECT(aborts([] { Judge("6.12", tests::machines()).judge(99); }));
    EXPECT(aborts([] {
        Program program;
        program.ops.emplace_back().kind = OpKind::finish;
        Run run;
        Machine().carry_out(program, tests::coherent(), run);
    }));
    EXPECT(!aborts([] { Rng(1).below(1); }));
}
#endif

TEST(checks_see_what_a_run_must_not_hold) {
    const Run good = some_run();
    EXPECT(consistent(good));
    auto bad_after = [&](auto change) {
        Run run = good;
        change(run);
        return !consistent(run);
    };
    EXPECT(bad_after([](Run& run) { run.steps.back().op = static_cast<uint8_t>(run.ops.size()); }));
    EXPECT(bad_after(
        [](Run& run) { run.steps.push_back({StepKind::begin, 0, 0, static_cast<uint8_t>(run.pieces.size())}); }));
    EXPECT(bad_after([](Run& run) { run.steps.push_back({StepKind::alloc, 0, buffers_with_stack}); }));
    EXPECT(bad_after([](Run& run) { run.hooks.back().device = devices_max; }));
    EXPECT(bad_after([](Run& run) { run.hooks.back().entry_count = entries_max + 1; }));
    EXPECT(bad_after([](Run& run) { run.hooks.back().mapping = mappings_max; }));
    EXPECT(bad_after([](Run& run) { run.pieces.back().reachable = run.pieces.back().size + 1; }));
    EXPECT(bad_after([](Run& run) { run.program_steps = run.steps.size() + 1; }));
}

}  // namespace dmafuzz
