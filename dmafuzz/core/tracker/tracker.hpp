// SPDX-License-Identifier: GPL-2.0-only
// A tracker watches the hook calls of a program and warns. Source: docs/spec/trackers.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/warnings.h"
#include "platform/platform.hpp"
#include "run/hook.hpp"
#include "run/run.hpp"
#include "state/digest.hpp"
#include "tracker/cost.hpp"
#include "tracker/reason.hpp"

namespace dmafuzz {

// By the table of warnings, in the order of the specification's.
enum class WarningId : uint8_t {
#define DMAFUZZ_WARNING(id, core, name, tracker_crash) core,
    DK_WARNINGS(DMAFUZZ_WARNING)
#undef DMAFUZZ_WARNING
        count_,
};
const char* name_of(WarningId id);
// The tracker did not survive: what it says or does not say after that counts for nothing. Of a kernel's own code only.
bool is_tracker_crash(WarningId id);

inline constexpr uint8_t no_op = 0xff;

struct Warning {
    WarningId id = WarningId::unknown;
    uint8_t op = 0;
    uint16_t call = 0;      // index of the hook call
    uint32_t mappings = 0;  // a bit each: named by the call, or owner of an entry it concerns
    // Where it comes from, for explanations
    uint8_t entry_op = no_op;    // the operation that made the entry it concerns
    bool counted = true;         // in dma-debug's error_count
    bool traced = true;          // said by WARN, with a stack trace; else by pr_err or dev_err
    uint32_t line_bytes = 0;     // of a cacheline (or page) it is about; 0: about none
    uint64_t line = 0;           // where that one begins
    const char* text = nullptr;  // of a kernel's own code: its message, as long as the tracker lives
};

// A warning that was not given: what it would have been about, and the rule or exemption that kept it back.
struct MissingWarning {
    Warning warning;
    Reason reason;
};

// What a kernel as shipped makes of a warning.
struct Print {
    bool printed = false;
    bool stops = false;  // with panic_on_warn the machine stops there, and nothing that follows happens
};
// All of a run, in the order in which they came. `shown`: counted errors that are printed (num_errors).
std::vector<Print> as_printed(const std::vector<Warning>& warnings, uint32_t shown);

// The mappings that a device still had entries for when it was unbound.
struct Left {
    uint8_t op;
    uint32_t mappings;
};

struct Watch {
    Features features_read = 0;  // of the platform, besides what the hook calls say
    std::vector<Warning> warnings;
    std::vector<Left> left;
    bool explained = false;                        // `missing_warnings` is complete
    std::vector<MissingWarning> missing_warnings;  // only where it is asked for
    void clear() {
        features_read = 0;
        warnings.clear();
        left.clear();
        explained = false;
        missing_warnings.clear();
    }
};

// A live entry of dma-debug.
struct TrackedEntry {
    uint8_t mapping = no_mapping;  // whose it is, if the program names one
    uint8_t op = no_op;            // the operation that made it
    uint8_t device = 0;
    uint64_t dma = 0, phys = 0, size = 0;  // addresses; bytes
    Direction direction = Direction::bidirectional;
    const char* type = "";   // as dma-debug's messages have it
    bool active = false;     // its cachelines are among the active ones
    bool unchecked = false;  // dma_mapping_error() is still to be called
};

// Where feedback goes: the paths a tracker takes.
class PathSink {
public:
    virtual ~PathSink() = default;
    virtual void path(uint64_t hash) = 0;
};

class Tracker {
public:
    virtual ~Tracker() = default;
    virtual void watch(const std::vector<HookCall>& calls, const Platform& platform, Watch& out,
                       PathSink* sink = nullptr) = 0;
    // The same, with missing warnings, by trackers that know them; what goes on is equal in all else.
    virtual void explain(const std::vector<HookCall>& calls, const Platform& platform, Watch& out) {
        watch(calls, platform, out);
    }
    // The same; `state` becomes that of the tracker after the first `count` calls. Where it cannot be looked into, the
    // hook calls stand for it.
    virtual void watch_with_state(const std::vector<HookCall>& calls, size_t count, const Platform& platform,
                                  Watch& out, Digest& state);
    // The entries that are live after the first `count` calls, in order of their maps; false: it cannot be looked into.
    virtual bool entries(const std::vector<HookCall>&, size_t, const Platform&, std::vector<TrackedEntry>&) {
        return false;
    }
    // What the last watch has cost; false: not known.
    virtual bool cost(Cost&) const { return false; }
    // How many counted errors it prints unless told otherwise: num_errors, which has been 1 in every kernel so far.
    virtual uint32_t shown() const { return 1; }
};

// A tracker that is built in.
struct TrackerFacts {
    std::string name;
    std::string kind;  // era, proposal, canary
    int year;          // 0: of no time
    std::string changed;
    std::string base;  // of a proposal: the era that it changes
    bool vendor;       // of one distribution: its number stands for no other kernel
};
// Newest era first, then the proposals, then the canaries.
std::vector<TrackerFacts> trackers();
// By name; or of a library built by dmafuzz.kernel: `kernel:PATH`, or `kernel@ERA:PATH`, which takes its reasons from
// that era's model wherever the two agree. Nothing for an unknown name.
std::unique_ptr<Tracker> make_tracker(const std::string& name);

}  // namespace dmafuzz
