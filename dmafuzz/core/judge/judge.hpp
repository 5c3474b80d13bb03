// SPDX-License-Identifier: GPL-2.0-only
// The judge: compares a tracker's warnings with what can go wrong, on every platform of a portfolio.
// Source: docs/spec/verdicts.md.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "coherency/simulator.hpp"
#include "judge/monitor.hpp"
#include "judge/outcome.hpp"
#include "judge/covering.hpp"
#include "machine/machine.hpp"
#include "tracker/tracker.hpp"

namespace dmafuzz {

struct Moment;  // coherency/behaviour.hpp

struct JudgedWarning {
    Warning warning;
    Justification justification = Justification::false_positive;
    uint8_t platform = 0;  // hazard: where what it covers is corrupt
};

// All that is known of one program on one platform.
struct Analysis {
    Run run;
    Watch watch;
    std::vector<Corruption> corruptions;
    std::vector<Harm> harms;
    size_t simulated_harms = 0;        // the first of them; the others are leaks
    std::vector<bool> justified_here;  // by warning
    bool covered = false;
    Places places;
    Footprint corrupt;             // all corruptions
    HarmFootprint harmed, oopsed;  // all harms that can justify a warning; the kernel's own faults among them
    bool places_known = false, corrupt_known = false, harmed_known = false;
    std::vector<JudgedWarning> warnings;
    Labels labels = 0;
    Digest machine, tracker, memory;  // their states before the tidy-up, where they are kept
    Features features_read = 0;       // of the platform, by the simulator; by others: see there
    Features features_read_by_all() const { return run.features_read | watch.features_read | features_read; }
    // Has the tracker broken down?
    bool broken() const { return !watch.warnings.empty() && is_tracker_crash(watch.warnings.back().id); }
};

class Judge {
public:
    // `portfolio`: the platforms whose corruption justifies a warning.
    Judge(const std::string& tracker, std::vector<Platform> portfolio);
    Judge(std::unique_ptr<Tracker> tracker, std::vector<Platform> portfolio);

    size_t platforms() const { return platforms_.size(); }
    const Platform& platform(size_t i) const { return platforms_[i]; }

    // Programs carried out so far, on whatever platform: a measure of work that is the same on every machine.
    uint64_t carried_out() const { return carried_out_; }

    // From now on machine and simulator run in `other` only: it has the same platforms, keeps states if this one does,
    // and is started with the same programs, first. A second tracker then costs little more than itself.
    void take_runs_from(Judge& other) { runs_ = &other; }

    // Forgets the program judged before.
    void start(const Program& program);
    // Runs machine, tracker and simulator on one platform, once. On platforms with an equivalent run, its analysis
    // is the same one.
    const Analysis& analyse(size_t platform, TransitionSink* transitions = nullptr, PathSink* paths = nullptr);
    // What the warnings explain on this platform alone: fills Corruption::explained and `justified_here`.
    const Analysis& cover(size_t platform, TransitionSink* transitions = nullptr, PathSink* paths = nullptr);
    // The labels on one platform; looks at others only as far as a warning needs it.
    const Analysis& judge(size_t platform);

    // Does the warning, of that platform, cover the corruption there?
    bool covers(size_t platform, const Warning& warning, const Corruption& corruption);
    // Of a warning that nothing justifies there: has it that justification? Asks no more platforms than it takes.
    bool has_justification(const Warning& warning, size_t platform, Justification justification);
    // What the contract's rules say of the program there. Runs that are the same to them are watched once.
    const ContractCheck& contract(size_t platform);
    Rules rules(size_t platform) { return contract(platform).broken; }
    // Of a corruption on that platform that no warning explains: why the tracker is silent.
    Reason reason(size_t platform, const Corruption& corruption);
    // Of a warning there: what the entry that it looked at has to do with the call.
    Reason reason(size_t platform, const Warning& warning);
    // All missing warnings of the tracker there.
    const Watch& missing_warnings(size_t platform);

    // From the next program on, memory that nothing maps holds nothing that matters (mapped_only.hpp).
    void judge_mapped_memory_only() { mapped_memory_only_ = true; }

