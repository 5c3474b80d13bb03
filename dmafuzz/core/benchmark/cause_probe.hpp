// SPDX-License-Identifier: GPL-2.0-only
// Known causes looked for while programs are judged, by whichever engine: who needs how many programs, and how long.
#pragma once

#include <string>
#include <vector>

#include "benchmark/distinct.hpp"
#include "benchmark/planted_watch.hpp"
#include "benchmark/signature_log.hpp"
#include "fuzzing/observer.hpp"
#include "fuzzing/rng.hpp"
#include "judge/cause.hpp"

namespace dmafuzz {

// A known cause. A program shows it if it shows label and kind, breaks exactly these rules, and holds the operations of
// the minimal program in that order.
struct Wanted {
    Label label = Label::fn;
    uint8_t kind = 0;
    Rules rules = 0;
    std::vector<OpKind> skeleton;
    std::vector<std::string> platforms;  // only there; none: anywhere
    // Instead of all that: how far a search has come with a planted fault.
    std::string planted = {};
    Stage stage = Stage::reached;
};

// From the names of label, kind and rules; of a planted fault: "planted", the stage, and the fault's name as the only
// rule. Throws std::invalid_argument for an unknown one.
Wanted wanted(const std::string& label, const std::string& kind, const std::vector<std::string>& rules,
              std::vector<OpKind> skeleton, std::vector<std::string> platforms);

inline constexpr size_t wanted_max = 64;

// What has been judged and seen so far: a file, shared with its readers, that outlives the process.
// Times are nanoseconds of the machine's monotonic clock, without what counting and looking have taken (`aside`).
struct Board {
    struct Sighting {
        uint64_t programs;  // judged when it was first seen; 0: not yet
        int64_t at;
    };
    uint64_t programs;
    uint64_t operations;
    int64_t first;  // the first program's beginning
    int64_t last;   // the last program's end
    int64_t aside;
    int64_t aside_processor;  // the same in processor time
    Sighting seen[wanted_max];
    DistinctCount distinct;  // programs that differ after renaming, where they are counted
};

// What else is done with what is judged. It takes time, which does not count.
struct Asides {
    bool count_distinct = false;
    std::string signatures;  // a file for SignatureLog; "": none
};

class CauseProbe final : public Observer {
public:
    // Throws std::invalid_argument for too many causes, std::runtime_error if the file cannot be mapped.
    CauseProbe(std::vector<Wanted> causes, const std::string& board, const Asides& asides = {});
    ~CauseProbe() override;
    CauseProbe(const CauseProbe&) = delete;
    CauseProbe& operator=(const CauseProbe&) = delete;

    void observe(Occasion occasion, const Program& program, Judge& judge, size_t platform) override;

private:
    void begin();
    void judged(const Program& program, Judge& judge, size_t platform);
    void look(const Program& program, Judge& judge, size_t platform);
    void look_aside(const Program& program, Judge& judge, size_t platform);
    int64_t time() const;
    bool candidate(const Wanted& cause, const Analysis& analysis) const;
    bool here(const Wanted& cause, const Platform& platform) const;
    bool shown_by(const Wanted& cause, const Program& program, Judge& judge, size_t platform);

    std::vector<Wanted> causes_;
    std::unique_ptr<PlantedWatch> planted_;  // of the fault that is looked for, if one is
    bool count_distinct_;
    std::unique_ptr<SignatureLog> signatures_;
    Board* board_ = nullptr;
};

// The core as others drive it: one program after the other, without feedback.
class Subject {
public:
    Subject(const std::string& tracker, std::vector<Platform> portfolio, Observer& observer);
    void run(const Program& program);

private:
    Judge judge_;
    Observer& observer_;
};

// A program of which every bit is chosen evenly, made valid.
Program uniform_program(Rng& rng, int ops);

// Random programs for that long, uniform or from the engine's own generator; nothing is learnt from them.
void roam(Subject& subject, bool uniform, uint64_t seed, int ops_limit, int milliseconds);

}  // namespace dmafuzz
