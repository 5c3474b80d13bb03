// The native loop: mutate, run, judge, look for novelty; in bursts, so that whoever drives it (atheris, or the
// plain loop in Python) stays in charge of time, files and workers.
#pragma once

#include <chrono>
#include <memory>
#include <queue>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "search/coverage.hpp"
#include "search/lookout.hpp"
#include "search/minimise.hpp"
#include "search/mutate.hpp"

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
    size_t leads = 0;    // signatures of short programs not yet minimised
    uint64_t followed = 0;
    AutomatonStats automaton;
};

// What the worker is at, in memory that outlives it: a parent reads there what a dead worker died on.
class FlightRecorder {
  public:
    FlightRecorder() = default;
    ~FlightRecorder();
    FlightRecorder(const FlightRecorder&) = delete;
    FlightRecorder& operator=(const FlightRecorder&) = delete;
    // Throws std::runtime_error if the file cannot be mapped.
    void open(const std::string& path);
    void record(const Program& program);

    // The file: a count that grows, the length, then the records.
    struct Page {
        uint64_t count;
        uint64_t bytes;
        uint8_t records[ops_max * record_bytes];
    };

  private:
    Page* page_ = nullptr;
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
    struct Known {
        Label label;
        uint8_t kind;
        Rules rules;
        std::vector<OpKind> skeleton;
    };

    struct Tried {
        uint8_t times = 0, waiting = 0;
        bool done = false;  // a cause of its own has been found
        PlatformSet platforms;  // where it has been tried, of late
    };
    // The signature of a known cause, but for label and kind.
    struct Settled {
        Rules rules;
        PlatformSet platforms;
    };
    // A signature that a short program shows, to be minimised; those that promise most first.
    struct Lead {
        uint32_t faults;  // rules broken, operations, earlier tries; whether a known cause accounts for it
        uint64_t number;  // of two that promise as much, the older one
        Program program;
        Target target;
        bool operator<(const Lead& other) const { return std::tie(other.faults, other.number) < std::tie(faults, number); }
    };

    struct Parent {
        Program program;
        uint32_t faults;  // rules broken, operations
        uint64_t number;
        bool operator<(const Parent& other) const { return std::tie(other.faults, other.number) < std::tie(faults, number); }
    };

    bool evaluate(const Program& program);
    bool shows_something_rare(const Analysis& a, const Platform& platform);
    void mark_program(const Program& program);
    void mark_verdict(const Analysis& analysis);
    void collect(const Program& program);
    void consider(const Program& program, Target target);
    Rules report(const Program& program, Target target);
    void keep_parent(const Program& minimal, const Target& target);
    bool next_neighbour(Program& program);
    void settle(const Minimised& minimal, const Target& target);
    PlatformSet not_accounted_for(const Shown& shown) const;
    void look_closely(const Program& program);
    void follow_lead();
    bool drop_lines(Program& program, const Target& target);
    bool known(const Program& program, const Target& target) const;
    void keep(const Program& program);
    bool try_child(const Program& child);
    void collect_waiting(bool all);
    void collect_newest();
    Program child_of(const Program* parent);

    Judge judge_;
    Rng rng_;
    int ops_limit_;
    Coverage coverage_;
    std::vector<Program> corpus_;
    std::vector<Program> short_ones_;          // of the corpus, and minimal programs: what larger ones grow out of
    std::vector<Program> minimal_;             // short ones, the first of each signature
    std::vector<Program> novel_;
    std::vector<Finding> findings_;
    std::vector<Known> known_;
    std::vector<Program> waiting_;
    double running_ = 0, collecting_ = 0, following_ = 0;  // seconds
    bool broken_ = false;                      // the tracker, by the program evaluated last
    bool suspect_ = false;                     // it is short, and has something rare that is unexplained or unjustified
    std::vector<uint64_t> suspicions_;         // of that program: kinds of corruptions and warnings
    std::unordered_map<uint64_t, uint8_t> times_seen_;  // of a kind with the rules broken
    std::unordered_set<uint64_t> causes_;      // label, kind, rules, minimal program
    std::priority_queue<Parent> parents_;      // minimal programs whose neighbourhood is still to be gone through
    uint64_t parent_count_ = 0;
    std::vector<Program> neighbours_;          // of the one that is being gone through
    std::unordered_set<uint64_t> shapes_;      // of all that were such parents: signature, program without its sizes
    std::unordered_map<uint64_t, uint8_t> shapes_of_;  // how many of them have a signature
    std::unordered_set<uint64_t> signatures_;  // of known causes: label, kind, rules
    std::unordered_map<uint32_t, std::vector<Settled>> settled_;  // the same, by label and kind
    std::unordered_map<uint64_t, Tried> tried_;  // label, kind, rules, of short programs
    std::priority_queue<Lead> leads_;
    uint64_t lead_count_ = 0;
    EngineStats stats_;
    FlightRecorder recorder_;
    Lookout* lookout_ = nullptr;
};

}  // namespace dmafuzz
