// SPDX-License-Identifier: GPL-2.0-only
#include "judge/judge.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "check/check.hpp"
#include "coherency/behaviour.hpp"
#include "judge/mapped_only.hpp"
#include "judge/run_equivalence.hpp"

namespace dmafuzz {

namespace {

constexpr size_t no_platform = ~size_t{0};

}  // namespace

Judge::Judge(const std::string& tracker, std::vector<Platform> portfolio)
    : Judge(make_tracker(tracker), std::move(portfolio)) {
    if (!tracker_) throw std::invalid_argument("no tracker of that name: " + tracker);
}

Judge::Judge(std::unique_ptr<Tracker> tracker, std::vector<Platform> portfolio)
    : tracker_(std::move(tracker)),
      platforms_(std::move(portfolio)),
      analyses_(platforms_.size()),
      done_by_(platforms_.size(), no_platform),
      contracts_(platforms_.size()),
      contract_by_(platforms_.size(), no_platform),
      missing_(platforms_.size()),
      missing_known_(platforms_.size()),
      corrupt_lately_(platforms_.size()) {
    std::iota(corrupt_lately_.begin(), corrupt_lately_.end(), size_t{0});
    for (const Platform& a : platforms_)
        for (const Platform& b : platforms_) differing_.push_back(differences(a, b));
}

void Judge::start(const Program& program) {
    const std::vector<Op>&now = program.ops, &before = program_.ops;
    beginning_shared_ = now.size() > 1 && now.size() == before.size() && !mapped_memory_only_ && !runs_ &&
                        std::equal(now.begin(), now.end() - 1, before.begin());
    if (!beginning_shared_) beginning_++;
    else if (common_.empty()) common_.resize(platforms_.size());
    program_ = program;
    std::fill(done_by_.begin(), done_by_.end(), no_platform);
    std::fill(contract_by_.begin(), contract_by_.end(), no_platform);
    std::fill(missing_known_.begin(), missing_known_.end(), false);
    order_.clear();
    order_of_contracts_.clear();
    order_of_missing_.clear();
}

// All of it: nothing that was asked on some other platform has another answer here.
bool Judge::reuse(size_t i) {
    for (size_t known : order_) {
        if (analyses_[known].features_read_by_all() & differing(i, known)) continue;
        done_by_[i] = known;
        return true;
    }
    return false;
}

bool Judge::reuse_watch(size_t i) {
    Analysis& a = analyses_[i];
    for (size_t known : order_) {
        const Analysis& other = analyses_[known];
        if (other.watch.features_read & differing(i, known) || !same_hooks(other.run, a.run)) continue;
        a.watch = other.watch;
        a.tracker = other.tracker;
        return true;
    }
    return false;
}

bool Judge::reuse_simulation(size_t i) {
    Analysis& a = analyses_[i];
    for (size_t known : order_) {
        const Analysis& other = analyses_[known];
        if (other.features_read & differing(i, known) || !same_memory(other.run, a.run)) continue;
        a.features_read = other.features_read;
        a.corruptions = other.corruptions;
        a.memory = other.memory;
        a.harms.assign(other.harms.begin(), other.harms.begin() + static_cast<std::ptrdiff_t>(other.simulated_harms));
        return true;
    }
    return false;
}

void Judge::watch(size_t i, PathSink* paths) {
    Analysis& a = analyses_[i];
    if (!paths && reuse_watch(i)) return;
    if (keeps_states_)
        tracker_->watch_with_state(a.run.hooks, a.run.program_hooks, platforms_[i], a.watch, a.tracker = {});
    else tracker_->watch(a.run.hooks, platforms_[i], a.watch, paths);
    DMAFUZZ_CHECK(std::all_of(a.watch.warnings.begin(), a.watch.warnings.end(), [&](const Warning& w) {
        return w.id < WarningId::count_ && w.call < a.run.hooks.size() && w.op < a.run.ops.size();
    }));
}

void Judge::simulate(size_t i, TransitionSink* transitions, bool shares_beginning) {
    if (!transitions && reuse_simulation(i)) return;
    Analysis& a = analyses_[i];
    a.memory = {};
    Digest* state = keeps_states_ ? &a.memory : nullptr;
    if (shares_beginning && !transitions)
        simulator_.simulate(a.run, platforms_[i], state, common_[i].memory, common_[i].run.run.steps);
    else simulator_.simulate(a.run, platforms_[i], transitions, state);
    a.features_read = simulator_.features_read();
    a.corruptions = simulator_.corruptions();
    a.harms = simulator_.harms();
    DMAFUZZ_CHECK(std::all_of(a.corruptions.begin(), a.corruptions.end(), [&](const Corruption& c) {
        return c.kind < CorruptionKind::count_ && c.op < a.run.ops.size() && c.span.buffer < buffers_with_stack;
    }));
    DMAFUZZ_CHECK(std::all_of(a.harms.begin(), a.harms.end(), [&](const Harm& h) { return h.op < a.run.ops.size(); }));
}

// True: with what `common_` knows of the beginning.
bool Judge::carry_out(size_t i) {
    Analysis& a = analyses_[i];
    a.machine = {};
    carried_out_++;
    Digest* state = keeps_states_ ? &a.machine : nullptr;
    if (!beginning_shared_ || Machine::looked_ahead_to(program_.ops.back())) {
        // The run no longer begins like the one that is known.
        if (!common_.empty()) common_[i].of = 0;
        machine_.carry_out(program_, platforms_[i], a.run, state);
        return false;
    }
    Common& common = common_[i];
    if (common.of == beginning_) {
        machine_.go_on(common.run, program_, platforms_[i], a.run, state);
        return true;
    }
    common.of = beginning_;
    common.memory.clear();
    machine_.carry_out(program_, platforms_[i], a.run, state, &common.run);
    return true;
}

// Machine, tracker and simulator, once.
void Judge::run(size_t i, TransitionSink* transitions, PathSink* paths) {
    Analysis& a = analyses_[i];
    if (runs_) {
        const Analysis& other = runs_->analyse(i);
        a.run = other.run;
        a.machine = other.machine;
        a.memory = other.memory;
        a.features_read = other.features_read;
        a.corruptions = other.corruptions;
        a.harms.assign(other.harms.begin(), other.harms.begin() + static_cast<std::ptrdiff_t>(other.simulated_harms));
        return watch(i, paths);
    }
    const bool shares_beginning = carry_out(i);
    if (mapped_memory_only_) leave_mapped_only(a.run);
    watch(i, paths);
    simulate(i, transitions, shares_beginning);
}

const Analysis& Judge::analyse(size_t i, TransitionSink* transitions, PathSink* paths) {
    DMAFUZZ_CHECK(i < platforms_.size());
    if (done_by_[i] != no_platform) return analysis(i);
    // Feedback is of this platform: where it is asked for, nothing is taken over.
    if (!transitions && !paths && reuse(i)) return analysis(i);
    Analysis& a = analyses_[i];
    done_by_[i] = i;
    run(i, transitions, paths);
    a.simulated_harms = a.harms.size();
    add_leaks(a);
    order_.push_back(i);
    a.warnings.clear();
    a.labels = 0;
    a.covered = a.places_known = a.corrupt_known = a.harmed_known = false;
    return a;
}

std::optional<Cost> Judge::cost(size_t i) {
    std::vector<HookCall> calls;
    for (const HookCall& call : analyse(i).run.hooks)
        if (call.kind != HookKind::unbind) calls.push_back(call);
    Watch watch;
    Cost cost;
    tracker_->watch(calls, platforms_[i], watch, nullptr);
    return tracker_->cost(cost) ? std::optional(cost) : std::nullopt;
}

void Judge::retrace(size_t i, std::vector<Trace>& traces, Simulator& simulator) {
    simulator.simulate_explicitly(analyse(i).run, platforms_[i], nullptr, &traces);
}

std::vector<Moment> Judge::behaviour(size_t i, const Corruption& corruption) {
    std::vector<Trace> traces;
    Simulator simulator;
    retrace(i, traces, simulator);
    return shortest_behaviour({traces, simulator, analyse(i).run}, corruption, platforms_[i].mismatched_aliases_hit);
}

std::vector<std::vector<TrackedEntry>> Judge::entries(size_t i) {
    const Run& run = analyse(i).run;
    std::vector<std::vector<TrackedEntry>> out;
    size_t calls = 0;
    for (size_t op = 0; op < run.ops.size(); op++) {
        while (calls < run.hooks.size() && run.hooks[calls].op <= op) calls++;
        out.emplace_back();
        if (!tracker_->entries(run.hooks, calls, platforms_[i], out.back())) return {};
    }
    return out;
}

// A leak: forgotten, or ended by a call so wrong that the tracker still has the entry.
void Judge::add_leaks(Analysis& a) const {
    uint32_t known = 0;
    for (const LeakSuspect& suspect : a.run.leaks) {
        uint32_t mapping = 1u << suspect.mapping;
        bool has_entry = std::any_of(a.watch.left.begin(), a.watch.left.end(),
                                     [&](const Left& l) { return l.op == suspect.op && l.mappings & mapping; });
        if (known & mapping || (suspect.needs_entry && !has_entry)) continue;
        known |= mapping;
        a.harms.push_back({HarmKind::leak, suspect.op, suspect.mapping});
    }
}

const Places& Judge::places(size_t platform) {
    analyse(platform);
    Analysis& a = analysis(platform);
    if (!a.places_known) a.places.find(a.run, platforms_[done_by_[platform]].line, keeps_states_);
    a.places_known = true;
    return a.places;
}

const Footprint& Judge::corrupt_footprint(size_t platform) {
    analyse(platform);
    Analysis& a = analysis(platform);
    if (a.corrupt_known) return a.corrupt;
    a.corrupt_known = true;
    a.corrupt = {};
    const Corruption* last = nullptr;
    for (const Corruption& c : a.corruptions) {
        if (!last || !places(platform).alike(c, *last)) a.corrupt |= places(platform).footprint_of(c);
        last = &c;
    }
    return a.corrupt;
}

const Analysis& Judge::find_harms(size_t platform) {
    analyse(platform);
    Analysis& a = analysis(platform);
    if (a.harmed_known) return a;
    a.harmed_known = true;
    a.harmed = a.oopsed = {};
    for (const Harm& h : a.harms) {
        if (h.kind == HarmKind::exposure) continue;  // permitted, if ugly: it justifies no warning
        a.harmed |= footprint_of(a.run, h);
        if (h.kind == HarmKind::oops) a.oopsed |= footprint_of(a.run, h);
    }
    return a;
}

bool Judge::covers(size_t platform, const Warning& w, const Corruption& c) {
    return places(platform).footprint_of(c).covered_by(claim_of(w, analyse(platform).run));
}

const ContractCheck& Judge::contract(size_t i) {
    if (runs_) return runs_->contract(i);
    if (contract_by_[i] != no_platform) return contracts_[contract_by_[i]];
    const Run& run = analyse(i).run;
    const auto known = std::find_if(order_of_contracts_.begin(), order_of_contracts_.end(), [&](size_t other) {
        return !(contracts_[other].features_read & differing(i, other)) &&
               (done_by_[i] == done_by_[other] || same_calls(analysis(other).run, run));
    });
    if (known != order_of_contracts_.end()) return contracts_[contract_by_[i] = *known];
    contracts_[i] = monitor_.watch(run, platforms_[i], keeps_states_);
    order_of_contracts_.push_back(i);
    return contracts_[contract_by_[i] = i];
}

const Analysis& Judge::cover(size_t platform, TransitionSink* transitions, PathSink* paths) {
    analyse(platform, transitions, paths);
    Analysis& a = analysis(platform);
    if (a.covered) return a;
    a.covered = true;
    a.justified_here.assign(a.watch.warnings.size(), false);
    for (Corruption& c : a.corruptions) c.explained = false;
    if (a.corruptions.empty() || a.watch.warnings.empty()) return a;
    claims_.clear();
    for (const Warning& w : a.watch.warnings) claims_.push_back(is_tracker_crash(w.id) ? Claim{} : claim_of(w, a.run));
    const Places& places = this->places(platform);
    Footprint footprint;
    const Corruption* last = nullptr;
    for (Corruption& c : a.corruptions) {
        if (!last || !places.alike(c, *last)) footprint = places.footprint_of(c);
        last = &c;
        for (size_t i = 0; i < claims_.size(); i++) {
            if (!footprint.covered_by(claims_[i])) continue;
            c.explained = true;
            a.justified_here[i] = true;
        }
    }
    return a;
}

// Of a warning that nothing justifies here.
Justification Judge::justification_elsewhere(const Claim& claim, size_t platform, uint8_t& elsewhere) {
    if (in_oops(claim, platform)) return Justification::bookkeeping;
    return dmafuzz::justification_elsewhere(
        platforms_.size(), platform, [&](size_t i) { return corrupt_footprint(i).covered_by(claim); },
        [&](size_t i) { return find_harms(i).harmed.belongs_to(claim); }, elsewhere);
}

// Where the kernel itself faults and nothing is corrupt, it is that what the warning is about.
bool Judge::in_oops(const Claim& claim, size_t platform) {
    return analyse(platform).corruptions.empty() && find_harms(platform).oopsed.belongs_to(claim);
}

// While a program shrinks, it is mostly the same platform that loses data: asked first, the others need not be.
bool Judge::corrupt_elsewhere(const Claim& claim, size_t platform) {
    auto found = std::find_if(corrupt_lately_.begin(), corrupt_lately_.end(),
                              [&](size_t i) { return i != platform && corrupt_footprint(i).covered_by(claim); });
    if (found == corrupt_lately_.end()) return false;
    std::rotate(corrupt_lately_.begin(), found, found + 1);
    return true;
}

bool Judge::has_justification(const Warning& w, size_t platform, Justification justification) {
    const Claim claim = claim_of(w, analyse(platform).run);
    if (in_oops(claim, platform)) return justification == Justification::bookkeeping;
    if (corrupt_elsewhere(claim, platform)) return justification == Justification::hazard;
    if (justification == Justification::hazard) return false;
    bool harmed = false;
    for (size_t i = 0; i < platforms_.size() && !harmed; i++) harmed = find_harms(i).harmed.belongs_to(claim);
    return justification == (harmed ? Justification::bookkeeping : Justification::false_positive);
}

const Analysis& Judge::judge(size_t platform) {
    cover(platform);
    Analysis& a = analysis(platform);
    if (a.labels) return a;
    Sum sum;
    a.warnings.clear();
    for (size_t i = 0; i < a.watch.warnings.size(); i++) {
        JudgedWarning judged{a.watch.warnings[i]};
        if (is_tracker_crash(judged.warning.id)) judged.justification = Justification::tracker_crash;
        else
            judged.justification = a.justified_here[i] ? Justification::justified
                                                       : justification_elsewhere(claim_of(judged.warning, a.run),
                                                                                 platform, judged.platform);
        a.warnings.push_back(judged);
        sum.add(judged.justification);
    }
    bool silent =
        std::any_of(a.corruptions.begin(), a.corruptions.end(), [](const Corruption& c) { return !c.explained; });
    a.labels = a.broken() ? bit(Label::broken) : sum.labels(!a.corruptions.empty(), silent);
    return a;
}

}  // namespace dmafuzz
