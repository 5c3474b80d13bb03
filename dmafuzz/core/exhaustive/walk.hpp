// SPDX-License-Identifier: GPL-2.0-only
// The walk through all programs up to some length: layer by layer, through the product of the states of machine,
// tracker, memory and contract monitor on all platforms. Programs that have come to equal states on every platform are
// one from there on, with a count. Source: docs/spec/verdicts.md §6 (Minimal).
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "exhaustive/changes.hpp"
#include "exhaustive/layer.hpp"
#include "program/order.hpp"
#include "exhaustive/verdicts.hpp"
#include "judge/judge.hpp"

namespace dmafuzz {

// Where in the order of the alphabet a program is; of two of the same size the first one counts. Nothing but the
// program decides: not what it was merged with, and not the part of the walk in which it was met.
struct Place {
    uint64_t rank = 0;      // of the joint state's program and the letter after it: `rank_after`
    bool mirrored = false;  // with the devices exchanged
    size_t joint = 0;
    auto operator<=>(const Place&) const = default;
    uint16_t letter() const { return static_cast<uint16_t>(rank); }
};

// The smallest program that shows a thing on each of some platforms.
struct Smallest {
    Order order;
    std::vector<uint16_t> letters;  // each by its place among those that can follow
    bool mirrored;                  // with the devices exchanged
    Program program;
    PlatformSet platforms;
};

// Programs that show the same thing: how many, where, and the smallest for each platform: what is lost in the same way
// on paper may come from something else on another machine.
struct Cause {
    Signature signature;
    uint64_t count = 0;
    std::vector<uint64_t> on_platform;  // of these, those that show it there
    std::vector<Smallest> smallest;
};

struct Harvest {
    uint64_t programs = 0;
    std::vector<std::array<uint64_t, static_cast<size_t>(Label::count_)>>
        labels;  // by platform: programs with that label
    std::vector<Cause> causes;
};

// What two trackers make of the same programs.
struct SideBySide {
    struct Changed {
        bool gained;  // shown by the second tracker alone; else by the first alone
        Cause cause;
    };
    using Moves = std::map<std::pair<Labels, Labels>, uint64_t>;

    Harvest first, second;
    std::vector<Changed> changes;
    std::vector<Moves> moves;  // by platform: programs by their labels on the first tracker and on the second
};

class Walk {
public:
    // `beside`: a second tracker, so that states are those of both; "": none.
    Walk(const std::string& tracker, std::vector<Platform> portfolio, int cpus, int devices,
         const std::string& beside = "");
    // One that begins with a part of another one's last layer, from `from` up to `to`, and goes on by itself: programs
    // are merged inside the part only, and nothing of it depends on other parts. The other one has to outlive it, and
    // must not grow meanwhile.
    Walk(const Walk& before, size_t from, size_t to);

    const std::string& tracker() const { return tracker_; }
    const std::string& beside() const { return beside_; }
    size_t platforms() const { return platforms_; }
    // The portfolio, then each platform that tells the two devices apart once more, with its devices exchanged.
    // Programs are walked with d0 as the first device named; the same program with the devices exchanged has the same
    // result on the others.
    const std::vector<Platform>& machines() const { return machines_; }
    // Where among the machines a platform stands, for programs with the devices exchanged.
    const std::vector<size_t>& mirrored() const { return mirrored_; }
    // Are there programs that differ from one walked in the names of the devices alone?
    bool has_mirror(uint32_t devices_named) const { return machines_.size() > platforms_ && devices_named != 0; }
    const Contexts& contexts() const { return contexts_; }

    // The last layer: of programs of `length()` operations.
    size_t length() const { return (before_ ? before_->length() : 0) + layers_.size() - 1; }
    const Layer& last() const { return layers_.back(); }
    // How many pairs of a state, from `from` up to `to` of the last layer, and a letter there are.
    uint64_t pairs(size_t from, size_t to) const;
    // How many programs of one more operation they stand for.
    uint64_t programs_after(size_t from, size_t to) const;
    Program program(size_t joint) const;
    // The same program, each letter by its place among those that can follow.
    std::vector<uint16_t> letters(size_t joint) const;
    // Names of its operations, for warnings (Judge::state).
    std::vector<uint8_t> names(size_t joint) const;

    // The layer to come, while it is made.
    Layer& next() { return next_; }
    uint32_t state(size_t platform, const Digest& digest);
    Contexts::Id context(const Context& context) { return contexts_.id(context); }
    // The next layer is complete, and becomes the last.
    void turn();

private:
    // From the last operation of a program to its first: the contexts before it, and what follows there.
    struct Step {
        const Contexts* contexts;
        Contexts::Id context;
        const Joint* joint;
    };
    std::vector<Step> steps_back(size_t joint) const;

