// The native loop: mutate, run, judge, look for novelty; in bursts, so that whoever drives it (atheris, or the
// plain loop in Python) stays in charge of time, files and workers.
#pragma once

#include <chrono>
#include <string>
#include <unordered_set>

#include "fuzzing/coverage.hpp"
#include "fuzzing/flight_recorder.hpp"
#include "fuzzing/known_causes.hpp"
#include "fuzzing/leads.hpp"
#include "fuzzing/lookout.hpp"
#include "fuzzing/minimise.hpp"
#include "fuzzing/mutate.hpp"
#include "fuzzing/neighbours.hpp"
#include "fuzzing/rarity.hpp"

namespace dmafuzz {

// A finding, minimised.
struct Finding {
    Target target;
    Program program;   // minimal
    Program original;  // where it was found
};

struct EngineStats {
    uint64_t programs = 0;
    uint64_t operations = 0;
    uint64_t novel = 0;
    uint64_t minimised = 0;
    size_t corpus = 0;
    size_t coverage = 0;
    size_t waiting = 0;  // novel programs not yet judged on the whole portfolio
    size_t leads = 0;    // what short programs show and has not been followed, a signature twice at most
    uint64_t followed = 0;
    AutomatonStats automaton;
};

// Where a program is judged first: by the program alone, so that it replays.
size_t platform_of(const Program& program, size_t platforms);

class Engine {
  public:
    Engine(const std::string& tracker, std::vector<Platform> portfolio, uint64_t seed, int ops_limit);

    // Adds a program that somebody else found (a corpus file); true if it shows anything new.
    bool add(const Program& program);

    // Runs up to `children` mutants, each to its end, and at most about `milliseconds`; how many were novel.
    int burst(int children, int milliseconds);
    // The novel programs since the last call, but for those that were added.
    std::vector<Program> take_novel();
    // The same for libFuzzer: returns the last novel child, else the last one tried. Handing over every one of them
    // would cost more than finding it.
    Program novel_child(const Program& parent, int children, int milliseconds, uint64_t seed);

    // Runs one program for its marks in the coverage map; true if they are new to this engine.
    bool run(const Program& program);

    // `finish`: those that wait to be judged on the whole portfolio as well, however long that takes.
    std::vector<Finding> take_findings(bool finish);
    EngineStats stats() const;
    Judge& judge() { return judge_; }
    FlightRecorder& recorder() { return recorder_; }
    // Shows all that is judged from now on to `lookout`, which must outlive the engine.
    void look_with(Lookout* lookout) { lookout_ = lookout; }
    const std::vector<Program>& corpus() const { return corpus_; }

  private:
    using Clock = std::chrono::steady_clock;
    bool evaluate(const Program& program);
    void mark_program(const Program& program);
    void mark_verdict(const Analysis& analysis);
    void collect(const Program& program);
    void consider(const Program& program, Target target);
    Target report(const Program& program, Target target);
    void keep_short(const Program& program);
    void grow_from(const Program& minimal, const Target& target);
    void look_closely(const Program& program);
    void follow_lead();
    PlatformSet needs_all_lines(Program& program, const Shown& shown);
    void keep(const Program& program);
    bool try_child(const Program& child);
    bool shows_something_rare(const Program& evaluated);
    void collect_waiting(bool all);
    void collect_newest();
    Program child_of(const Program* parent);

    Judge judge_;
    Rng rng_;
    int ops_limit_;
    Coverage coverage_;
    std::vector<Program> corpus_;
    std::vector<Program> short_ones_;          // of the corpus, of leads, and minimal ones: what larger ones grow out of
    std::vector<Program> minimal_;             // short ones, the first of each signature
    std::unordered_set<uint64_t> signatures_;  // of `minimal_`
    Neighbourhoods neighbourhoods_;
    std::vector<Program> novel_;
    std::vector<Finding> findings_;
    KnownCauses known_;
    std::vector<Program> waiting_;
    double running_ = 0, collecting_ = 0, following_ = 0;  // seconds
    bool broken_ = false;                      // the tracker, by the program evaluated last
    Rarity rarity_;
    Leads leads_;
    EngineStats stats_;
    FlightRecorder recorder_;
    Lookout* lookout_ = nullptr;
};

}  // namespace dmafuzz
