// SPDX-License-Identifier: GPL-2.0-only
// The native loop: mutate, run, judge, look for novelty; in bursts, so that its driver (atheris, or the
// plain loop in Python) stays in charge of time, files and workers.
#pragma once

#include <string>

#include "fuzzing/evaluator.hpp"
#include "fuzzing/generator.hpp"
#include "fuzzing/candidate_minimizer.hpp"
#include "fuzzing/judged_programs.hpp"
#include "fuzzing/reporter.hpp"
#include "fuzzing/time_shares.hpp"
#include "fuzzing/triage.hpp"

namespace dmafuzz {

struct EngineStats {
    uint64_t programs = 0;
    uint64_t operations = 0;
    uint64_t repeated = 0;  // programs that had been judged before, but for their names, and were not judged again
    uint64_t novel = 0;
    uint64_t minimized = 0;
    size_t corpus = 0;
    size_t coverage = 0;
    size_t waiting = 0;     // novel programs not yet judged on the whole portfolio
    size_t candidates = 0;  // what short programs show and has not been followed, a signature twice at most
    uint64_t followed = 0;
    AutomatonStats automaton;
};

class Engine {
public:
    // `repeatable`: the same seed and calls give the same programs and findings; the shares of its work are not timed.
    // `part` of `parts` engines that share what all of them would go through in order (Enumeration).
    Engine(const std::string& tracker, std::vector<Platform> portfolio, uint64_t seed, int ops_limit,
           bool repeatable = false, uint32_t part = 0, uint32_t parts = 1);
    // Its parts know each other.
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Adds a program that another worker found (a corpus file); true if it shows anything new.
    bool add(const Program& program);

    // Runs up to `children` mutants, each to its end, and at most about `milliseconds`, unless it is
    // repeatable; how many were novel.
    int burst(int children, int milliseconds);
    // The novel programs since the last call, but for those that were added.
    std::vector<Program> take_novel();
    // The same for libFuzzer: returns the last novel child, else the last one tried. Handing over every one of them
    // would cost more than finding it.
    Program novel_child(const Program& parent, int children, int milliseconds, uint64_t seed);

    // Runs one program for its marks in the coverage map; true if they are new to this engine.
    bool run(const Program& program) { return evaluator_.evaluate(program); }

    // `finish`: those that wait to be judged on the whole portfolio as well, however long that takes.
    std::vector<Finding> take_findings(bool finish);
    EngineStats stats() const;
    const Judge& judge() const { return judge_; }
    CurrentInput& recorder() { return evaluator_.recorder(); }
    const std::shared_ptr<CoverageMap>& coverage_map() const { return evaluator_.coverage().map(); }
    // Shows all that is judged from now on to `observer`, which must outlive the engine.
    void observe_with(Observer* observer) { observer_.to(observer); }

private:
    bool try_child(const Program& child);
    bool is_new(const Program& child);
    void keep(const Program& program);
    void take_newest();
    void work_off_some();

    Judge judge_;
    bool repeatable_;
    Rng rng_;
    Relay observer_;
    Evaluator evaluator_;
    JudgedPrograms judged_;
    Generator generator_;
    Reporter reporter_;
    TriageQueue triage_;
    CandidateMinimizer candidates_;
    TimeShares time_;
    std::vector<Program> novel_;  // children, for `take_novel`
    uint64_t novel_programs_ = 0, repeated_ = 0;
    uint32_t repeated_in_a_row_ = 0;
};

}  // namespace dmafuzz
