// SPDX-License-Identifier: GPL-2.0-only
#include "benchmark/bench.hpp"

#include <chrono>
#include <stdexcept>

#include "fuzzing/coverage.hpp"
#include "fuzzing/mutate.hpp"
#include "judge/judge.hpp"

namespace dmafuzz {

namespace {

template <class Do>
double seconds_each(const std::vector<Program>& programs, Do what) {
    auto start = std::chrono::steady_clock::now();
    for (const Program& program : programs) what(program);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
           static_cast<double>(programs.size());
}

std::vector<Program> random_programs(Rng& rng, int ops, int count) {
    std::vector<Program> programs;
    for (int i = 0; i < count; i++) programs.push_back(random_program(rng, ops));
    return programs;
}

}  // namespace

namespace {

Program mapped_in_turn(int times) {
    Program program;
    Op op;
    op.kind = OpKind::alloc;
    op.size = page_bytes;
    program.ops.push_back(op);
    for (int i = 0; i < times; i++) {
        for (OpKind kind : {OpKind::map_page, OpKind::sync_single_for_cpu, OpKind::unmap_page}) {
            op = Op{};
            op.kind = kind;
            op.mapping = static_cast<uint8_t>(i);
            op.direction = Direction::from_device;
            if (kind == OpKind::map_page) op.size = page_bytes;
            program.ops.push_back(op);
        }
    }
    return program;
}

}  // namespace

double clean_hooks_cost(const std::string& name, const Platform& platform, int programs) {
    constexpr size_t calls = 24;
    constexpr int calls_each = 4;  // map, the check of its address, sync, unmap
    auto tracker = make_tracker(name);
    if (!tracker) throw std::invalid_argument("no tracker of that name: " + name);
    Machine machine;
    Run run;
    Watch watch;
    machine.carry_out(mapped_in_turn(static_cast<int>(calls) / calls_each), platform, run);
    run.hooks.resize(calls);  // without the tidy-up's
    tracker->watch(run.hooks, platform, watch, nullptr);
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < programs; i++) tracker->watch(run.hooks, platform, watch, nullptr);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / programs;
}

StageCosts stage_costs(const std::string& name, const Platform& platform, int ops, int count, uint64_t seed) {
    Rng rng(seed);
    StageCosts costs;
    std::vector<Program> programs = random_programs(rng, ops, count);
    for (const Program& p : programs) costs.operations += static_cast<double>(p.ops.size()) / count;
    auto tracker = make_tracker(name);
    if (!tracker) throw std::invalid_argument("no tracker of that name: " + name);
    Machine machine;
    Run run;
    Watch watch;
    Simulator simulator;
    Judge judge(name, {platform});
    Coverage coverage;
    auto& out = costs.seconds;
    out.emplace_back("machine", seconds_each(programs, [&](const Program& p) { machine.carry_out(p, platform, run); }));
    out.emplace_back("and tracker", seconds_each(programs, [&](const Program& p) {
                         machine.carry_out(p, platform, run);
                         tracker->watch(run.hooks, platform, watch, nullptr);
                     }));
    out.emplace_back("and simulator", seconds_each(programs, [&](const Program& p) {
                         machine.carry_out(p, platform, run);
                         tracker->watch(run.hooks, platform, watch, nullptr);
                         simulator.simulate(run, platform);
                     }));
    out.emplace_back("and judge (bare loop)", seconds_each(programs, [&](const Program& p) {
                         judge.start(p);
                         judge.cover(0);
                     }));
    out.emplace_back("and feedback", seconds_each(programs, [&](const Program& p) {
                         coverage.start();
                         judge.start(p);
                         judge.cover(0, &coverage, &coverage);
                         coverage.novel();
                     }));
    out.emplace_back("and mutation", seconds_each(programs, [&](const Program& p) {
                         coverage.start();
                         judge.start(mutate(rng, p, programs[rng.below(static_cast<uint32_t>(programs.size()))], ops));
                         judge.cover(0, &coverage, &coverage);
                         coverage.novel();
                     }));
    return costs;
}

PortfolioCosts portfolio_costs(const std::string& tracker, const std::vector<Platform>& portfolio, int ops, int count,
                               uint64_t seed) {
    Rng rng(seed);
    const std::vector<Program> programs = random_programs(rng, ops, count);
    Judge judge(tracker, portfolio);
    PortfolioCosts costs;
    for (size_t platform = 0; platform < portfolio.size(); platform++)
        costs.one += seconds_each(programs,
                                  [&](const Program& p) {
                                      judge.start(p);
                                      judge.cover(platform);
                                  }) /
                     static_cast<double>(portfolio.size());
    costs.all = seconds_each(programs, [&](const Program& p) {
        judge.start(p);
        for (size_t platform = 0; platform < portfolio.size(); platform++) judge.cover(platform);
    });
    return costs;
}

double seconds_a_program(const std::string& tracker, const Platform& platform, const std::vector<Program>& programs,
                         int rounds) {
    Judge judge(tracker, {platform});
    double seconds = 0;
    for (int round = -1; round < rounds; round++) {
        double each = seconds_each(programs, [&](const Program& p) {
            judge.start(p);
            judge.cover(0);
        });
        if (round >= 0) seconds += each;  // the first one finds nothing in any cache
    }
    return seconds / rounds;
}

}  // namespace dmafuzz