    // Whether the states that programs leave are kept, from the next program on.
    void keep_states(bool keep = true) { keeps_states_ = keep; }
    // All that can still make a difference when the program has ended and its tidy-up has not begun: the states of
    // machine, tracker, memory and contract monitor, and what has been seen so far. Two programs of the same state have
    // the same results from there on, whatever comes. `names`: of each operation, for what warnings cover; operations
    // without one (`no_name`) are those that no warning is going to be about. Needs keep_states.
    static constexpr uint8_t no_name = 0xff;
    Digest state(size_t platform, const std::vector<uint8_t>& names);

    // Of two platforms that have been analysed: is the second one's outcome, as it has been asked for, that of the
    // first as well? But for the rules.
    bool same_outcome(size_t platform, size_t known) const;
    // The program's result on one platform, but for the rules that it breaks.
    Outcome outcome(size_t platform, const std::vector<uint8_t>& names);

    // What the program costs the tracker there, if it can say. Runs it once more, without the tidy-up's unbinds: they
    // take the lock of each bucket, once in a device's life, and would hide all the rest.
    std::optional<Cost> cost(size_t platform);

    // What a kernel as shipped makes of each warning of an analysis of ours.
    std::vector<Print> prints(const Analysis& analysis) const {
        return as_printed(analysis.watch.warnings, tracker_->shown());
    }

    const Simulator& simulator() const { return simulator_; }
    // A walk of its own, with everything written down, for witnesses.
    void retrace(size_t platform, std::vector<Trace>& traces, Simulator& simulator);
    // A shortest behaviour that reaches a corruption there; nothing if looking for one takes too long.
    std::vector<Moment> behaviour(size_t platform, const Corruption& corruption);
    // The tracker's live entries after each operation; nothing of a tracker that cannot be looked into.
    std::vector<std::vector<TrackedEntry>> entries(size_t platform);

private:
    const Places& places(size_t platform);
    const Footprint& corrupt_footprint(size_t platform);
    const Analysis& find_harms(size_t platform);
    Justification justification_elsewhere(const Claim& claim, size_t platform, uint8_t& elsewhere);
    bool corrupt_elsewhere(const Claim& claim, size_t platform);
    bool in_oops(const Claim& claim, size_t platform);
    void add_leaks(Analysis& analysis) const;
    void run(size_t platform, TransitionSink* transitions, PathSink* paths);
    void watch(size_t platform, PathSink* paths);
    void simulate(size_t platform, TransitionSink* transitions, bool shares_beginning);
    void add_observations(size_t platform, const std::vector<uint8_t>& names, Digest& into);
    bool reuse(size_t platform);
    bool reuse_watch(size_t platform);
    bool reuse_simulation(size_t platform);
    Analysis& analysis(size_t platform) { return analyses_[done_by_[platform]]; }
    Features differing(size_t a, size_t b) const { return differing_[a * platforms_.size() + b]; }

    // What programs that differ in their last operation have in common, on one platform.
    struct Common {
        uint64_t of = 0;  // which beginning; 0: of none
        Beginning run;
        Simulator::KeptMemory memory;
    };
    bool carry_out(size_t platform);

    std::unique_ptr<Tracker> tracker_;
    std::vector<Platform> platforms_;
    std::vector<Analysis> analyses_;
    std::vector<size_t> done_by_;      // by platform: the platform whose analysis it shares; no_platform: none yet
    std::vector<size_t> order_;        // those that have one of their own, in order
    std::vector<Features> differing_;  // by pairs of platforms
    // By platform: the contract asks less of it than an analysis does, and other things.
    std::vector<ContractCheck> contracts_;
    std::vector<size_t> contract_by_;         // whose contract check it shares
    std::vector<size_t> order_of_contracts_;  // those that were worked out
    std::vector<Claim> claims_;               // of the warnings at work
    std::vector<Watch> missing_;              // by platform: warnings and missing warnings, where they were needed
    std::vector<bool> missing_known_;
    std::vector<size_t> order_of_missing_;  // those that were worked out
    std::vector<size_t> corrupt_lately_;    // platforms, those first where warnings covered corruption last
    bool keeps_states_ = false;
    uint64_t carried_out_ = 0;
    bool mapped_memory_only_ = false;
    Judge* runs_ = nullptr;  // whose runs it takes
    Program program_;
    uint64_t beginning_ = 0;         // of the program, but for its last operation: by number
    bool beginning_shared_ = false;  // with the program before
    std::vector<Common> common_;     // by platform
    Machine machine_;
    Simulator simulator_;
    Monitor monitor_;
};

}  // namespace dmafuzz
