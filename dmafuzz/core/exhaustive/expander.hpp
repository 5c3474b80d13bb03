// SPDX-License-Identifier: GPL-2.0-only
// One step of a walk: every letter after each state of its last layer, judged, and what comes of it.
#pragma once

#include <array>
#include <memory>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "exhaustive/changes.hpp"
#include "exhaustive/harvest.hpp"
#include "exhaustive/verdicts.hpp"
#include "exhaustive/walk.hpp"

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