    const Walk* before_ = nullptr;
    std::string tracker_, beside_;
    size_t platforms_;
    std::vector<Platform> machines_;
    std::vector<size_t> mirrored_;
    Contexts contexts_;
    std::vector<Layer> layers_;
    Layer next_;
    std::vector<std::unordered_map<Digest, uint32_t, DigestHash>> states_;  // of the layer to come, by platform
};

// Carries out and judges what follows some part of a walk's last layer. Several may work on one walk at once, but for
// those that make the next layer.
class Expander {
public:
    explicit Expander(const Walk& walk);
    Expander(const Expander&) = delete;
    Expander& operator=(const Expander&) = delete;

    void survey(size_t from, size_t to) { expand(from, to, nullptr); }
    // Surveys, and adds what follows to the walk's next layer.
    void extend(Walk& walk, size_t from, size_t to) { expand(from, to, &walk); }
    // What has been found since the last harvest. On a walk with two trackers: of both.
    Harvest harvest();
    SideBySide harvest_both();
    uint64_t carried_out() const { return carried_out_; }  // programs on a platform, rather than looked up

private:
    static constexpr uint32_t unknown = 0xffffffff;

    // What one letter makes of one state of one machine.
    struct Transition {
        Verdicts::Id outcomes[2] = {unknown, unknown};  // the second one: of the tracker beside
        Changes::Id turned = 0;                         // corruptions that only one of the two explains
        bool warned = false;
        uint32_t next[2] = {unknown, unknown};  // without and with a name for the operation
    };
    struct VerdictTotal {
        uint64_t count = 0;
        Order order;
        Place place;
        bool before(const VerdictTotal& other) const {
            return std::tie(order, place) < std::tie(other.order, other.place);
        }
    };

    // The verdicts of one program on the tracker and on the one beside it, and what changes between them.
    struct Pair {
        std::array<Verdicts::Id, 2> verdicts;
        Changes::Id changes;
        bool operator==(const Pair&) const = default;
    };
    // Of one program, by machine or platform: of each tracker, and between them.
    struct Outcomes {
        std::array<std::vector<Verdicts::Id>, 2> of;
        std::vector<Changes::Id> turned;
    };
    // A cause while it is gathered: of each platform, the programs, and the total with its smallest one.
    struct Gathered {
        Signature signature;
        uint64_t count = 0;
        std::vector<uint64_t> on_platform;
        std::vector<const VerdictTotal*> best;
    };
    // By their signatures.
    struct Gathering {
        std::vector<Gathered> causes;
        std::unordered_map<uint64_t, size_t> places;
    };

    Smallest smallest_of(const VerdictTotal& total) const;
    void gather(Gathering& causes, const Signature& shown, const VerdictTotal& total) const;
    Cause settle(const Gathered& gathered) const;
    Harvest harvest_of(size_t tracker) const;
    size_t pair_of(const Outcomes& outcomes);
    Digest state(size_t platform);
    size_t trackers() const { return judges_.size(); }
    void expand(size_t from, size_t to, Walk* growing);
    void enter(size_t joint, bool growing);
    void start_at(size_t joint);
    void visit(size_t letter, Walk* growing);
    void carry_out(size_t letter);
    Verdicts::Id outcome(size_t tracker, size_t platform, size_t letter);
    void write_down(size_t pair, const Op& op, const Place& place);
    void grow(Walk& walk, size_t letter, bool named);
    void start(const Op& op);
    Order order_with(const Op& op) const;
    Transition& transition(size_t platform, size_t letter) { return rows_[row_[platform] + letter]; }

    const Walk& walk_;
    std::vector<std::unique_ptr<Judge>> judges_;  // one, or two that share their runs
    Verdicts verdicts_;
    Changes changes_;
    std::vector<Pair> pairs_;
    std::unordered_map<Digest, size_t, DigestHash> places_of_pairs_;
    std::vector<VerdictTotal> totals_;  // by pair
    uint64_t carried_out_ = 0;
    std::vector<std::vector<size_t>> worked_out_now_;  // by tracker: machines, for the letter at work

    // The context at work, and what is known of its states.
    Contexts::Id context_ = unknown;
    Context names_in_use_;  // where the next layer is made
    std::vector<Transition> rows_;
    std::vector<std::unordered_map<uint32_t, size_t>> row_of_;  // by machine: of a state
    // The joint state at work
    size_t joint_ = 0;
    std::vector<size_t> row_;  // by machine
    bool written_ = false;     // `program_` and `names_` are its own
    Program program_;
    std::vector<uint8_t> names_;
    uint8_t next_name_ = 0;
    bool started_ = false;  // the judge, with the letter at work
    Outcomes outcomes_, mirrored_;
    std::vector<uint32_t> nexts_;
};

}  // namespace dmafuzz
