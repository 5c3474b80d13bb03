#include "judge/judge.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "judge/twins.hpp"

namespace dmafuzz {

namespace {

constexpr size_t nobody = ~size_t{0};

}  // namespace

Judge::Judge(const std::string& tracker, std::vector<Platform> portfolio) : Judge(make_tracker(tracker), std::move(portfolio)) {
    if (!tracker_) throw std::invalid_argument("no tracker of that name: " + tracker);
}

Judge::Judge(std::unique_ptr<Tracker> tracker, std::vector<Platform> portfolio)
    : tracker_(std::move(tracker)),
      platforms_(std::move(portfolio)),
      analyses_(platforms_.size()),
      done_by_(platforms_.size(), nobody),
      rules_(platforms_.size()),
      corrupt_lately_(platforms_.size()) {
    std::iota(corrupt_lately_.begin(), corrupt_lately_.end(), size_t{0});
    for (const Platform& a : platforms_)
        for (const Platform& b : platforms_) differing_.push_back(differences(a, b));
}

void Judge::start(const Program& program) {
    program_ = program;
    std::fill(done_by_.begin(), done_by_.end(), nobody);
    std::fill(rules_.begin(), rules_.end(), std::nullopt);
    order_.clear();
}

// All of it: nothing that was asked on some other platform has another answer here.
bool Judge::take_over(size_t i) {
    for (size_t known : order_) {
        if (analyses_[known].asked_by_all() & differing(i, known)) continue;
        done_by_[i] = known;
        return true;
    }
    return false;
}

bool Judge::take_over_watch(size_t i) {
    Analysis& a = analyses_[i];
    for (size_t known : order_) {
        const Analysis& other = analyses_[known];
        if (other.watch.asked & differing(i, known) || !same_hooks(other.run, a.run)) continue;
        a.watch = other.watch;
        a.tracker = other.tracker;
        return true;
    }
    return false;
}

bool Judge::take_over_simulation(size_t i) {
    Analysis& a = analyses_[i];
    for (size_t known : order_) {
        const Analysis& other = analyses_[known];
        if (other.asked & differing(i, known) || !same_memory(other.run, a.run)) continue;
        a.asked = other.asked;
        a.corruptions = other.corruptions;
        a.memory = other.memory;
        a.harms.assign(other.harms.begin(), other.harms.begin() + static_cast<std::ptrdiff_t>(other.simulated_harms));
        return true;
    }
    return false;
}

void Judge::watch(size_t i, PathSink* paths) {
    Analysis& a = analyses_[i];
    if (!paths && take_over_watch(i)) return;
    if (keeps_states_) tracker_->watch_with_state(a.run.hooks, a.run.program_hooks, platforms_[i], a.watch, a.tracker = {});
    else tracker_->watch(a.run.hooks, platforms_[i], a.watch, paths);
}

void Judge::simulate(size_t i, TransitionSink* transitions) {
    if (!transitions && take_over_simulation(i)) return;
    Analysis& a = analyses_[i];
    a.memory = {};
    simulator_.simulate(a.run, platforms_[i], transitions, keeps_states_ ? &a.memory : nullptr);
    a.asked = simulator_.asked();
    a.corruptions = simulator_.corruptions();
    a.harms = simulator_.harms();
}

const Analysis& Judge::analyse(size_t i, TransitionSink* transitions, PathSink* paths) {
    if (done_by_[i] != nobody) return analysis(i);
    // Feedback is of this platform: where it is asked for, nothing is taken over.
    if (!transitions && !paths && take_over(i)) return analysis(i);
    Analysis& a = analyses_[i];
    done_by_[i] = i;
    a.machine = {};
    machine_.carry_out(program_, platforms_[i], a.run, keeps_states_ ? &a.machine : nullptr);
    watch(i, paths);
    simulate(i, transitions);
    a.simulated_harms = a.harms.size();
    add_leaks(a);
    order_.push_back(i);
    a.warnings.clear();
    a.labels = 0;
    a.covered = a.corrupt_known = a.harmed_known = false;
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

Reach Judge::reach(const Analysis& where, const Corruption& c) const {
    const Platform& platform = platforms_[static_cast<size_t>(&where - analyses_.data())];
    Reach reach = reach_of(where.run, c.phys, uint64_t{c.span.size}, platform.line);
    reach.mappings |= static_cast<uint32_t>(c.mappings);
    return reach;
}

const Reach& Judge::corrupt_reach(size_t platform) {
    analyse(platform);
    Analysis& a = analysis(platform);
    if (a.corrupt_known) return a.corrupt;
    a.corrupt_known = true;
    a.corrupt = {};
    for (const Corruption& c : a.corruptions) a.corrupt |= reach(a, c);
    return a.corrupt;
}

const Reach& Judge::harmed_reach(size_t platform) {
    analyse(platform);
    Analysis& a = analysis(platform);
    if (a.harmed_known) return a.harmed;
    a.harmed_known = true;
    a.harmed = {};
    for (const Harm& h : a.harms) {
        if (h.kind == HarmKind::exposure) continue;  // permitted, if ugly: it justifies no warning
        a.harmed.mappings |= 1u << h.mapping;
        for (const Piece& p : a.run.pieces)
            if (p.mapping == h.mapping)
                a.harmed |= reach_of(a.run, p.phys, uint64_t{p.size}, platforms_[platform].line);
    }
    return a.harmed;
}

Rules Judge::rules(size_t platform) {
    if (!rules_[platform]) rules_[platform] = broken_rules(analyse(platform).run, platforms_[platform]);
    return *rules_[platform];
}

const Analysis& Judge::cover(size_t platform, TransitionSink* transitions, PathSink* paths) {
    analyse(platform, transitions, paths);
    Analysis& a = analysis(platform);
    if (a.covered) return a;
    a.covered = true;
    a.justified_here.assign(a.watch.warnings.size(), false);
    for (Corruption& c : a.corruptions) {
        c.explained = false;
        if (a.watch.warnings.empty()) continue;
        const Reach reach = this->reach(a, c);
        for (size_t i = 0; i < a.watch.warnings.size(); i++) {
            const Warning& w = a.watch.warnings[i];
            if (is_breakdown(w.id) || !reach.has(w.mappings, w.op)) continue;
            c.explained = true;
            a.justified_here[i] = true;
        }
    }
    return a;
}

// Of a warning that nothing justifies here.
Worth Judge::worth_elsewhere(const Warning& w, size_t platform, uint8_t& elsewhere) {
    return dmafuzz::worth_elsewhere(
        platforms_.size(), platform, [&](size_t i) { return corrupt_reach(i).has(w.mappings, w.op); },
        [&](size_t i) { return harmed_reach(i).has(w.mappings, w.op); }, elsewhere);
}

// While a program shrinks, it is mostly the same platform that loses data: asked first, the others need not be.
bool Judge::corrupt_elsewhere(const Warning& w, size_t platform) {
    auto found = std::find_if(corrupt_lately_.begin(), corrupt_lately_.end(),
                              [&](size_t i) { return i != platform && corrupt_reach(i).has(w.mappings, w.op); });
    if (found == corrupt_lately_.end()) return false;
    std::rotate(corrupt_lately_.begin(), found, found + 1);
    return true;
}

bool Judge::has_worth(const Warning& w, size_t platform, Worth worth) {
    if (corrupt_elsewhere(w, platform)) return worth == Worth::hazard;
    if (worth == Worth::hazard) return false;
    bool harmed = false;
    for (size_t i = 0; i < platforms_.size() && !harmed; i++) harmed = harmed_reach(i).has(w.mappings, w.op);
    return worth == (harmed ? Worth::bookkeeping : Worth::false_positive);
}

const Analysis& Judge::judge(size_t platform) {
    cover(platform);
    Analysis& a = analysis(platform);
    if (a.labels) return a;
    Sum sum;
    a.warnings.clear();
    for (size_t i = 0; i < a.watch.warnings.size(); i++) {
        JudgedWarning judged{a.watch.warnings[i]};
        if (is_breakdown(judged.warning.id)) judged.worth = Worth::breakdown;
        else judged.worth = a.justified_here[i] ? Worth::justified : worth_elsewhere(judged.warning, platform, judged.platform);
        a.warnings.push_back(judged);
        sum.add(judged.worth);
    }
    bool silent = std::any_of(a.corruptions.begin(), a.corruptions.end(), [](const Corruption& c) { return !c.explained; });
    a.labels = a.broken() ? bit(Label::broken) : sum.labels(!a.corruptions.empty(), silent);
    return a;
}

}  // namespace dmafuzz
